import * as z from 'zod/mini';
import { NodeId } from '../registry/node.events.js';
import { ExecutorState } from './executor.js';
import { SomeParameters } from './executor-parameters.js';
import { LinkCause } from './link.js';
import { Status } from './status.js';

const at = z.iso.datetime();
const fact = <Type extends string, Data extends z.core.$ZodLooseShape>(type: Type, data: Data) =>
  z.object({ type: z.literal(type), data: z.object({ nodeId: NodeId, ...data, at }) });

/** A link to the node was made. `run` is the life of the node service at its other end. */
export const NodeConnected = fact('NodeConnected', { version: z.string(), run: z.uuid() });
/** The link to the node broke off, or could not be made. */
export const NodeLost = fact('NodeLost', { cause: LinkCause });
/** The status of a node, its colour or its reason, became another. */
export const NodeStatusChanged = fact('NodeStatusChanged', {
  from: z.optional(Status),
  to: Status,
  /** Changes that came too fast to be told one by one (at most six facts a minute) and are summed up by this one. */
  leftOut: z.optional(z.number().check(z.int(), z.gte(1))),
});
/** Lines of the log of a node were lost: how many, when it is known, and where. */
export const NodeLogGap = fact('NodeLogGap', {
  lost: z.optional(z.number()),
  where: z.enum(['node', 'link', 'monitor']),
});

const executor = { executorId: z.string().check(z.maxLength(128)), model: z.string().check(z.maxLength(256)) };

export const executorOrders = ['start', 'stop', 'start-again', 'restart', 'configure', 'cancel'] as const;

/** Somebody gave an order and the node took it. Who, says the fact's actor. */
export const ExecutorOrdered = fact('ExecutorOrdered', {
  ...executor,
  order: z.enum(executorOrders),
  /** What was set by it. */
  parameters: z.optional(SomeParameters),
});
/** An executor went from one state to another. */
export const ExecutorChanged = fact('ExecutorChanged', {
  ...executor,
  from: z.optional(ExecutorState),
  to: ExecutorState,
  words: z.optional(z.string()),
  /** Changes of this node's executors that came too fast to be told one by one. */
  leftOut: z.optional(z.number().check(z.int(), z.gte(1))),
});

/** What is observed about nodes. Stream `health-<nodeId>` in the monitor's store, on the bus in HEALTH. */
export const HealthEvent = z.discriminatedUnion('type', [
  NodeConnected,
  NodeLost,
  NodeStatusChanged,
  NodeLogGap,
  ExecutorOrdered,
  ExecutorChanged,
]);
export type HealthEvent = z.infer<typeof HealthEvent>;
