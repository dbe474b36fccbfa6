import {
  Executor,
  Hardware,
  LogLine,
  Measurement,
  ModelList,
  MOST_EXECUTORS,
  NodeCondition,
  NodeName,
  NodeOrder,
  NodeOutcome,
} from '@muster/contracts';
import * as z from 'zod/mini';
import { limits } from './limits.js';

const seq = z.number().check(z.int(), z.gte(0));
const pingId = z.number().check(z.int(), z.gte(1));
const executors = z.array(Executor).check(z.maxLength(MOST_EXECUTORS));

const frame = <Type extends string, Shape extends z.core.$ZodLooseShape>(type: Type, shape: Shape) =>
  z.object({ type: z.literal(type), ...shape });

/**
 * Starts the flow of samples and lines: the node sends what comes after these numbers: of samples in its present run,
 * of lines in its present numbering. 0 is whoever has nothing: all samples that the node has, and its last 10,000 lines.
 */
export const Resume = frame('resume', { sample: seq, line: seq });
export const Ping = frame('ping', { id: pingId });
export const GatewayGoodbye = frame('goodbye', { reason: z.enum(['verified', 'not-wanted', 'stopping']) });

/** The node is to do something. `id` names the order: sent again it is not carried out again, and has the same outcome. */
export const OrderFrame = frame('order', {
  id: z.uuid(),
  order: NodeOrder,
  /** The trace that it is a part of, where traces are made (W3C Trace Context). Nodes that do not know it pass it over. */
  traceparent: z.optional(z.string().check(z.maxLength(128))),
});

/** Everything a Gateway may say on a link once it is made. */
export const ToNode = z.discriminatedUnion('type', [Resume, Ping, GatewayGoodbye, OrderFrame]);
export type ToNode = z.infer<typeof ToNode>;

const about = {
  /** The release of the node service. */
  version: z.string().check(z.maxLength(64)),
  /** One life of the node service: numbers of samples and lines count from 1 in it. */
  run: z.uuid(),
  /** What the node calls itself: a suggestion. */
  name: z.optional(NodeName),
  /**
   * The numbering of its lines, when it outlasts the run: lines then count on over restarts. With `continues`, the numbers up
   * to `upTo` name the same lines as in that earlier numbering. Absent, lines count from 1 in each run.
   */
  log: z.optional(z.object({ id: z.uuid(), continues: z.optional(z.object({ id: z.uuid(), upTo: seq })) })),
  hardware: Hardware,
  condition: NodeCondition,
  executors,
};
export const HelloFrame = frame('hello', about);

export const SamplesFrame = frame('samples', {
  items: z
    .array(
      z.object({
        seq: z.number().check(z.int(), z.gte(1)),
        /** How long ago it was measured, by the node's monotonic clock: no node's wall clock is trusted. */
        ageMs: z.number().check(z.gte(0)),
        measurement: Measurement,
      }),
    )
    .check(z.minLength(1), z.maxLength(limits.samplesPerFrame)),
});
export const LinesFrame = frame('lines', {
  lines: z.array(LogLine).check(z.minLength(1), z.maxLength(limits.linesPerFrame)),
});
/** The next `lost` numbers do not come: the node no longer has them. */
export const GapFrame = frame('gap', {
  of: z.enum(['samples', 'lines']),
  lost: z.number().check(z.int(), z.gte(1)),
});
export const ConditionFrame = frame('condition', { condition: NodeCondition });
export const ExecutorsFrame = frame('executors', { executors });
export const HardwareFrame = frame('hardware', { hardware: Hardware });
/** What came of an order. */
export const OutcomeFrame = frame('outcome', { id: z.uuid(), outcome: NodeOutcome });
/** All models of the node: after `resume`, and when they have changed. */
export const ModelsFrame = frame('models', ModelList.shape);
/** What inference calls to this node carry: after `resume`, and when there is another. */
export const TicketFrame = frame('ticket', { ticket: z.string().check(z.regex(/^[A-Za-z0-9._~-]{16,256}$/)) });
export const Pong = frame('pong', {
  id: pingId,
  /** The node's own clock as it answers: for showing how far it is off, and for nothing else. */
  at: z.optional(z.iso.datetime()),
});
export const NodeGoodbye = frame('goodbye', { reason: z.enum(['stopping', 'key-changed']) });

/** Everything a node may say on a link once it is made. */
export const FromNode = z.discriminatedUnion('type', [
  HelloFrame,
  SamplesFrame,
  LinesFrame,
  GapFrame,
  ConditionFrame,
  ExecutorsFrame,
  HardwareFrame,
  ModelsFrame,
  TicketFrame,
  OutcomeFrame,
  Pong,
  NodeGoodbye,
]);
export type FromNode = z.infer<typeof FromNode>;

/** Frames that there are since version 2. On a link of version 1 neither end sends them. */
export const sinceOrders: ReadonlySet<string> = new Set(['order', 'outcome', 'models', 'ticket']);

/** What a node says of itself when a link is made. */
export type Hello = Omit<z.infer<typeof HelloFrame>, 'type'>;
export type GoodbyeToNode = z.infer<typeof GatewayGoodbye>['reason'];
export type GoodbyeFromNode = z.infer<typeof NodeGoodbye>['reason'];
