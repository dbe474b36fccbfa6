import * as z from 'zod/mini';
import { NodeId } from '../registry/node.events.js';
import { Sealed } from '../sealed.js';
import { Executor } from './executor.js';
import { Hardware } from './hardware.js';
import { Link } from './link.js';
import { NodeCondition, Status } from './status.js';

/**
 * What is so about a node at this moment: bucket NODES, key = node id. Written by the monitor that holds the node, on every
 * change but not for each sample. `token` grows with each change of holder: a value with a lower one than was seen before
 * comes from a holder that has lost the node, and is dropped.
 */
export const NodeState = z.object({
  nodeId: NodeId,
  monitorId: z.string(),
  token: z.number().check(z.int(), z.gte(0)),
  status: Status,
  link: Link,
  /** What the node told at the last hello; kept while the link is down. */
  hello: z.optional(z.object({ version: z.string(), run: z.uuid(), hardware: Hardware })),
  condition: z.optional(NodeCondition),
  executors: z.array(Executor),
  /** What inference calls to the node carry, sealed with MUSTER_SECRET. Good for as long as the access key it was issued under. */
  ticket: z.optional(Sealed),
});
export type NodeState = z.infer<typeof NodeState>;

/** Each monitor says once a second that it is there: `muster.sample.monitor.<monitorId>`. Silence for 5 s = its nodes are unwatched. */
export const MonitorPulse = z.object({
  monitorId: z.string(),
  seq: z.number().check(z.int(), z.gte(1)),
  /** It was held up itself, so that silence of its nodes proves nothing for the moment. */
  impaired: z.boolean(),
  nodes: z.number().check(z.int(), z.gte(0)),
});
export type MonitorPulse = z.infer<typeof MonitorPulse>;
