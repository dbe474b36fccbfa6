import type { HealthRules } from './health-rules.js';

/**
 * How regularly a link's frames come: mean and variance of the time between them, weighted towards the recent. Milliseconds.
 */
export interface Jitter {
  readonly meanMs: number;
  readonly variance: number;
}

/** What a link is taken for before it has shown its own rhythm: one frame a second. */
export const noJitter: Jitter = { meanMs: 1_000, variance: 0 };

/** About the last forty frames count. */
const WEIGHT = 0.05;

/** Phi 8: the chance that a frame comes later than this, though the node lives, is 1 in 10^8. In standard deviations. */
const PHI_8_DEVIATIONS = 5.612;

/** No link is taken to be more regular than this, however calm it was: the next garbage collection is coming. */
const DEVIATION_FLOOR_MS = 200;

/** The rhythm after one more frame, `gapMs` after the one before it. */
export function observe(jitter: Jitter, gapMs: number): Jitter {
  const off = gapMs - jitter.meanMs;
  return {
    meanMs: jitter.meanMs + WEIGHT * off,
    variance: (1 - WEIGHT) * (jitter.variance + WEIGHT * off * off),
  };
}

/**
 * How long this link may be without a frame: the rules' times, widened when the link's own rhythm makes a longer gap
 * likely. Phi accrual (Hayashibara et al., 2004) with threshold 8, a floor under the deviation, and a limit on the widening.
 */
export function patience(jitter: Jitter, rules: HealthRules): { staleAfterMs: number; silentAfterMs: number } {
  const suspectAfterMs = jitter.meanMs + PHI_8_DEVIATIONS * Math.max(DEVIATION_FLOOR_MS, Math.sqrt(jitter.variance));
  const factor = Math.min(rules.widenAtMost, Math.max(1, suspectAfterMs / rules.staleAfterMs));
  return { staleAfterMs: rules.staleAfterMs * factor, silentAfterMs: rules.silentAfterMs * factor };
}
