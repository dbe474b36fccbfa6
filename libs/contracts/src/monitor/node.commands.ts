import * as z from 'zod/mini';
import { commandToNode } from '../order.js';
import { ExecutorId } from './executor.js';
import { SomeParameters } from './executor-parameters.js';
import { LogPage } from './log-entry.js';
import { ExecutorDone, LastLines } from './node-orders.js';
import { NodeSample } from './sample.js';
import { LOAD_POINTS, LoadPoint } from './load-history.js';

/** The samples of the last five minutes, oldest first, as whoever opens the node's page needs them. */
export const ReadSamples = commandToNode('read-samples', {
  request: z.object({}),
  reply: z.object({ samples: z.array(NodeSample).check(z.maxLength(600)) }),
  allowed: 'fleet:view',
});

/**
 * Entries of the log, oldest first: the last `limit`, or those right before the number `before`, or right after `after`, or
 * around the time `around` (by the times that the lines show). Pages are cut so that a reply stays under 512 KiB; `more` tells
 * that older ones are there, `newer` that newer ones are.
 */
export const ReadLog = commandToNode('read-log', {
  request: z.object({
    before: z.optional(z.number().check(z.int())),
    after: z.optional(z.number().check(z.int())),
    around: z.optional(z.iso.datetime()),
    limit: z._default(z.number().check(z.int(), z.gte(1), z.lte(10_000)), 1_000),
  }),
  reply: LogPage,
  allowed: 'fleet:view',
});

/** The figures of a span of time by its steps, oldest first, of the last 30 days. A step without a sample is left out. */
export const ReadLoadHistory = commandToNode('read-load-history', {
  request: z.object({ from: z.iso.datetime(), to: z.iso.datetime() }),
  reply: z.object({ stepMs: z.number(), points: z.array(LoadPoint).check(z.maxLength(LOAD_POINTS + 1)) }),
  allowed: 'fleet:view',
});

const onExecutor = { executorId: ExecutorId };

/** The node answers within 5 s; the rest is for the way. */
const executorCommand = <Request extends z.ZodMiniType>(name: string, request: Request) =>
  commandToNode(name, { request, reply: ExecutorDone, allowed: 'executors:manage', deadlineMs: 7_000 });

/** An executor for this model is wanted from now on, with these parameters and else those that it has, or the defaults. */
export const StartExecutor = executorCommand(
  'start-executor',
  z.object({
    modelId: z.string('The model id must be text').check(z.minLength(1, 'The model id is empty'), z.maxLength(256)),
    parameters: z.optional(SomeParameters),
  }),
);
/** Not wanted any more. Answered when that is written down: the state then tells how it ends. */
export const StopExecutor = executorCommand('stop-executor', z.object(onExecutor));
/** Wanted again, after it failed or was stopped. */
export const StartExecutorAgain = executorCommand('start-executor-again', z.object(onExecutor));
export const RestartExecutor = executorCommand('restart-executor', z.object(onExecutor));
/** Sets parameters; those of the process hold from its next run on, and the reply says so. */
export const ConfigureExecutor = executorCommand(
  'configure-executor',
  z.object({ ...onExecutor, parameters: SomeParameters }),
);
/** Ends every request that is in flight or queued at this executor; whoever sent one gets an error. */
export const CancelRequests = executorCommand('cancel-requests', z.object(onExecutor));

/** The last lines of the run that failed, kept over a restart of the node. */
export const ReadLastLines = commandToNode('read-last-lines', {
  request: z.object(onExecutor),
  reply: LastLines,
  allowed: 'fleet:view',
  deadlineMs: 7_000,
});

export const executorCommands = {
  StartExecutor,
  StopExecutor,
  StartExecutorAgain,
  RestartExecutor,
  ConfigureExecutor,
  CancelRequests,
};

export const nodeCommands = { ReadSamples, ReadLoadHistory, ReadLog, ...executorCommands, ReadLastLines };
