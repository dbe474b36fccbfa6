import * as z from 'zod/mini';
import { visibleRemark } from '../text.js';

/** What each parameter may be. The page's form and the node's decision are made from this one table. */
export const parameterLimits = {
  contextTokens: { least: 256, most: 1_048_576 },
  slots: { least: 1, most: 64 },
  gpuLayers: { least: 0, most: 1_000 },
  threads: { least: 1, most: 512 },
  batchTokens: { least: 32, most: 8_192 },
  descriptionLength: 200,
  idleUnloadMinutes: { least: 0, most: 10_080 },
} as const;

const whole = ({ least, most }: { least: number; most: number }) =>
  z
    .number('This must be a number')
    .check(z.int('This must be a whole number'), z.gte(least, `At least ${least}`), z.lte(most, `At most ${most}`));

const fields = {
  /** Tokens of one slot: prompt and answer together. The model's own context where that is shorter. */
  contextTokens: whole(parameterLimits.contextTokens),
  /** Requests that are answered at the same time. */
  slots: whole(parameterLimits.slots),
  /** Layers kept in the memory of graphics processors; `auto` takes as many as fit. */
  gpuLayers: z.union([z.literal('auto'), whole(parameterLimits.gpuLayers)], 'This must be auto or a whole number'),
  gpuBackend: z.enum(['auto', 'cpu', 'cuda', 'vulkan', 'metal'], 'This is not a GPU backend'),
  /** Processor threads; `auto` leaves one core free. */
  threads: z.union([z.literal('auto'), whole(parameterLimits.threads)], 'This must be auto or a whole number'),
  /** Tokens of prompts evaluated in one step. */
  batchTokens: whole(parameterLimits.batchTokens),
  /** For people. */
  description: visibleRemark('The description', parameterLimits.descriptionLength),
  /** Unloaded after so long without a request, loaded again by the next one; 0 keeps it loaded. */
  idleUnloadMinutes: whole(parameterLimits.idleUnloadMinutes),
  /** Started with the node when it is enabled. */
  autostart: z.boolean('This must be true or false'),
};

/** The parameters that an executor has when nobody said otherwise. */
export const executorDefaults = {
  contextTokens: 4_096,
  slots: 1,
  gpuLayers: 'auto',
  gpuBackend: 'auto',
  threads: 'auto',
  batchTokens: 512,
  description: '',
  idleUnloadMinutes: 0,
  autostart: true,
} as const;

/** What an executor is set to. */
export const ExecutorParameters = z.object({
  contextTokens: z._default(fields.contextTokens, executorDefaults.contextTokens),
  slots: z._default(fields.slots, executorDefaults.slots),
  gpuLayers: z._default(fields.gpuLayers, executorDefaults.gpuLayers),
  gpuBackend: z._default(fields.gpuBackend, executorDefaults.gpuBackend),
  threads: z._default(fields.threads, executorDefaults.threads),
  batchTokens: z._default(fields.batchTokens, executorDefaults.batchTokens),
  description: z._default(fields.description, executorDefaults.description),
  idleUnloadMinutes: z._default(fields.idleUnloadMinutes, executorDefaults.idleUnloadMinutes),
  autostart: z._default(fields.autostart, executorDefaults.autostart),
});
export type ExecutorParameters = z.infer<typeof ExecutorParameters>;

/** Some of the parameters: those that an order sets; the others stay as they are. */
export const SomeParameters = z.partial(z.object(fields));
export type SomeParameters = z.infer<typeof SomeParameters>;

/** The parameters that a running process was started with; a change of any other holds at once. */
export const startParameters = [
  'contextTokens',
  'slots',
  'gpuLayers',
  'gpuBackend',
  'threads',
  'batchTokens',
] as const satisfies readonly (keyof ExecutorParameters)[];

/** Parameters after a change: what it names is new, all else stays. */
export const withParameters = (before: ExecutorParameters, change: SomeParameters): ExecutorParameters =>
  ExecutorParameters.parse({ ...before, ...change });

/** Whether an executor that runs with `running` has to be restarted for `wanted` to hold. */
export const needsRestart = (running: ExecutorParameters, wanted: ExecutorParameters): boolean =>
  startParameters.some((name) => running[name] !== wanted[name]);
