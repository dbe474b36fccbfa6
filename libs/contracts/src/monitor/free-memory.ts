import type { Hardware } from './hardware.js';
import type { Measurement } from './sample.js';

/** What nobody uses at this moment. Absent where the machine does not tell. */
export interface FreeMemory {
  readonly ramBytes?: number;
  readonly gpus: readonly FreeGpu[];
}
export interface FreeGpu {
  /** Absent for a processor whose memory is the machine's: there `ramBytes` is meant. */
  readonly bytes?: number;
  readonly unified: boolean;
  /** The most that a processor may take of unified memory, where the system sets a limit. */
  readonly limitBytes?: number;
}

const GIB = 1024 ** 3;

/**
 * How much Metal recommends to use (`recommendedMaxWorkingSetSize`): two thirds on small machines and three quarters from
 * 36 GiB on, by the figures that llama.cpp prints; newer systems allow a little more.
 */
const appleLimit = (totalBytes: number): number => Math.floor(totalBytes * (totalBytes < 36 * GIB ? 2 / 3 : 3 / 4));

/**
 * What is free on a node by its last measurement. `givenBack` is what an executor holds that will be stopped first. Without a
 * measurement nothing is known to be free.
 */
export function freeMemory(
  hardware: Hardware,
  measurement: Measurement | undefined,
  givenBack: { readonly memoryBytes?: number; readonly vramBytes?: number } = {},
): FreeMemory {
  const unifiedOnly = hardware.gpus.every((gpu) => gpu.unifiedMemory);
  const back = (givenBack.memoryBytes ?? 0) + (unifiedOnly ? (givenBack.vramBytes ?? 0) : 0);
  const gpus = hardware.gpus
    // One with memory of its own is worth more than one that shares: where both are, engines use the former.
    .filter((gpu) => unifiedOnly || !gpu.unifiedMemory)
    .map((gpu, _n, used): FreeGpu => {
      if (gpu.unifiedMemory)
        return {
          unified: true,
          ...(gpu.vendor === 'apple' ? { limitBytes: appleLimit(hardware.memoryTotalBytes) } : {}),
        };
      const sample = measurement?.gpus.find(({ index }) => index === gpu.index);
      const total = sample?.memoryTotalBytes ?? gpu.memoryTotalBytes;
      const taken = sample?.memoryUsedBytes;
      if (total === undefined || taken === undefined) return { unified: false };
      const returned = (givenBack.vramBytes ?? 0) / used.length;
      return { unified: false, bytes: Math.min(total, Math.max(0, Math.floor(total - taken + returned))) };
    });
  if (measurement === undefined) return { gpus };
  const free = measurement.memoryTotalBytes - measurement.memoryUsedBytes + back;
  return { ramBytes: Math.min(measurement.memoryTotalBytes, Math.max(0, free)), gpus };
}
