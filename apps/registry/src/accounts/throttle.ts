/** A row of failed tries in one lane: for one account, from one address, or for the one-time code. */
export interface Tries {
  readonly failures: number;
  /** The last failure, in ms since 1970. Wall clock, since it must mean something after a restart. */
  readonly lastAtMs: number;
}

/** Where tries are counted. `capMs` bounds the delay. */
export interface Lane {
  readonly name: string;
  readonly capMs: number;
}

/** Tries that are free before the first delay. */
export const FREE_FAILURES = 5;
const FIRST_DELAY_MS = 1_000;
export const DELAY_CAP_MS = 15 * 60_000;
/** A row of failures is forgotten this long after its last: well beyond the cap, so that pacing oneself gains nothing. */
export const FORGOTTEN_AFTER_MS = 24 * 60 * 60_000;

/** The delay that follows this many failures: none, then from the fifth on 1 s, 2 s, 4 s, ... up to the cap. */
export const delayMsAfter = (failures: number, capMs: number): number =>
  failures < FREE_FAILURES ? 0 : Math.min(capMs, FIRST_DELAY_MS * 2 ** Math.min(failures - FREE_FAILURES, 30));

/** How long the next try has to wait yet; 0 when it need not. Never more than the delay, even when a clock was set back. */
export function waitMs(tries: Tries, nowMs: number, capMs: number): number {
  const delayMs = delayMsAfter(tries.failures, capMs);
  return Math.min(delayMs, Math.max(0, tries.lastAtMs + delayMs - nowMs));
}

/** After one more failure. */
export const failedAt = (tries: Tries | undefined, nowMs: number): Tries => ({
  failures: tries === undefined || nowMs - tries.lastAtMs > FORGOTTEN_AFTER_MS ? 1 : tries.failures + 1,
  lastAtMs: nowMs,
});
