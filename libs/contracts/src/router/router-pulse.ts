import * as z from 'zod/mini';
import { NodeId } from '../registry/node.events.js';

const count = z.number().check(z.int(), z.gte(0));

/**
 * Each router says once a second at least that it is there, and while there are others 0.2 s after a change in its slots:
 * `muster.sample.router.<router>`. Silence for 10 s: the requests that it had begun are lost, unless their end is told later
 * from its spool.
 */
export const RouterPulse = z.object({
  /** This life of the router, as in its facts. */
  router: z.uuid(),
  seq: z.number().check(z.int(), z.gte(1)),
  /** Since it started: what became a request, and how many it still has. */
  accepted: count,
  finished: count,
  inFlight: count,
  queued: count,
  /** Calls that never became a request: no valid key, no readable body. */
  turnedAway: count,
  /** Facts that wait to be told, in memory and on disk. */
  factsWaiting: count,
  /** Facts that will never be told, since the spool was full. */
  factsLost: count,
  /** What it has at this moment on each executor. */
  executors: z.array(z.object({ nodeId: NodeId, executorId: z.string(), inFlight: count, slots: count })),
});
export type RouterPulse = z.infer<typeof RouterPulse>;
