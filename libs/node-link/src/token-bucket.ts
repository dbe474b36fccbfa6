/** So many at once, so many a second after. Time comes in as monotonic milliseconds. */
export class TokenBucket {
  #tokens: number;
  #atMs: number;

  constructor(
    private readonly burst: number,
    private readonly perSecond: number,
    nowMs: number,
  ) {
    this.#tokens = burst;
    this.#atMs = nowMs;
  }

  /** Takes `cost` whether it is there or not. Returns for how many milliseconds the bucket is in debt; 0 when it is not. */
  take(cost: number, nowMs: number): number {
    this.#refill(nowMs);
    this.#tokens -= cost;
    return this.#tokens >= 0 ? 0 : (-this.#tokens / this.perSecond) * 1_000;
  }

  /** Whether a whole token is left. Takes nothing. */
  has(nowMs: number): boolean {
    this.#refill(nowMs);
    return this.#tokens >= 1;
  }

  #refill(nowMs: number): void {
    this.#tokens = Math.min(this.burst, this.#tokens + ((nowMs - this.#atMs) / 1_000) * this.perSecond);
    this.#atMs = nowMs;
  }
}

const REMEMBERED = 1_024;

/**
 * Failed tries by who failed: five at once, then one in ten seconds. Remembers the last 1,024 who failed; whoever is
 * forgotten starts anew.
 */
export class FailedTries {
  readonly #buckets = new Map<string, TokenBucket>();

  allows(who: string, nowMs: number): boolean {
    return this.#buckets.get(who)?.has(nowMs) ?? true;
  }

  failed(who: string, nowMs: number): void {
    const bucket = this.#buckets.get(who) ?? new TokenBucket(5, 0.1, nowMs);
    bucket.take(1, nowMs);
    this.#buckets.delete(who);
    this.#buckets.set(who, bucket);
    if (this.#buckets.size > REMEMBERED) {
      const [oldest] = this.#buckets.keys();
      if (oldest !== undefined) this.#buckets.delete(oldest);
    }
  }
}
