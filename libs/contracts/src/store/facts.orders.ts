import * as z from 'zod/mini';
import { orderTo } from '../order.js';

/** A fact as its owner keeps it. What it says is not looked at yet. */
export const StoredFact = z.object({
  id: z.uuid(),
  stream: z.string(),
  version: z.number(),
  position: z.number(),
  at: z.iso.datetime(),
  type: z.string(),
  data: z.unknown(),
  meta: z.unknown(),
});
export type StoredFact = z.infer<typeof StoredFact>;

/**
 * Facts from the monitor's own store, which keeps them for ever, for a reader whom the bus can not give them any more. In the
 * order of their positions, as many as fit into one message; empty when there are none after that position.
 */
export const ReadHealthFacts = orderTo('monitor', 'read-health-facts', {
  request: z.object({
    after: z.int().check(z.gte(0)),
    /** Of this stream alone. */
    stream: z.optional(z.string().check(z.maxLength(200))),
    limit: z._default(z.int().check(z.gte(1), z.lte(500)), 200),
  }),
  reply: z.object({ facts: z.array(StoredFact) }),
  allowed: 'services',
});

export const storeOrders = { ReadHealthFacts };
