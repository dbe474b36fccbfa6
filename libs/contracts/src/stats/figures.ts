import * as z from 'zod/mini';
import { NodeId } from '../registry/node.events.js';

const count = z.number().check(z.int(), z.gte(0));
const milliseconds = z.number().check(z.gte(0));

/** How many steps the small graph of recent requests has, and how long one is. */
export const RECENT = { steps: 60, stepMs: 5_000 } as const;

/** So many nodes stand in the figures at most: those with the most in flight, then those that did the most. */
export const MOST_FIGURED_NODES = 1_000;

/**
 * Where every accepted request is. At any moment `accepted` is the sum of the others: a request that a router began and never
 * ended, since the router died, is `lost`, not in flight; when its end is told after all, it moves to its outcome.
 */
export const Conservation = z.object({
  accepted: count,
  completed: count,
  failed: count,
  cancelled: count,
  refused: count,
  lost: count,
  inFlight: count,
  queued: count,
});
export type Conservation = z.infer<typeof Conservation>;

/** What one node has to do with the requests since the Gateway started. */
export const NodeFigures = z.object({
  nodeId: NodeId,
  connected: z.boolean(),
  inFlight: count,
  /** The most it had at one moment. */
  most: count,
  /** The slots of its executors that are online. */
  slots: count,
  /** Its part of the seconds that requests were in flight, of all connected nodes. 0 to 1. */
  share: z.number().check(z.gte(0), z.lte(1)),
});
export type NodeFigures = z.infer<typeof NodeFigures>;

/** The figures of this moment: bucket FIGURES, key `gateway`, put by stats once a second when they changed. */
export const Figures = z.object({
  /** When they were put. */
  at: z.iso.datetime(),
  /** The Gateway last started; what is not of all time is counted from here. */
  since: z.iso.datetime(),
  handled: z.object({
    /** Requests that ended since the Gateway last started, whatever their outcome. */
    sinceStart: count,
    allTime: count,
    /** Over the last ten seconds. */
    perSecond: z.number().check(z.gte(0)),
    /** Requests that ended in each of the last steps, oldest first; the last one still grows. See RECENT. */
    recent: z.array(count).check(z.maxLength(RECENT.steps)),
  }),
  delayed: z.object({
    /** Requests that took longer than this from arrival to last byte count as delayed: a setting. */
    thresholdMs: milliseconds,
    /** Since the Gateway last started, or as far back as single requests are kept when the threshold was changed since. */
    count,
    /** Among so many. */
    of: count,
  }),
  concurrency: z.object({
    /** Requests on a node at this moment, and those that wait for a slot. */
    now: count,
    queued: count,
    /** The most that were on all nodes at one moment since the Gateway last started. */
    most: count,
    mostAt: z.optional(z.iso.datetime()),
    /**
     * How evenly the connected nodes shared the work, as Jain's index (Jain, Chiu, Hawe 1984) of each node's in-flight seconds
     * divided by its slots: 1 = evenly, 1/n = one of n did it all. Absent with fewer than two nodes that could work, or no work.
     */
    balance: z.optional(z.number().check(z.gte(0), z.lte(1))),
    nodes: z.array(NodeFigures).check(z.maxLength(MOST_FIGURED_NODES)),
  }),
  /** Of all time. */
  conservation: Conservation,
  /** Facts on the bus that are not counted yet. */
  pending: count,
});
export type Figures = z.infer<typeof Figures>;
