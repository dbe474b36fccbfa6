import { Refusal } from '@muster/contracts';

const MINUTE_MS = 60_000;

/** More callers than this are not remembered: the one that tried longest ago is forgotten first. */
const CALLERS = 10_000;

/** How often each caller may try within any minute. */
export class Tries {
  readonly #stamps = new Map<string, number[]>();

  /** Counts one try of a caller, of which it has `allowed` a minute. Throws the Refusal `too-many-tries` with the time to wait. */
  take(caller: string, allowed: number, nowMs: number): void {
    const recent = (this.#stamps.get(caller) ?? []).filter((stamp) => nowMs - stamp < MINUTE_MS);
    const [first] = recent;
    if (first !== undefined && recent.length >= allowed)
      throw new Refusal('too-many-tries', { retryAfterMs: Math.ceil(first + MINUTE_MS - nowMs) });
    this.#stamps.delete(caller);
    this.#stamps.set(caller, [...recent, nowMs]);
    const [longestAgo] = this.#stamps.keys();
    if (this.#stamps.size > CALLERS && longestAgo !== undefined) this.#stamps.delete(longestAgo);
  }
}
