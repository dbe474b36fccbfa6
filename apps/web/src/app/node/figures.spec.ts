import type { Measurement } from '@muster/contracts';
import { graphs } from './figures.js';

const GIB = 1024 ** 3;
const measurement: Measurement = {
  cpuPercent: 70.6,
  memoryUsedBytes: 123 * GIB,
  memoryTotalBytes: 256 * GIB,
  gpus: [
    { index: 0, utilisationPercent: 90, memoryUsedBytes: 70 * GIB, memoryTotalBytes: 80 * GIB },
    { index: 1, utilisationPercent: 100, memoryUsedBytes: 60 * GIB },
  ],
};
const words = (of: Measurement) => graphs.map(({ read }) => read(of)?.words);

describe('the figures of the graphs', () => {
  it('are in words', () => {
    expect(words(measurement)).toEqual(['71 %', '123 of 256 GiB', '95 %', '70 of 80 GiB']);
  });

  it('are not known for what a machine does not tell', () => {
    expect(words({ ...measurement, gpus: [] })).toEqual(['71 %', '123 of 256 GiB', undefined, undefined]);
  });
});
