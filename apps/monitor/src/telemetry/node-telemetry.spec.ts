import type { LogLine, Measurement } from '@muster/contracts';
import { NodeTelemetry } from './node-telemetry.js';

const nodeId = '0f8fad5b-d9cb-469f-a165-70867728950e';
const run = '7c9e6679-7425-40de-944b-e07fc1f90ae7';
const measurement: Measurement = { cpuPercent: 5, memoryUsedBytes: 1, memoryTotalBytes: 2, gpus: [] };
const at = (monotonicMs: number) => ({ wallMs: Date.parse('2026-11-23T12:00:00Z') + monotonicMs, monotonicMs });
const line = (seq: number, message = 'hello'): LogLine => ({
  seq,
  at: '2020-01-01T00:00:00.000Z',
  level: 'info',
  source: 'node',
  message,
});
const lines = (from: number, count: number, message?: string) =>
  Array.from({ length: count }, (_, index) => line(from + index, message));
const linked = () => {
  const telemetry = new NodeTelemetry(nodeId, 'epoch', 0);
  telemetry.begin({ run, numbering: run, line: 0 });
  return telemetry;
};

describe('the samples of a node', () => {
  it('are stamped on arrival, whatever the clock of the node says, less their age', () => {
    const samples = linked().takeSamples(
      [
        { seq: 1, ageMs: 2_000, measurement },
        { seq: 2, ageMs: 0, measurement },
      ],
      at(10_000),
    );
    expect(samples.map(({ sample }) => sample.at)).toEqual(['2026-11-23T12:00:08.000Z', '2026-11-23T12:00:10.000Z']);
  });

  it('are those of the last five minutes', () => {
    const telemetry = linked();
    for (let second = 0; second < 400; second++)
      telemetry.takeSamples([{ seq: second + 1, ageMs: 0, measurement }], at(second * 1_000));
    expect(
      telemetry
        .readSamples(at(400_000))
        .map(({ seq }) => seq)
        .at(0),
    ).toBe(101);
    expect(telemetry.readSamples(at(400_000))).toHaveLength(300);
    expect(telemetry.readSamples(at(400_000)).map(({ seq }) => seq)).toEqual(
      Array.from({ length: 300 }, (_, n) => n + 101),
    );
  });

  it('that are fetched late and too old for the window are seen and not shown', () => {
    const telemetry = linked();
    expect(telemetry.takeSamples([{ seq: 7, ageMs: 900_000, measurement }], at(0))).toEqual([]);
    expect(telemetry.seen).toEqual({ run, sample: 7, numbering: run, line: 0 });
  });

  it('fit into one message however large they are', () => {
    const telemetry = linked();
    const gpus = Array.from({ length: 64 }, (_, index) => ({
      index,
      utilisationPercent: 12.345678,
      temperatureCelsius: 50,
    }));
    for (let seq = 1; seq <= 300; seq++)
      telemetry.takeSamples([{ seq, ageMs: 0, measurement: { ...measurement, gpus } }], at(seq));
    const kept = telemetry.readSamples(at(300));
    expect(JSON.stringify(kept).length).toBeLessThan(900_000);
    expect(kept.at(-1)?.seq).toBe(300);
  });
});

describe('the flow of a node', () => {
  it('goes on where it was after an outage', () => {
    const telemetry = linked();
    telemetry.takeSamples([{ seq: 3, ageMs: 0, measurement }], at(0));
    telemetry.takeLines(lines(1, 5), at(0));
    telemetry.skip('lines', 4);
    expect(telemetry.seen).toEqual({ run, sample: 3, numbering: run, line: 9 });
    expect(telemetry.begin({ run, numbering: run, line: 9 })).toEqual({ restarted: false, linesMissing: false });
    expect(telemetry.seen).toEqual({ run, sample: 3, numbering: run, line: 9 });
  });

  it('starts anew with another life of the node service', () => {
    const telemetry = linked();
    telemetry.takeLines(lines(1, 5), at(0));
    const another = '9b2e4d40-6f0b-4f0e-8a53-0d0c1fb5a8aa';
    expect(telemetry.begin({ run: another, numbering: another, line: 0 })).toEqual({
      restarted: true,
      linesMissing: true,
    });
    expect(telemetry.seen).toEqual({ run: another, sample: 0, numbering: another, line: 0 });
  });
});

describe('the lines of a node that outlast its restarts', () => {
  it('go on where they were in the next life, and none is missing', () => {
    const telemetry = linked();
    telemetry.takeLines(lines(1, 5), at(0));
    const another = '9b2e4d40-6f0b-4f0e-8a53-0d0c1fb5a8aa';
    expect(telemetry.begin({ run: another, numbering: run, line: 5 })).toEqual({
      restarted: true,
      linesMissing: false,
    });
    expect(telemetry.seen).toEqual({ run: another, sample: 0, numbering: run, line: 5 });
  });
});

describe('a log that floods', () => {
  it('loses what is beyond a thousand lines a second, and says where and how many', () => {
    const telemetry = linked();
    let entries = 0;
    for (let turn = 0; turn < 40; turn++) entries += telemetry.takeLines(lines(turn * 500 + 1, 500), at(0)).length;
    expect(entries).toBe(12_000);
    expect(telemetry.tellDropped(at(0))).toMatchObject({
      lost: 8_000,
      entries: [{ kind: 'gap', lost: 8_000, where: 'monitor' }],
    });
    expect(telemetry.tellDropped(at(0))).toEqual({ lost: 0, entries: [] });
  });

  it('has the gap before the next line that is taken', () => {
    const telemetry = linked();
    for (let turn = 0; turn < 25; turn++) telemetry.takeLines(lines(turn * 500 + 1, 500), at(0));
    const [gap, next] = telemetry.takeLines(lines(12_501, 1), at(1_000));
    expect(gap).toMatchObject({ kind: 'gap', lost: 500, where: 'monitor' });
    expect(next).toMatchObject({ kind: 'line', line: { seq: 12_501 } });
  });

  it('is bounded by bytes too', () => {
    const telemetry = linked();
    let entries = 0;
    for (let turn = 0; turn < 8; turn++)
      entries += telemetry.takeLines(lines(turn * 500 + 1, 500, 'x'.repeat(8_192)), at(0)).length;
    expect(entries).toBe(2_048);
  });

  it('lets a whole buffer of a node pass after an outage', () => {
    const telemetry = linked();
    let entries = 0;
    for (let turn = 0; turn < 20; turn++) entries += telemetry.takeLines(lines(turn * 500 + 1, 500), at(0)).length;
    expect(entries).toBe(10_000);
    expect(telemetry.tellDropped(at(0)).lost).toBe(0);
  });
});
