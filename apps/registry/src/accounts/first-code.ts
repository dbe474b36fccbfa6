import { createHash, timingSafeEqual } from 'node:crypto';

/** A code as it was meant: people add spaces and hyphens, and letter case is hard to see. */
const meant = (code: string): string => code.normalize('NFKC').replace(/[\s-]/g, '').toUpperCase();

const digest = (text: string): Buffer => createHash('sha256').update(text).digest();

/** Whether this is the one-time code. Takes the same time for every wrong one, whatever its length. */
export const isFirstCode = (given: string, wanted: string): boolean =>
  timingSafeEqual(digest(meant(given)), digest(meant(wanted)));
