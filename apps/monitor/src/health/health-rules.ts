/** The times and counts that health goes by. One place, so that a test can shorten them and `docs/health.md` can name them. */
export interface HealthRules {
  /** Without a valid frame for this long a link is stale (amber). */
  readonly staleAfterMs: number;
  /** Without a valid frame for this long a link is lost as silent (red). */
  readonly silentAfterMs: number;
  /** How far a link's own jitter may widen both, as a factor. */
  readonly widenAtMost: number;
  /** Frames in time that a link needs after an outage before it counts as well. The hello is the first of them. */
  readonly framesToSettle: number;
  /** Frames closer together than this count as one: a burst is one sign of life, not three. */
  readonly frameApartMs: number;
  /** More drops than this within the window are flapping. */
  readonly flapDrops: number;
  readonly flapWindowMs: number;
  /** How long a flapping link must be steady before it counts again; doubled at each relapse up to the longest. */
  readonly flapHoldMs: number;
  readonly flapHoldMaxMs: number;
  /** A relapse later than this after the last release is a first time again. */
  readonly flapForgetMs: number;
  /** A link that was steady for this long starts with the shortest back-off when it is lost. */
  readonly steadyAfterMs: number;
}

export const healthRules: HealthRules = {
  staleAfterMs: 3_000,
  silentAfterMs: 5_000,
  widenAtMost: 2,
  framesToSettle: 3,
  frameApartMs: 300,
  flapDrops: 3,
  flapWindowMs: 60_000,
  flapHoldMs: 15_000,
  flapHoldMaxMs: 120_000,
  flapForgetMs: 600_000,
  steadyAfterMs: 30_000,
};
