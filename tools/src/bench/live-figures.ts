import { quantile } from './rounds.js';

/** How long each sample of one round took, in ms, on its two ways. */
export interface LiveRound {
  readonly product: readonly number[];
  readonly direct: readonly number[];
}

export interface LiveFigures {
  readonly product: Delay;
  readonly direct: Delay;
  /** How much later the middle sample comes than directly: the median of the rounds, and the worst of them. */
  readonly added: { readonly median: number; readonly worst: number };
  readonly verdict: 'reached' | 'missed';
}

/** In ms, over all rounds; beside it the worst round's. */
export interface Delay {
  readonly p50: number;
  readonly p99: number;
  readonly worstP50: number;
  readonly worstP99: number;
}

export const liveBars = { p50Ms: 20, p99Ms: 250, addedMs: 20 } as const;

/** What the rounds came to, against the bars. Throws when less than 95 % of what was due in a round came on either way. */
export function liveFigures(rounds: readonly LiveRound[], due: number): LiveFigures {
  for (const [n, { product, direct }] of rounds.entries())
    if (Math.min(product.length, direct.length) < 0.95 * due)
      throw new Error(
        `Of ${due} samples ${product.length} came by the Gateway and ${direct.length} directly in round ${n + 1}: the machine is too busy for a figure`,
      );
  const product = delayOf(rounds.map((round) => round.product));
  const direct = delayOf(rounds.map((round) => round.direct));
  const each = rounds.map((round) => quantile(round.product, 0.5) - quantile(round.direct, 0.5));
  const added = { median: quantile(each, 0.5), worst: Math.max(...each) };
  const holds = product.p50 <= liveBars.p50Ms && product.p99 <= liveBars.p99Ms && added.median <= liveBars.addedMs;
  return { product, direct, added, verdict: holds ? 'reached' : 'missed' };
}

function delayOf(rounds: readonly (readonly number[])[]): Delay {
  const all = rounds.flat();
  const worst = (part: number) => Math.max(...rounds.map((round) => quantile(round, part)));
  return { p50: quantile(all, 0.5), p99: quantile(all, 0.99), worstP50: worst(0.5), worstP99: worst(0.99) };
}
