/** What the monitor holds against itself. Times are its monotonic milliseconds. */
export interface Suspicion {
  /** Until then silence proves nothing and no link turns red for it; 0 when there is no doubt. */
  readonly impairedUntilMs: number;
  /** When links went stale of late, one entry a link. */
  readonly wentStale: readonly number[];
}

export const noSuspicion: Suspicion = { impairedUntilMs: 0, wentStale: [] };

/** The monitor's own loop was held up for this long: frames may lie unread. */
export const SLIP_MS = 500;

const TOGETHER_MS = 2_000;
/** With fewer links than this, half of them going stale is no coincidence worth doubting oneself for. */
const MANY_LINKS = 4;

export interface Round {
  readonly nowMs: number;
  /** How much later than due the loop came round. */
  readonly slippedMs: number;
  /** Links that went stale in this round. */
  readonly wentStale: number;
  /** Links that are up. */
  readonly links: number;
  /** One more window of silence: for so long the doubt lasts. */
  readonly windowMs: number;
}

/**
 * What the monitor thinks of itself after one more round of its loop. It doubts itself when the loop slipped, or when half
 * of its nodes or more went stale within two seconds: that is more likely its own network or machine than all of theirs.
 */
export function suspect(suspicion: Suspicion, { nowMs, slippedMs, wentStale, links, windowMs }: Round): Suspicion {
  const recent = suspicion.wentStale.filter((at) => nowMs - at < TOGETHER_MS);
  const stale = [...recent, ...Array.from({ length: wentStale }, () => nowMs)];
  const together = links >= MANY_LINKS && stale.length * 2 >= links;
  // What raised the doubt once does not raise it again: a second window would hide a real outage for ever.
  if (slippedMs > SLIP_MS || together) return { impairedUntilMs: nowMs + windowMs, wentStale: [] };
  if (wentStale === 0 && recent.length === suspicion.wentStale.length) return suspicion;
  return { ...suspicion, wentStale: stale };
}
