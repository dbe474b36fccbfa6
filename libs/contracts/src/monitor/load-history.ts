import * as z from 'zod/mini';

/** The mean over a span of time, and the highest that was measured in it. */
const LoadSpread = z.object({ mean: z.number(), highest: z.number() });
export type LoadSpread = z.infer<typeof LoadSpread>;

/** How hard a node worked over one step of time. Absent is not known; a step without a sample has no point. */
export const LoadPoint = z.object({
  /** When the step began. */
  at: z.iso.datetime(),
  /** How many samples it stands for: 60 a minute when none is missing. */
  samples: z.number().check(z.int(), z.gte(1)),
  cpuPercent: LoadSpread,
  memoryPercent: LoadSpread,
  /** Mean over the GPUs that tell. */
  gpuPercent: z.optional(LoadSpread),
  /** Used of total over the GPUs that tell both. */
  vramPercent: z.optional(LoadSpread),
  /** Over all executors. */
  inFlight: z.optional(LoadSpread),
  tokensPerSecond: z.optional(LoadSpread),
});
export type LoadPoint = z.infer<typeof LoadPoint>;

const MINUTE_MS = 60_000;
const stepsMs = [1, 5, 15, 60, 180].map((minutes) => minutes * MINUTE_MS);

/** A series has this many points at most. */
export const LOAD_POINTS = 750;

/** The finest step, in milliseconds, at which a span fits into one series. */
export const loadStepOf = (spanMs: number): number =>
  stepsMs.find((stepMs) => spanMs / stepMs <= LOAD_POINTS) ?? Math.ceil(spanMs / LOAD_POINTS / MINUTE_MS) * MINUTE_MS;
