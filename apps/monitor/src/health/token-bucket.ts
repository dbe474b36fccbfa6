/** A pure token bucket: `burst` at most at once, `perSecond` in the long run. */
export interface TokenBucket {
  readonly tokens: number;
  readonly atMs: number;
}

export interface TokenRate {
  readonly perSecond: number;
  readonly burst: number;
}

export const fullBucket = ({ burst }: TokenRate, nowMs: number): TokenBucket => ({ tokens: burst, atMs: nowMs });

/** Takes up to `wanted` whole tokens and says how many it got. */
export function take(
  bucket: TokenBucket,
  wanted: number,
  rate: TokenRate,
  nowMs: number,
): { bucket: TokenBucket; taken: number } {
  const elapsedMs = Math.max(0, nowMs - bucket.atMs);
  const tokens = Math.min(rate.burst, bucket.tokens + (elapsedMs * rate.perSecond) / 1_000);
  const taken = Math.min(wanted, Math.floor(tokens));
  return { bucket: { tokens: tokens - taken, atMs: nowMs }, taken };
}
