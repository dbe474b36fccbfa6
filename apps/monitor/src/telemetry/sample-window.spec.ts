import type { Measurement, NodeSample } from '@muster/contracts';
import fc from 'fast-check';
import { packColumns, unpackColumns } from './number-columns.js';
import { SampleWindow } from './sample-window.js';

const nodeId = '0f8fad5b-d9cb-469f-a165-70867728950e';
const BEGAN_MS = Date.parse('2026-11-23T12:00:00Z');

const bytes = fc.oneof(fc.nat(), fc.maxSafeNat());
const tenths = fc.nat(1_000).map((n) => n / 10);
const percent = fc.oneof(tenths, fc.double({ min: 0, max: 100, noNaN: true }));
const any = fc.oneof(tenths, fc.double({ noNaN: true, noDefaultInfinity: true }));
const gpu = fc.record(
  { index: fc.nat(), utilisationPercent: percent, memoryUsedBytes: bytes, temperatureCelsius: any },
  { requiredKeys: ['index'] },
);
const executor = fc.record(
  { executorId: fc.string(), inFlight: fc.nat(9), queued: fc.nat(9), tokensPerSecond: any },
  { requiredKeys: ['executorId', 'inFlight', 'queued'] },
);
const measurements = fc.record(
  {
    ...{ cpuPercent: percent, memoryUsedBytes: bytes, memoryTotalBytes: bytes },
    ...{ load: fc.tuple(any, any, any), gpus: fc.array(gpu, { maxLength: 3 }) },
    executors: fc.array(executor, { maxLength: 2 }),
  },
  { requiredKeys: ['cpuPercent', 'memoryUsedBytes', 'memoryTotalBytes', 'gpus'] },
) as fc.Arbitrary<Measurement>;

/** One sample a second, as JSON gives them back: without a negative zero. */
const samplesOf = (all: readonly { run: string; measurement: Measurement }[]): NodeSample[] =>
  all.map(
    ({ run, measurement }, n) =>
      JSON.parse(
        JSON.stringify({ nodeId, run, seq: n + 1, at: new Date(BEGAN_MS + n * 1_000).toISOString(), measurement }),
      ) as NodeSample,
  );
const windowOf = (samples: readonly NodeSample[]) => {
  const window = new SampleWindow(nodeId);
  samples.forEach((sample, n) => window.add(sample, n * 1_000, JSON.stringify(sample).length));
  return window;
};

describe('the samples of the last five minutes', () => {
  it('come out as they came in, whatever was measured and however often that changes', () => {
    const kinds = fc.array(fc.record({ run: fc.uuid(), measurement: measurements }), { minLength: 1, maxLength: 4 });
    fc.assert(
      fc.property(kinds, fc.array(fc.nat(), { minLength: 1, maxLength: 90 }), (all, turns) => {
        const samples = samplesOf(turns.flatMap((turn) => all[turn % all.length] ?? []));
        const window = windowOf(samples);
        expect(window.read(0)).toEqual(samples);
        expect(JSON.stringify(window.read(0))).toBe(JSON.stringify(samples));
        expect(window.newest(samples.length * 1_000, 2_000)).toEqual(samples.at(-1));
      }),
      { numRuns: 200 },
    );
  });

  it('come out as they came in when each number is another', () => {
    const all = fc.array(fc.record({ cpuPercent: percent, memoryUsedBytes: bytes, load: fc.tuple(any, any, any) }), {
      minLength: 1,
      maxLength: 100,
    });
    fc.assert(
      fc.property(all, (values) => {
        const samples = samplesOf(
          values.map((each) => ({ run: nodeId, measurement: { ...each, memoryTotalBytes: 2 ** 40, gpus: [] } })),
        );
        expect(windowOf(samples).read(0)).toEqual(samples);
      }),
      { numRuns: 200 },
    );
  });

  it('go one by one as they become older, also where kinds change', () => {
    fc.assert(
      fc.property(fc.array(fc.boolean(), { maxLength: 120 }), fc.nat(450), (hasGpu, laterS) => {
        const measurement = { cpuPercent: 1.5, memoryUsedBytes: 3, memoryTotalBytes: 4 };
        const samples = samplesOf(
          hasGpu.map((has) => ({ run: nodeId, measurement: { ...measurement, gpus: has ? [{ index: 0 }] : [] } })),
        );
        const window = windowOf(samples);
        const expected = samples.filter((_, n) => laterS - n <= 300);
        expect(window.read(laterS * 1_000)).toEqual(expected);
        const [again] = samples;
        if (again === undefined) return;
        window.add(again, laterS * 1_000, 100);
        expect(window.read(laterS * 1_000)).toEqual([...expected, again]);
      }),
    );
  });

  it('are none while nothing was measured, and the newest is not one that is too old', () => {
    const window = new SampleWindow(nodeId);
    expect([window.read(0), window.newest(0, 1_000)]).toEqual([[], undefined]);
    const [sample] = samplesOf([
      { run: nodeId, measurement: { cpuPercent: 1, memoryUsedBytes: 3, memoryTotalBytes: 4, gpus: [] } },
    ]);
    if (sample !== undefined) window.add(sample, 0, 100);
    expect([window.newest(1_000, 1_000), window.newest(1_001, 1_000)]).toEqual([sample, undefined]);
  });
});

describe('numbers packed by column', () => {
  const sizeOf = (...values: number[]) => packColumns(Float64Array.from(values), 1, values.length).length;

  it('are the same when unpacked', () => {
    const number = fc.oneof(
      any,
      fc.maxSafeInteger(),
      fc.integer({ min: -300, max: 300 }).map((n) => n * 4_096),
    );
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 5 }), fc.array(number, { maxLength: 200 }), (columns, numbers) => {
        const count = Math.floor(numbers.length / columns);
        const rows = Float64Array.from(numbers.slice(0, count * columns), (each) => each + 0);
        expect(unpackColumns(packColumns(rows, columns, count), columns, count)).toEqual(rows);
      }),
      { numRuns: 500 },
    );
  });

  it('take a byte or two where they are tenths, or bytes by the page, and none where they stay', () => {
    const heads = 1 + 8 + 8;
    expect(sizeOf(...Array.from({ length: 30 }, (_, n) => n / 10))).toBe(heads + 30);
    expect(sizeOf(...Array.from({ length: 30 }, (_, n) => (n * n) / 10))).toBe(heads + 60);
    expect(sizeOf(...Array.from({ length: 30 }, (_, n) => 2 ** 43 + n * 4_096))).toBe(heads + 30);
    expect(sizeOf(...Array.from({ length: 30 }, () => Math.PI))).toBe(1 + 8);
    expect(sizeOf(...Array.from({ length: 30 }, (_, n) => n * Math.PI))).toBe(1 + 30 * 8);
  });
});
