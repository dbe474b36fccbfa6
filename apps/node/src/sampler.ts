import { loadavg } from 'node:os';
import { performance } from 'node:perf_hooks';
import { type ExecutorSample, type GpuSample, Measurement } from '@muster/contracts';
import type { SampleBuffer } from '@muster/node-link';
import { cpuPercentBetween, readCpuTimes } from './machine/cpu.js';
import { readMemory } from './machine/memory.js';

export const SAMPLE_EVERY_MS = 1_000;

/**
 * Which beat comes after `beat`, when so much time went by since the first: beats that were missed are left out, not made up
 * for, and none comes twice, since a timer may fire a little early.
 */
export const nextBeat = (beat: number, elapsedMs: number): number =>
  Math.max(beat, Math.floor(elapsedMs / SAMPLE_EVERY_MS)) + 1;

/**
 * Measures the machine once a second on a schedule that does not drift. A measurement that fails, or that nobody could read,
 * is left out and told once until the next one succeeds.
 */
export function startSampler(
  samples: SampleBuffer,
  readGpus: () => GpuSample[],
  readExecutors: () => ExecutorSample[],
  failed: (words: string) => void,
): { stop(): void } {
  let before = readCpuTimes();
  let isFailing = false;
  let timer: NodeJS.Timeout | undefined;
  let stopped = false;
  let cpuPercent = 0;
  let beatNumber = 0;
  const startMs = performance.now();

  const measure = async (): Promise<Measurement> => {
    const after = readCpuTimes();
    // The kernel counts in ticks: where none passed, the figure before still stands.
    cpuPercent = cpuPercentBetween(before, after) ?? cpuPercent;
    before = after;
    const { usedBytes, totalBytes } = await readMemory();
    const executors = readExecutors();
    const load = process.platform === 'win32' ? undefined : (loadavg() as [number, number, number]);
    return Measurement.parse({
      cpuPercent,
      memoryUsedBytes: usedBytes,
      memoryTotalBytes: totalBytes,
      ...(load === undefined ? {} : { load }),
      gpus: readGpus(),
      ...(executors.length === 0 ? {} : { executors }),
    });
  };

  const beat = async () => {
    try {
      const takenMs = performance.now();
      const measurement = await measure();
      if (!stopped) samples.add({ takenMs, measurement });
      isFailing = false;
    } catch (error) {
      if (!isFailing) failed(error instanceof Error ? error.message : String(error));
      isFailing = true;
    }
    if (!stopped) schedule();
  };
  const schedule = () => {
    const elapsedMs = performance.now() - startMs;
    beatNumber = nextBeat(beatNumber, elapsedMs);
    timer = setTimeout(() => void beat(), Math.ceil(beatNumber * SAMPLE_EVERY_MS - elapsedMs));
  };
  schedule();
  return {
    stop: () => {
      stopped = true;
      clearTimeout(timer);
    },
  };
}
