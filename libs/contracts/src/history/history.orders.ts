import * as z from 'zod/mini';
import { NodeView } from '../gateway/views.js';
import { orderTo } from '../order.js';
import { HistoryCursor, HistoryEntry } from './history-entry.js';
import { HistoryFilter } from './history-filter.js';

/** Entries of one page of the timeline at most; a page of heavy facts ends earlier. */
export const HISTORY_PAGE = { most: 500, usual: 100 } as const;

export const HistoryPage = z.object({
  /** Newest first. */
  entries: z.array(HistoryEntry),
  /** For `before`, to get the entries before the last of these; null when there are none. */
  older: z.nullable(HistoryCursor),
});
export type HistoryPage = z.infer<typeof HistoryPage>;

/** One page of the timeline, of those families that the caller may read. */
export const ReadHistory = orderTo('registry', 'read-history', {
  request: z.object({
    filter: HistoryFilter,
    before: z.optional(HistoryCursor),
    limit: z._default(z.int().check(z.gte(1), z.lte(HISTORY_PAGE.most)), HISTORY_PAGE.usual),
  }),
  reply: HistoryPage,
  allowed: 'fleet:view',
});

/** The fleet as it was known at that time, from the facts recorded until then. Comes in parts, ordered by name. */
export const ReadFleetAt = orderTo('registry', 'read-fleet-at', {
  request: z.object({ at: z.iso.datetime({ offset: true }) }),
  reply: z.object({ nodes: z.array(NodeView) }),
  allowed: 'fleet:view',
  answers: 'stream',
});

export const historyOrders = { ReadHistory, ReadFleetAt };

/** Told on the bus when an entry has joined the timeline; numbered within the life of the registry that tells it. */
export const HistoryGrew = z.object({
  epoch: z.uuid(),
  seq: z.number().check(z.int(), z.gte(1)),
  entry: HistoryEntry,
});
export type HistoryGrew = z.infer<typeof HistoryGrew>;
