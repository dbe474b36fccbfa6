import { MOST_EXECUTORS } from '@muster/contracts';
import type * as z from 'zod/mini';
import type { SamplesFrame } from './frames.js';
import { limits } from './limits.js';

type Holds = (value: unknown) => boolean;

const isNumber = (value: unknown): value is number => typeof value === 'number' && Number.isFinite(value);
const isAmount: Holds = (value) => isNumber(value) && value >= 0;
const isCount: Holds = (value) => Number.isSafeInteger(value) && (value as number) >= 0;
const isPercent: Holds = (value) => isNumber(value) && value >= 0 && value <= 100;
const isName: Holds = (value) => typeof value === 'string' && value.length <= 128;

/** Has all that it must, and nothing beside that and what it may have. */
const objectOf = (must: Record<string, Holds>, may: Record<string, Holds> = {}): Holds => {
  const fields = new Map(Object.entries({ ...must, ...may }));
  const needed = new Set(Object.keys(must));
  return (value) => {
    if (typeof value !== 'object' || value === null || Array.isArray(value)) return false;
    let found = 0;
    for (const name in value) {
      const holds = fields.get(name);
      if (holds?.((value as Record<string, unknown>)[name]) !== true) return false;
      if (needed.has(name)) found += 1;
    }
    return found === needed.size;
  };
};

const listOf =
  (holds: Holds, least: number, most: number): Holds =>
  (value) =>
    Array.isArray(value) && value.length >= least && value.length <= most && value.every(holds);

const measurement = objectOf(
  {
    cpuPercent: isPercent,
    memoryUsedBytes: isCount,
    memoryTotalBytes: isCount,
    gpus: listOf(
      objectOf(
        { index: isCount },
        {
          ...{ utilisationPercent: isPercent, memoryUsedBytes: isCount, memoryTotalBytes: isCount },
          ...{ temperatureCelsius: isNumber, powerWatts: isAmount },
        },
      ),
      0,
      64,
    ),
  },
  {
    load: listOf(isNumber, 3, 3),
    executors: listOf(
      objectOf(
        { executorId: isName, inFlight: isCount, queued: isCount, requests: isCount, errors: isCount },
        { tokensPerSecond: isAmount, memoryBytes: isCount, vramBytes: isCount },
      ),
      0,
      MOST_EXECUTORS,
    ),
  },
);

/**
 * Whether a frame is one of samples that has what `SamplesFrame` names and nothing else: then parsing it by the schema would give the
 * same. Each node sends one a second, and this takes a tenth of the schema's time; whatever it does not know is the schema's to judge.
 */
export const isPlainSamples = objectOf({
  type: (value) => value === 'samples',
  items: listOf(
    objectOf({ seq: (value) => isCount(value) && value !== 0, ageMs: isAmount, measurement }),
    1,
    limits.samplesPerFrame,
  ),
}) as (value: unknown) => value is z.infer<typeof SamplesFrame>;
