import * as z from 'zod/mini';
import { ExecutorSample, MOST_EXECUTORS } from './executor.js';

const percent = z.number().check(z.gte(0), z.lte(100));
const bytes = z.number().check(z.int(), z.gte(0));

export const GpuSample = z.object({
  index: z.number().check(z.int(), z.gte(0)),
  utilisationPercent: z.optional(percent),
  memoryUsedBytes: z.optional(bytes),
  memoryTotalBytes: z.optional(bytes),
  temperatureCelsius: z.optional(z.number()),
  powerWatts: z.optional(z.number().check(z.gte(0))),
});
export type GpuSample = z.infer<typeof GpuSample>;

/** How hard a node works, measured by the node once a second. What it can not measure is absent, never 0. */
export const Measurement = z.object({
  cpuPercent: percent,
  memoryUsedBytes: bytes,
  memoryTotalBytes: bytes,
  /** The system's load averages over 1, 5 and 15 minutes, where it has them. */
  load: z.optional(z.tuple([z.number(), z.number(), z.number()])),
  gpus: z.array(GpuSample).check(z.maxLength(64)),
  /** Absent from a node that has none. */
  executors: z.optional(z.array(ExecutorSample).check(z.maxLength(MOST_EXECUTORS))),
});
export type Measurement = z.infer<typeof Measurement>;

/** A measurement as the node numbers it. `run` is one life of the node service; `seq` counts from 1 in it, without holes. */
export const NumberedSample = z.object({
  run: z.uuid(),
  seq: z.number().check(z.int(), z.gte(1)),
  measurement: Measurement,
});
export type NumberedSample = z.infer<typeof NumberedSample>;

/** A measurement as Muster publishes it: stamped on arrival, since no node's clock is trusted. */
export const NodeSample = z.object({
  nodeId: z.uuid(),
  run: z.uuid(),
  seq: z.number().check(z.int(), z.gte(1)),
  /** When the monitor had it. For one fetched after an outage: when it was measured, by the monitor's reckoning. */
  at: z.iso.datetime(),
  measurement: Measurement,
});
export type NodeSample = z.infer<typeof NodeSample>;
