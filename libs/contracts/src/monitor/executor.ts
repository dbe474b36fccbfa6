import * as z from 'zod/mini';
import { ExecutorParameters } from './executor-parameters.js';

export const executorStates = ['offline', 'starting', 'online', 'stopping', 'failed'] as const;
export const ExecutorState = z.enum(executorStates);
export type ExecutorState = z.infer<typeof ExecutorState>;

const count = z.number().check(z.int(), z.gte(0));

/** How the last run ended, when it was not asked to. Code or signal, whichever the process ended by. */
export const ExecutorFailure = z.object({
  words: z.string().check(z.maxLength(512)),
  exitCode: z.optional(z.number().check(z.int())),
  signal: z.optional(z.string().check(z.maxLength(16))),
});
export type ExecutorFailure = z.infer<typeof ExecutorFailure>;

/** Names an executor on its node: safe in a URL, a header and a file name. Made from the model's id. */
export const ExecutorId = z
  .string()
  .check(z.regex(/^[A-Za-z0-9][A-Za-z0-9._-]{0,127}$/, 'This is not the id of an executor'));

/**
 * The one process on a node that serves one model, as the node reports it. What older nodes do not tell has the value that
 * it had with them. `inFlight` and `queued` change here once a second at most.
 */
export const Executor = z.object({
  executorId: z.string().check(z.maxLength(128)),
  /** The model's id on this node; empty from a node that does not tell. */
  modelId: z._default(z.string().check(z.maxLength(256)), ''),
  /** What requests ask for. */
  model: z.string().check(z.maxLength(256)),
  kind: z._default(z.enum(['chat', 'embedding']), 'chat'),
  engine: z._default(z.enum(['built-in', 'llama-server', 'external']), 'built-in'),
  /** False for one that runs there anyway: its load is read, and it is not ours to start, stop or change. */
  managed: z._default(z.boolean(), true),
  state: ExecutorState,
  /** Since when it is in this state, by the node's clock: for reading, never for ordering. */
  since: z.optional(z.iso.datetime()),
  /** Why it is in this state, where the state alone does not say it. */
  words: z.optional(z.string().check(z.maxLength(512))),
  /** Wanted: it is started with the node, when its parameters say so, and again when it ends by itself. */
  enabled: z._default(z.boolean(), true),
  /** Unloaded while nobody asked for it. Counts as online: the next request wakes it. */
  asleep: z._default(z.boolean(), false),
  /** While it starts: how much of the model is loaded, 0 to 1. */
  progress: z.optional(z.number().check(z.gte(0), z.lte(1))),
  slots: count,
  inFlight: count,
  queued: count,
  /** Tokens of one slot, where it is known. */
  contextTokens: z.optional(count),
  /** What it is set to; absent where nothing can be set. */
  parameters: z.optional(ExecutorParameters),
  /** Its parameters were changed since this run began: they hold from the next one on. */
  restartNeeded: z._default(z.boolean(), false),
  /** One life of its process. Its lines in the log carry the same id. */
  run: z.optional(z.uuid()),
  startedAt: z.optional(z.iso.datetime()),
  /** How often it was started anew by itself, since it was last started by order. */
  restarts: z._default(count, 0),
  failure: z.optional(ExecutorFailure),
});
export type Executor = z.infer<typeof Executor>;

/** What moves all the time about an executor: a part of each measurement. What its engine does not tell is absent, never 0. */
export const ExecutorSample = z.object({
  executorId: z.string().check(z.maxLength(128)),
  inFlight: count,
  queued: count,
  /** Over the last seconds, all slots together. */
  tokensPerSecond: z.optional(z.number().check(z.gte(0))),
  /** Since the node service started: requests that were answered or failed, and those that failed. */
  requests: count,
  errors: count,
  memoryBytes: z.optional(count),
  vramBytes: z.optional(count),
});
export type ExecutorSample = z.infer<typeof ExecutorSample>;

/** So many executors a node has at most. */
export const MOST_EXECUTORS = 256;
