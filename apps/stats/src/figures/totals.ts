import { MOST_FIGURED_NODES, requestOutcomes } from '@muster/contracts';
import * as z from 'zod/mini';

const count = z.number().check(z.int(), z.gte(0));

/** What has been counted since the Gateway last started. */
export const RunTotals = z.object({
  /** The Gateway's life, and when it began. */
  run: z.string(),
  at: z.iso.datetime(),
  handled: count,
  delayed: z.object({ thresholdMs: z.number(), count, of: count }),
  most: count,
  mostAt: z.optional(z.iso.datetime()),
  nodes: z.record(z.string(), z.object({ most: count, inFlightMs: z.number() })),
});
export type RunTotals = z.infer<typeof RunTotals>;

/** Where every request went that was ever accepted, and what has been counted in this life of the Gateway. */
export const Totals = z.object({
  accepted: count,
  ended: z.record(z.enum([...requestOutcomes, 'lost']), count),
  run: RunTotals,
});
export type Totals = z.infer<typeof Totals>;

export const emptyRun = (run: string, at: string, thresholdMs: number): RunTotals => ({
  ...{ run, at, handled: 0, delayed: { thresholdMs, count: 0, of: 0 }, most: 0, nodes: {} },
});

export const emptyTotals = (run: RunTotals): Totals => ({
  accepted: 0,
  ended: { completed: 0, failed: 0, cancelled: 0, refused: 0, lost: 0 },
  run,
});

/** The place of a node in the totals; undefined beyond the bound, where a node has none of its own. */
export function nodeOf(run: RunTotals, nodeId: string): RunTotals['nodes'][string] | undefined {
  const known = run.nodes[nodeId];
  if (known !== undefined) return known;
  if (Object.keys(run.nodes).length >= MOST_FIGURED_NODES) return undefined;
  return (run.nodes[nodeId] = { most: 0, inFlightMs: 0 });
}
