import * as z from 'zod/mini';
import { type StreamName, streams } from './streams.js';

/** How far somebody has read one stream. */
export interface StreamMark {
  /** The position of the last fact that was read (`ce-position`); of REQUESTS, which has none, its number on the bus. 0: none yet. */
  readonly at: number;
  /** Which making of REQUESTS the number counts in; see `lifeOf`. */
  readonly life?: string;
}

/** How far somebody has read the streams that were chosen. */
export type Position = Partial<Record<StreamName, StreamMark>>;

const letters = { FLEET: 'F', ACCESS: 'A', HEALTH: 'H', REQUESTS: 'R' } as const satisfies Record<StreamName, string>;
const names = Object.keys(streams) as StreamName[];
const PART = /^(?:[FAH](?:0|[1-9]\d{0,14})|R(?:0|[1-9]\d{0,14})-[0-9a-z]{1,12})$/;

/**
 * A stream that was made anew counts its messages from 1 again, so the moment at which it was made goes with the number: its
 * milliseconds since 1970 in base 36. `created` is as the server tells it.
 */
export const lifeOf = (created: string): string => Date.parse(created).toString(36);

/**
 * A position as readers keep it: `F17.A40.H120.R9-m1x2y3z4`, a part for each stream. The stores number their facts themselves, so
 * the parts of FLEET, ACCESS and HEALTH hold when the bus has lost everything and was filled again.
 */
export const showPosition = (position: Position): string =>
  names
    .flatMap((name) => {
      const mark = position[name];
      return mark === undefined ? [] : [`${letters[name]}${mark.at}${mark.life === undefined ? '' : `-${mark.life}`}`];
    })
    .join('.');

/** Reads what `showPosition` wrote; undefined for anything else. */
export function readPosition(text: string): Position | undefined {
  const position: Position = {};
  for (const part of text.split('.')) {
    const name = PART.test(part) ? names.find((each) => part.startsWith(letters[each])) : undefined;
    if (name === undefined || position[name] !== undefined) return undefined;
    const [at = '', life] = part.slice(1).split('-');
    position[name] = { at: Number(at), ...(life !== undefined && { life }) };
  }
  return position;
}

/** From where somebody wants to read: `now` (what comes from now on), `start` or `0` (the oldest that is kept), or a position. */
export const ReadFrom = z.string('The position must be text').check(
  z.maxLength(128, 'This is longer than any position'),
  z.refine(
    (text) => text === 'now' || text === 'start' || text === '0' || readPosition(text) !== undefined,
    'This is not a position: give one that an answer carried, 0 for the oldest fact that is kept, or now',
  ),
);

/** Facts between a position and what can be read, which nobody will be given any more. */
export const Missed = z.object({
  stream: z.enum(names as [StreamName, ...StreamName[]]),
  /** `too-old`: they are not kept any more. `made-anew`: the bus lost the stream, and nothing else keeps its facts. */
  why: z.enum(['too-old', 'made-anew']),
  /** How many; absent where nobody can tell. */
  facts: z.optional(z.number()),
});
export type Missed = z.infer<typeof Missed>;
