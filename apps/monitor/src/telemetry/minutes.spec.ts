import type { Measurement } from '@muster/contracts';
import fc from 'fast-check';
import { Minutes } from './minutes.js';

const START_MS = Date.parse('2026-11-23T12:00:00Z');
const sample = (second: number, more: Partial<Measurement> = {}): [Measurement, number] => [
  { cpuPercent: second % 60, memoryUsedBytes: 1, memoryTotalBytes: 4, gpus: [], ...more },
  START_MS + second * 1_000,
];

describe('the samples of a node by the minute', () => {
  it('become mean and highest of each figure that was told', () => {
    const minutes = new Minutes();
    for (let second = 0; second < 60; second += 1) minutes.add(...sample(second));
    const executor = { executorId: '0123456789ab', inFlight: 2, queued: 0, requests: 1, errors: 0 };
    minutes.add(...sample(59.5, { executors: [executor, { ...executor, inFlight: 3, tokensPerSecond: 40 }] }));
    expect(minutes.due(START_MS + 63_000)).toEqual([
      {
        at: '2026-11-23T12:00:00.000Z',
        samples: 61,
        cpuPercent: { mean: (59 * 30 + 59.5) / 61, highest: 59.5 },
        memoryPercent: { mean: 25, highest: 25 },
        inFlight: { mean: 5, highest: 5 },
        tokensPerSecond: { mean: 40, highest: 40 },
      },
    ]);
  });

  it('are due once a minute is over, until they are kept, and again when more has come', () => {
    const minutes = new Minutes();
    minutes.add(...sample(1));
    expect(minutes.due(START_MS + 62_000)).toEqual([]);
    const due = minutes.due(START_MS + 63_000);
    expect(due).toHaveLength(1);
    expect(minutes.due(START_MS + 64_000)).toEqual(due);
    minutes.kept(due);
    expect(minutes.due(START_MS + 64_000)).toEqual([]);
    minutes.add(...sample(2));
    expect(minutes.due(START_MS + 65_000)).toMatchObject([{ samples: 2 }]);
  });

  it('are the same whatever the order in which they come', () => {
    const seconds = fc.shuffledSubarray(Array.from({ length: 180 }, (_, second) => second));
    fc.assert(
      fc.property(seconds, (order) => {
        const [straight, shuffled] = [new Minutes(), new Minutes()];
        for (const second of [...order].sort((a, b) => a - b)) straight.add(...sample(second));
        for (const second of order) shuffled.add(...sample(second));
        const [expected, found] = [straight, shuffled].map((minutes) => minutes.due(START_MS + 300_000));
        const counts = (points = expected) =>
          points?.map(({ at, samples, cpuPercent }) => [at, samples, cpuPercent.highest]);
        expect(counts(found)).toEqual(counts());
      }),
    );
  });

  it('are let go when no node can have more of them', () => {
    const minutes = new Minutes();
    minutes.add(...sample(1));
    minutes.kept(minutes.due(START_MS + 70_000));
    minutes.due(START_MS + 36 * 60_000);
    minutes.add(...sample(2));
    expect(minutes.due(START_MS + 36 * 60_000)).toMatchObject([{ samples: 1 }]);
  });
});
