import * as z from 'zod/mini';

/** Nothing a person can not see: no controls, no format characters (zero width, bidi), no lone surrogates, no private use. */
const INVISIBLE = /[\p{Cc}\p{Cf}\p{Cs}\p{Co}\p{Cn}\p{Zl}\p{Zp}]/u;

/** Counts what a person would call characters: code points, not UTF-16 units. */
const characters = (text: string): number => [...text].length;

/** One line of visible text, without white space around it, of 1 to `longest` characters. `what` begins each message. */
export const visibleText = (what: string, longest: number) =>
  z.string(`${what} must be text`).check(
    z.refine((text) => text.trim().length > 0, { error: `${what} is empty`, abort: true }),
    z.refine((text) => characters(text) <= longest, {
      error: `${what} is longer than ${longest} characters`,
      abort: true,
    }),
    z.refine((text) => !INVISIBLE.test(text), { error: `${what} contains invisible characters`, abort: true }),
    z.refine((text) => text === text.trim(), `${what} begins or ends with a space`),
  );

/** One line of visible text of at most `longest` characters, or nothing at all. `what` begins each message. */
export const visibleRemark = (what: string, longest: number) =>
  z.string(`${what} must be text`).check(
    z.refine((text) => characters(text) <= longest, {
      error: `${what} is longer than ${longest} characters`,
      abort: true,
    }),
    z.refine((text) => !INVISIBLE.test(text), `${what} contains invisible characters`),
  );

/** The name of a node: 1 to 64 visible characters. */
export const NodeName = visibleText('The name', 64);

/** The name a person signs in with: 1 to 64 visible characters. */
export const AccountName = visibleText('The name', 64);

/** At least 8 characters (NIST SP 800-63B 3.1.1), at most 256 so that hashing stays cheap. Any character counts. */
export const Password = z.string('The password must be text').check(
  z.refine((text) => characters(text) >= 8, { error: 'The password is shorter than 8 characters', abort: true }),
  z.refine((text) => characters(text) <= 256, 'The password is longer than 256 characters'),
);

/** Two names with the same key are the same name: compatibility forms and letter case make no difference. */
export const nameKey = (name: string): string => name.normalize('NFKC').toLowerCase().normalize('NFKC');
