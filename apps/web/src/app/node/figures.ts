import type { GpuSample, Measurement } from '@muster/contracts';
import { loadOf } from '@muster/contracts';
import { memoryOf, percent } from '../ui/format.js';
import type { ReadLoad } from './load-history.js';
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

/** The four graphs of a node's page: each figure of one measurement, and of a step of time. */
export const graphs: readonly {
  title: string;
  tint: string;
  ofGpu: boolean;
  read: ReadFigure;
  readLoad: ReadLoad;
}[] = [
  {
    title: 'CPU',
    tint: '--cpu',
    ofGpu: false,
    read: ({ cpuPercent }) => share(cpuPercent, percent),
    readLoad: ({ cpuPercent }) => cpuPercent,
  },
  {
    title: 'RAM',
    tint: '--ram',
    ofGpu: false,
    read: (measurement) =>
      share(loadOf(measurement).memoryPercent, () =>
        memoryOf(measurement.memoryUsedBytes, measurement.memoryTotalBytes),
      ),
    readLoad: ({ memoryPercent }) => memoryPercent,
  },
  {
    title: 'GPU',
    tint: '--gpu',
    ofGpu: true,
    read: (measurement) => share(loadOf(measurement).gpuPercent, percent),
    readLoad: ({ gpuPercent }) => gpuPercent,
  },
  { title: 'VRAM', tint: '--vram', ofGpu: true, read: vram, readLoad: ({ vramPercent }) => vramPercent },
];
