import { RECENT } from '@muster/contracts';

const SECOND_MS = 1_000;
const SPAN_MS = RECENT.steps * RECENT.stepMs;
/** Clocks differ: what ends a little later than now still counts. */
const AHEAD_MS = 5_000;
const RATE_MS = 10_000;

/** How many requests ended in each of the last seconds. As large as the span it covers. */
export class Recent {
  readonly #seconds = new Map<number, number>();

  record(endedMs: number, times: number, nowMs: number): void {
    if (endedMs < nowMs - SPAN_MS || endedMs > nowMs + AHEAD_MS) return;
    const second = Math.floor(endedMs / SECOND_MS);
    this.#seconds.set(second, (this.#seconds.get(second) ?? 0) + times);
    for (const old of this.#seconds.keys())
      if (old * SECOND_MS < nowMs - SPAN_MS - RECENT.stepMs) this.#seconds.delete(old);
  }

  clear(): void {
    this.#seconds.clear();
  }

  /** Over the last ten whole seconds. */
  perSecond(nowMs: number): number {
    const until = Math.floor(nowMs / SECOND_MS) * SECOND_MS;
    return (this.#between(until - RATE_MS, until) * SECOND_MS) / RATE_MS;
  }

  /** In each step, oldest first; the last one still grows. */
  steps(nowMs: number): number[] {
    const last = Math.floor(nowMs / RECENT.stepMs) * RECENT.stepMs;
    return Array.from({ length: RECENT.steps }, (_, at) => {
      const from = last - (RECENT.steps - 1 - at) * RECENT.stepMs;
      return this.#between(from, from + RECENT.stepMs);
    });
  }

  #between(fromMs: number, toMs: number): number {
    let times = 0;
    for (let second = fromMs / SECOND_MS; second < toMs / SECOND_MS; second += 1)
      times += this.#seconds.get(Math.floor(second)) ?? 0;
    return times;
  }
}
