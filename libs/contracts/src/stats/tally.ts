import * as z from 'zod/mini';
import { RequestError } from '../router/request.events.js';

const count = z.number().check(z.int(), z.gte(0));
const value = z.number().check(z.gte(0));

/** How values spread: exact number and mean; the percentiles from a histogram of two significant digits. */
export const Spread = z.object({ count, mean: value, p50: value, p95: value, p99: value, max: value });
export type Spread = z.infer<typeof Spread>;

/**
 * What was counted of the requests that ended in a span of time, or were lost in it. A spread is absent where nothing was
 * measured: an answer that never began has no time to its first token.
 */
export const Tally = z.object({
  completed: count,
  failed: count,
  cancelled: count,
  refused: count,
  lost: count,
  /** Slower than the threshold that was in force when they were counted. */
  delayed: count,
  /** Why, of those that did not complete and say so. */
  errors: z.partialRecord(RequestError, count),
  tokensIn: count,
  tokensOut: count,
  bytesIn: count,
  bytesOut: count,
  queueMs: z.optional(Spread),
  /** Of streams alone. */
  firstTokenMs: z.optional(Spread),
  totalMs: z.optional(Spread),
  /** Of one request: of a stream after its first token, of a whole answer over all of its time on a node. */
  tokensPerSecond: z.optional(Spread),
});
export type Tally = z.infer<typeof Tally>;

/** Requests that ended, whatever their outcome. */
export const endedOf = ({ completed, failed, cancelled, refused }: Tally): number =>
  completed + failed + cancelled + refused;

/** What a tally is of: a node, a model or a key by its id, and as people call it. */
export const TallyOf = z.object({ id: z.string(), name: z.optional(z.string()) });
export type TallyOf = z.infer<typeof TallyOf>;

/** Counts what has no name of its own: requests without a node or key, and those beyond the bound on different names. */
export const NO_NAME = { none: '', others: '*' } as const;
