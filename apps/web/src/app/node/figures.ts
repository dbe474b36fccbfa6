import type { GpuSample, Measurement } from '@muster/contracts';
import { loadOf } from '@muster/contracts';
import { memoryOf, percent } from '../ui/format.js';
import type { Figure, ReadFigure } from './samples.js';

const sum = (numbers: readonly number[]): number => numbers.reduce((total, number) => total + number, 0);
const known = (gpus: readonly GpuSample[], read: (gpu: GpuSample) => number | undefined): number[] =>
  gpus.flatMap((gpu) => read(gpu) ?? []);

const share = (value: number | undefined, words: (value: number) => string): Figure | undefined =>
  value === undefined ? undefined : { share: value, words: words(value) };

function vram(measurement: Measurement): Figure | undefined {
  const { vramPercent } = loadOf(measurement);
  // The same GPUs that loadOf counts: those that tell both.
  const both = measurement.gpus.filter(
    (gpu) => gpu.memoryUsedBytes !== undefined && gpu.memoryTotalBytes !== undefined,
  );
  return share(vramPercent, () =>
    memoryOf(sum(known(both, (gpu) => gpu.memoryUsedBytes)), sum(known(both, (gpu) => gpu.memoryTotalBytes))),
  );
}

/** The four graphs of a node's page. */
export const graphs: readonly { title: string; tint: string; ofGpu: boolean; read: ReadFigure }[] = [
  { title: 'CPU', tint: '--cpu', ofGpu: false, read: ({ cpuPercent }) => share(cpuPercent, percent) },
  {
    title: 'RAM',
    tint: '--ram',
    ofGpu: false,
    read: (measurement) =>
      share(loadOf(measurement).memoryPercent, () =>
        memoryOf(measurement.memoryUsedBytes, measurement.memoryTotalBytes),
      ),
  },
  { title: 'GPU', tint: '--gpu', ofGpu: true, read: (measurement) => share(loadOf(measurement).gpuPercent, percent) },
  { title: 'VRAM', tint: '--vram', ofGpu: true, read: vram },
];
