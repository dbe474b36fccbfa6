import * as z from 'zod/mini';
import { orderTo } from '../order.js';

/** A read model that can be filled anew from the facts. */
export const RebuildableView = z.object({
  name: z.string(),
  tables: z.array(z.string()),
  /** How far the live one has come; undefined where it moves with the facts themselves. */
  position: z.optional(z.number()),
});
export type RebuildableView = z.infer<typeof RebuildableView>;

export const ListProjections = orderTo('registry', 'list-projections', {
  request: z.object({}),
  reply: z.object({ projections: z.array(RebuildableView) }),
  allowed: 'settings:manage',
});

/** What a rebuild tells on its way, and how it ended. */
export const RebuildStep = z.discriminatedUnion('step', [
  z.object({ step: z.literal('replaying'), done: z.number(), of: z.number() }),
  z.object({
    step: z.literal('swapped'),
    position: z.number(),
    /** Whether the live tables were what a replay of all facts makes of them. */
    same: z.boolean(),
    liveHash: z.string(),
    rebuiltHash: z.string(),
    parked: z.number(),
    tookMs: z.number(),
  }),
]);
export type RebuildStep = z.infer<typeof RebuildStep>;

/**
 * Replays all facts into tables beside the live ones and swaps them in one transaction. Whoever leaves takes it back, and then
 * nothing has changed.
 */
export const RebuildProjection = orderTo('registry', 'rebuild-projection', {
  request: z.object({ projection: z.string().check(z.maxLength(64)) }),
  reply: RebuildStep,
  allowed: 'settings:manage',
  answers: 'stream',
  deadlineMs: 600_000,
});

export const rebuildOrders = { ListProjections, RebuildProjection };
