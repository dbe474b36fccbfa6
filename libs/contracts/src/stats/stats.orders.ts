import * as z from 'zod/mini';
import { orderTo } from '../order.js';
import { RequestEvent } from '../router/request.events.js';
import { RequestCursor, RequestFilter } from './request-filter.js';
import { RequestView } from './request-view.js';
import { Tally, TallyOf } from './tally.js';
import { GraphWindow, Grouping, WindowName } from './windows.js';

/** Requests of one page at most. */
export const REQUESTS_PAGE = { most: 200, usual: 100 } as const;
/** Different nodes, models or keys in one answer at most; of graphs, so many lines. */
export const MOST_TALLIES = 200;
export const MOST_LINES = 8;

/** The figures of one window, told apart. Those with the most requests come first. */
export const ReadTallies = orderTo('stats', 'read-tallies', {
  request: z.object({ window: WindowName, by: Grouping }),
  reply: z.object({
    /** Where the window begins: so many whole steps back, the one under way among them. Null: the first request. */
    from: z.nullable(z.iso.datetime()),
    tallies: z.array(z.object({ of: TallyOf, tally: Tally })).check(z.maxLength(MOST_TALLIES)),
    /** There were more than fit. */
    more: z.boolean(),
  }),
  allowed: 'fleet:view',
});

const count = z.number().check(z.int(), z.gte(0));
/** p50, p95 and p99, in milliseconds; absent where nothing was measured. */
const Percentiles = z.optional(z.tuple([z.number(), z.number(), z.number()]));

/** What a graph shows of the requests that ended in one step. */
export const SeriesPoint = z.object({
  /** When the step began. */
  at: z.iso.datetime(),
  ended: count,
  failed: count,
  tokensIn: count,
  tokensOut: count,
  queueMs: Percentiles,
  firstTokenMs: Percentiles,
  totalMs: Percentiles,
});
export type SeriesPoint = z.infer<typeof SeriesPoint>;

/** The graphs of one window: a line for each of the busiest, with a point for each step in which something happened. */
export const ReadSeries = orderTo('stats', 'read-series', {
  request: z.object({ window: GraphWindow, by: Grouping }),
  reply: z.object({
    from: z.iso.datetime(),
    to: z.iso.datetime(),
    stepMs: z.number(),
    lines: z.array(z.object({ of: TallyOf, points: z.array(SeriesPoint) })).check(z.maxLength(MOST_LINES)),
    more: z.boolean(),
  }),
  allowed: 'fleet:view',
});

export const RequestPage = z.object({
  /** Newest first. */
  requests: z.array(RequestView),
  /** For `before`, to get those before the last of these; null when there are none. */
  older: z.nullable(RequestCursor),
});
export type RequestPage = z.infer<typeof RequestPage>;

export const ReadRequests = orderTo('stats', 'read-requests', {
  request: z.object({
    filter: RequestFilter,
    before: z.optional(RequestCursor),
    limit: z._default(z.int().check(z.gte(1), z.lte(REQUESTS_PAGE.most)), REQUESTS_PAGE.usual),
  }),
  reply: RequestPage,
  allowed: 'fleet:view',
});

/** The life of one request: what is known of it, and the facts that say so in their order. Refuses with `request-unknown`. */
export const ReadRequest = orderTo('stats', 'read-request', {
  request: z.object({ requestId: z.uuid('The request id must be a UUID') }),
  reply: z.object({ request: RequestView, facts: z.array(RequestEvent) }),
  allowed: 'fleet:view',
});

export const statsOrders = { ReadTallies, ReadSeries, ReadRequests, ReadRequest };

/** So many of the newest requests are told live; the pages of the list have all of them. */
export const LIVE_REQUESTS = 100;

/**
 * The newest requests that changed, told by stats a few times a second: `muster.sample.requests`. Numbered within the life of
 * the service that tells it.
 */
export const RequestsChanged = z.object({
  epoch: z.uuid(),
  seq: z.number().check(z.int(), z.gte(1)),
  changed: z.array(RequestView).check(z.maxLength(LIVE_REQUESTS)),
});
export type RequestsChanged = z.infer<typeof RequestsChanged>;
