import * as z from 'zod/mini';
import { ExecutorFailure, ExecutorId } from './executor.js';
import { SomeParameters } from './executor-parameters.js';
import { LogLevel } from './log-entry.js';

const onExecutor = { executorId: ExecutorId };
const modelId = z.string('The model id must be text').check(z.minLength(1), z.maxLength(256));

/** Everything that a node can be told to do, as it goes over the link. */
export const NodeOrder = z.discriminatedUnion('order', [
  /** An executor for this model is wanted from now on. One that is there already is started with what it is set to. */
  z.object({ order: z.literal('start'), modelId, parameters: z.optional(SomeParameters) }),
  /** Not wanted any more: what is in flight may end within a limit, then its process does. */
  z.object({ order: z.literal('stop'), ...onExecutor }),
  /** Wanted again, after it failed or was stopped. Its count of crashes begins anew. */
  z.object({ order: z.literal('start-again'), ...onExecutor }),
  z.object({ order: z.literal('restart'), ...onExecutor }),
  z.object({ order: z.literal('configure'), ...onExecutor, parameters: SomeParameters }),
  /** Ends every request that is in flight or queued at this executor. */
  z.object({ order: z.literal('cancel'), ...onExecutor }),
  z.object({ order: z.literal('read-last-lines'), ...onExecutor }),
]);
export type NodeOrder = z.infer<typeof NodeOrder>;

/** What was done. Nothing is said twice: an order that finds everything as it wants it is done as well. */
export const ExecutorDone = z.object({
  executorId: z.string(),
  /** What requests ask for. */
  model: z.string(),
  /** Parameters that were set hold from the next run on: restart it. */
  restartNeeded: z.boolean(),
  /** With `cancel`: how many requests were ended. */
  cancelled: z.optional(z.number().check(z.int(), z.gte(0))),
});
export type ExecutorDone = z.infer<typeof ExecutorDone>;

/** So many of its last lines are kept of a run that failed. */
export const LAST_LINES = 50;

/** The last lines of the run that failed, or of the one before this. Empty when there was none. */
export const LastLines = z.object({
  executorId: z.string(),
  run: z.optional(z.uuid()),
  endedAt: z.optional(z.iso.datetime()),
  failure: z.optional(ExecutorFailure),
  lines: z
    .array(z.object({ at: z.iso.datetime(), level: LogLevel, message: z.string().check(z.maxLength(8 * 1024)) }))
    .check(z.maxLength(LAST_LINES)),
});
export type LastLines = z.infer<typeof LastLines>;

/** Why a node does not do what it was told. A part of the closed list of refusals. */
export const nodeRefusals = [
  'bad-input',
  'executor-unknown',
  'executor-not-ours',
  'executor-not-wanted',
  'model-unknown',
  'model-not-usable',
  'too-many-executors',
  'node-busy',
  'node-stopping',
] as const;
export const NodeRefusal = z.enum(nodeRefusals);

/** The answer to an order. A repeated order gets the first answer again. */
export const NodeOutcome = z.discriminatedUnion('outcome', [
  z.object({ outcome: z.literal('done'), done: ExecutorDone }),
  z.object({ outcome: z.literal('lines'), lines: LastLines }),
  z.object({
    outcome: z.literal('refused'),
    code: NodeRefusal,
    words: z.optional(z.string().check(z.maxLength(512))),
    /** The field that is wrong, with `bad-input`. */
    field: z.optional(z.string().check(z.maxLength(64))),
  }),
  /** It could not be carried out for a reason that is nobody's choice, as a disk that is full. */
  z.object({ outcome: z.literal('failed'), words: z.string().check(z.maxLength(512)) }),
]);
export type NodeOutcome = z.infer<typeof NodeOutcome>;
