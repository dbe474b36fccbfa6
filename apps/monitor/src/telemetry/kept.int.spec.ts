import { randomUUID } from 'node:crypto';
import type { LogEntry, LogPage, Measurement, NodeSample } from '@muster/contracts';
import { openDatabase } from '@muster/event-store';
import { Clock } from '@muster/service';
import { type TestDatabase, testDatabase } from '@muster/testing';
import fc from 'fast-check';
import type { DataSource } from 'typeorm';
import { Telemetry1764000100010 } from '../migrations/1764000100010-telemetry.js';
import { readLoadHistory } from './minutes.table.js';
import { NodeFeed } from './node-feed.js';
import { TelemetryKeeper } from './telemetry-keeper.js';

jest.setTimeout(60_000);

const START_MS = Date.parse('2026-11-23T12:00:00Z');

/** A clock that stands where it is put. */
class StoppedClock extends Clock {
  ms = 0;
  now = () => new Date(START_MS + this.ms).toISOString();
  monotonicMs = () => this.ms;
}

describe('what is kept of a node', () => {
  let test: TestDatabase;
  let database: DataSource;
  let clock: StoppedClock;
  let nodeId: string;
  let token: number;
  let run: string;
  const troubles: unknown[] = [];
  const retention = { logDays: 7, logEntriesPerNode: 10_000, minutesDays: 30 };

  beforeAll(async () => {
    test = await testDatabase();
    database = await openDatabase({
      url: test.url,
      schema: 'monitor',
      applicationName: 'monitor',
      migrations: [Telemetry1764000100010],
    });
  });
  afterAll(async () => {
    await database.destroy();
    await test.drop();
  });
  beforeEach(() => {
    [clock, nodeId, token, run] = [new StoppedClock(), randomUUID(), 1, randomUUID()];
    retention.logEntriesPerNode = 10_000;
    troubles.length = 0;
  });

  const keeper = () =>
    new TelemetryKeeper({
      database,
      wallMs: () => START_MS + clock.ms,
      retention: () => retention,
      onTrouble: (error) => troubles.push(error),
    });
  /** A monitor that takes the node up: what it publishes is collected. */
  const watch = async () => {
    const published: LogEntry[] = [];
    const samples: NodeSample[] = [];
    const feed = new NodeFeed({
      nodeId,
      epoch: randomUUID(),
      clock,
      queries: database,
      token: () => token,
      bus: {
        publishLog: ({ entries }) => published.push(...entries),
        publishSample: (sample) => samples.push(sample),
      },
    });
    feed.open(await keeper().flowOf(nodeId));
    const link = (line: number) => feed.begin({ run, numbering: run, line });
    const lines = (from: number, count: number, secondsLater = 0) =>
      feed.takeLines({
        type: 'lines',
        lines: Array.from({ length: count }, (_, index) => ({
          seq: from + index,
          at: new Date(START_MS + (from + index + secondsLater) * 1_000).toISOString(),
          level: 'info',
          source: 'node',
          message: `line ${from + index}`,
        })),
      });
    return { feed, published, samples, link, lines };
  };
  const messages = ({ entries }: LogPage) =>
    entries.map((entry) =>
      entry.kind === 'line' ? entry.line.seq : entry.kind === 'gap' ? `${entry.lost} lost` : entry.message,
    );
  const upTo = (last: number, first = 1) => Array.from({ length: last - first + 1 }, (_, n) => first + n);

  it('is there for the next monitor, which goes on where this one was and numbers on', async () => {
    const first = await watch();
    first.link(0);
    first.lines(1, 50);
    await keeper().keep([first.feed]);
    first.lines(51, 5);

    const second = await watch();
    expect(second.feed.resume).toEqual({ run, sample: 0, numbering: run, line: 50 });
    expect(second.link(50)).toEqual({ restarted: false, linesMissing: false });
    second.lines(51, 10);
    const page = await second.feed.readLog({ limit: 100 });
    expect(messages(page)).toEqual(upTo(60));
    expect(page.entries.map(({ n }) => n)).toEqual(upTo(60));
    expect(page.more).toBe(false);
  });

  it('is read page by page from memory and from behind it, each entry once', async () => {
    const before = await watch();
    before.link(0);
    before.lines(1, 40);
    await keeper().keep([before.feed]);
    const { feed, link, lines } = await watch();
    link(40);
    lines(41, 30);
    await fc.assert(
      fc.asyncProperty(fc.integer({ min: 1, max: 40 }), async (limit) => {
        const back: unknown[] = [];
        for (let page = await feed.readLog({ limit }); ;) {
          back.unshift(...messages(page));
          if (!page.more) break;
          page = await feed.readLog({ limit, before: page.entries[0]?.n ?? 0 });
        }
        const forth: unknown[] = [];
        for (let page = await feed.readLog({ limit, after: 0 }); ;) {
          forth.push(...messages(page));
          if (page.newer !== true) break;
          page = await feed.readLog({ limit, after: page.entries.at(-1)?.n ?? 0 });
        }
        expect([back, forth]).toEqual([upTo(70), upTo(70)]);
      }),
      { numRuns: 15 },
    );
  });

  it('is found by the time that its lines show', async () => {
    const { feed, link, lines } = await watch();
    link(0);
    lines(1, 500);
    await keeper().keep([feed]);
    const page = await feed.readLog({ around: new Date(START_MS + 250_000).toISOString(), limit: 10 });
    expect(messages(page)).toEqual(upTo(255, 246));
    expect([page.more, page.newer]).toEqual([true, true]);
    const early = await feed.readLog({ around: new Date(START_MS - 1).toISOString(), limit: 10 });
    expect(messages(early)[0]).toBe(1);
  });

  it('waits while the database is away, and shows a gap for what could not wait', async () => {
    const { feed, link, lines } = await watch();
    link(0);
    const away = new TelemetryKeeper({
      database: { transaction: () => Promise.reject(new Error('away')) } as unknown as DataSource,
      wallMs: () => START_MS,
      retention: () => retention,
      onTrouble: (error) => troubles.push(error),
    });
    for (let batch = 0; batch < 21; batch += 1) {
      clock.ms += 500;
      lines(batch * 500 + 1, 500);
      await away.keep([feed]);
    }
    expect(troubles).toEqual([expect.objectContaining({ message: 'away' })]);
    await keeper().keep([feed]);
    const next = await watch();
    next.link(10_500);
    const oldest = await next.feed.readLog({ after: 0, limit: 2 });
    expect(messages(oldest)).toEqual([501, 502]);
    expect((await next.feed.readLog({ limit: 1 })).entries[0]?.n).toBe(10_500);
  });

  it('is not written by a monitor that has lost the node to another', async () => {
    const old = await watch();
    old.link(0);
    old.lines(1, 1);
    await keeper().keep([old.feed]);
    token = 2;
    const present = await watch();
    present.link(1);
    present.lines(2, 1);
    await keeper().keep([present.feed]);
    token = 1;
    old.lines(2, 5);
    await keeper().keep([old.feed]);
    const { resume } = (await watch()).feed;
    expect(resume?.line).toBe(2);
  });

  it('stays within its bounds', async () => {
    retention.logEntriesPerNode = 20;
    const { feed, link, lines } = await watch();
    link(0);
    lines(1, 100);
    await keeper().keep([feed]);
    await keeper().trim();
    const next = await watch();
    expect(messages(await next.feed.readLog({ limit: 1_000 }))).toEqual(upTo(100, 81));
  });

  it('is let go by its age a part at a time, however much of it is due', async () => {
    await database.query(
      `insert into node_log (node_id, n, shown_at, kept_at, entry)
        select $1, n, now(), now() - make_interval(days => case when n <= 25000 then 8 else 1 end), '{}'
          from generate_series(1, 25003) n`,
      [nodeId],
    );
    await keeper().trim();
    const [left] = await database.query<{ count: string }[]>('select count(*) from node_log where node_id = $1', [
      nodeId,
    ]);
    expect(Number(left?.count)).toBe(3);
  });

  it('goes with the node', async () => {
    const { feed, link, lines } = await watch();
    link(0);
    lines(1, 10);
    await keeper().keep([feed]);
    await keeper().forget(nodeId);
    expect(await keeper().flowOf(nodeId)).toBeUndefined();
    expect(messages(await (await watch()).feed.readLog({ limit: 10 }))).toEqual([]);
  });

  describe('of its figures', () => {
    const measurement: Measurement = { cpuPercent: 0, memoryUsedBytes: 1, memoryTotalBytes: 4, gpus: [] };
    /** So many samples, one a second, the last of them just measured. */
    const samples = (from: number, count: number) => ({
      type: 'samples' as const,
      items: Array.from({ length: count }, (_, index) => ({
        seq: from + index,
        ageMs: (count - 1 - index) * 1_000,
        measurement: { ...measurement, cpuPercent: (from + index) % 60 },
      })),
    });
    const series = (minutes: number) =>
      readLoadHistory(database, nodeId, {
        from: new Date(START_MS).toISOString(),
        to: new Date(START_MS + minutes * 60_000).toISOString(),
      });

    it('has every minute whole after an outage, whoever takes the samples', async () => {
      const first = await watch();
      first.link(0);
      clock.ms = 89_000;
      first.feed.takeSamples(samples(1, 90));
      await keeper().keep([first.feed]);
      clock.ms = 599_000;
      const second = await watch();
      second.link(0);
      second.feed.takeSamples(samples(91, 510));
      clock.ms = 700_000;
      await keeper().keep([first.feed]);
      await keeper().keep([second.feed]);
      const { stepMs, points } = await series(10);
      expect(stepMs).toBe(60_000);
      expect(points.map(({ samples: count }) => count)).toEqual([60, 30, 60, 60, 60, 60, 60, 60, 60, 60]);
      expect(points[2]).toMatchObject({ cpuPercent: { mean: 29.5, highest: 59 }, memoryPercent: { mean: 25 } });
      expect(points[2]).not.toHaveProperty('gpuPercent');
    });

    it('is not lessened by a part of a minute that comes later', async () => {
      const first = await watch();
      first.link(0);
      clock.ms = 59_000;
      first.feed.takeSamples(samples(1, 60));
      clock.ms = 70_000;
      await keeper().keep([first.feed]);
      const second = await watch();
      second.link(0);
      clock.ms = 59_000;
      second.feed.takeSamples(samples(41, 20));
      clock.ms = 70_000;
      await keeper().keep([second.feed]);
      expect((await series(1)).points).toMatchObject([{ samples: 60, cpuPercent: { mean: 29.5 } }]);
    });

    it('comes in coarser steps over longer spans, with the mean weighed by samples', async () => {
      const { feed, link } = await watch();
      link(0);
      clock.ms = 89_000;
      feed.takeSamples(samples(1, 90));
      clock.ms = 200_000;
      await keeper().keep([feed]);
      const { stepMs, points } = await series(24 * 60);
      expect(stepMs).toBe(300_000);
      const mean = upTo(90).reduce((sum, n) => sum + (n % 60), 0) / 90;
      expect(points).toMatchObject([{ at: '2026-11-23T12:00:00.000Z', samples: 90, cpuPercent: { highest: 59 } }]);
      expect(points[0]?.cpuPercent.mean).toBeCloseTo(mean, 3);
    });
  });
});
