import type { Batch } from '@muster/bus';
import { type Grouping, type RequestEvent, type WindowName, windows } from '@muster/contracts';
import { openDatabase } from '@muster/event-store';
import { testDatabase, type TestDatabase } from '@muster/testing';
import fc from 'fast-check';
import type { DataSource } from 'typeorm';
import { Counting } from './counting.js';
import { iso, lives, START_MS, told, uuid } from './figures/requests.examples.js';
import { readTallies } from './figures/windows.query.js';
import { Requests1764000200000 } from './migrations/1764000200000-requests.js';
import { readOne } from './requests/requests.query.js';

const DAY_MS = 24 * 60 * 60 * 1_000;

/** What becomes of counts as time goes on. Facts are handed in by hand, so that the clock can be turned. */
describe('what was counted', () => {
  let place: TestDatabase;
  let database: DataSource;
  let nowMs = START_MS + 150_000;
  let counting: Counting;
  let hand: (batch: Batch<RequestEvent>) => Promise<void>;
  let stands: Batch<RequestEvent>['from'];
  /** Facts that follow those before. */
  const take = async (facts: readonly RequestEvent[]): Promise<void> => {
    const to = { life: 'one', sequence: (stands?.sequence ?? 0) + facts.length };
    const bodies = facts.map(({ data }) => JSON.stringify(data));
    const { signal } = new AbortController();
    await hand({ facts, bodies, from: stands, to, pending: 0, attempt: 1, signal });
    stands = to;
  };
  const all = fc.sample(lives, { numRuns: 12, seed: 11 }).flatMap((some) => some);
  const events = told([...new Map(all.map((life) => [life.requestId, life])).values()]);
  const ended = events.filter(({ type }) => type === 'RequestFinished').length;

  beforeAll(async () => {
    place = await testDatabase();
    database = await openDatabase({
      ...{ url: place.url, schema: 'stats', applicationName: 'stats' },
      migrations: [Requests1764000200000],
    });
    const clock = { now: () => iso(nowMs), monotonicMs: () => nowMs, wallMs: () => nowMs };
    counting = new Counting({ database, clock, thresholdMs: 30_000 });
    counting.take({
      takeRequests: (_, handler) => {
        hand = handler;
        return { stop: () => Promise.resolve() };
      },
    });
    for (let at = 0; at < events.length; at += 10) await take(events.slice(at, at + 10));
  }, 30_000);
  afterAll(async () => {
    await database.destroy();
    await place.drop();
  });

  const tallies = (window: WindowName, by: Grouping) => readTallies(database, window, by, nowMs);
  const everything = async () =>
    Promise.all(
      (Object.keys(windows) as WindowName[]).flatMap((window) =>
        (['all', 'node', 'model', 'key'] as const).map((by) => tallies(window, by)),
      ),
    );
  const inWindow = async (window: WindowName): Promise<number> =>
    (await tallies(window, 'all')).tallies[0]?.tally.totalMs?.count ?? 0;

  it('is told the same before and after it was added up', async () => {
    const before = await everything();
    await counting.addUp();
    expect(await database.query('select 1 from cell_changes')).toEqual([]);
    expect(await everything()).toEqual(before);
    expect(await inWindow('5m')).toBe(ended);
    await counting.addUp();
    expect(await everything()).toEqual(before);
  });

  it('counts nothing again of facts that are all told again from the first on, new ones among them', async () => {
    const [before, totals] = [await everything(), await counting.look((ledger) => structuredClone(ledger.totals))];
    await database.query('delete from stream_places');
    stands = undefined;
    const [asked, at] = [{ router: uuid(3, 9), endpoint: 'chat' as const, model: 'tiny', stream: false }, iso(nowMs)];
    const begins = (n: number): RequestEvent => ({
      type: 'RequestStarted',
      data: { ...asked, requestId: uuid(8, n), at },
    });
    // Half of them are in batches with a new one, the others are on their own.
    for (let at = 0; at < events.length; at += 10)
      await take([...(at % 20 === 0 ? [begins(at)] : []), ...events.slice(at, at + 10)]);
    const added = Math.ceil(events.length / 20);
    expect(events.length).toBeGreaterThan(20);
    const now = await counting.look((ledger) => structuredClone(ledger.totals));
    expect(now.accepted).toBe(totals.accepted + added);
    expect(now.ended).toEqual(totals.ended);
    expect(await everything()).toEqual(before);
  });

  it('leaves a window as it moves on, and stays in the longer ones', async () => {
    nowMs += 30 * 60_000;
    expect(await Promise.all([inWindow('5m'), inWindow('1h'), inWindow('24h'), inWindow('7d')])).toEqual([
      ...[0, ended, ended, ended],
    ]);
  });

  it('is tidied up: single requests and steps go, what is under way and the sums of all time stay', async () => {
    nowMs += 40 * DAY_MS;
    const open = await counting.look((ledger) => ledger.open.size);
    const totals = await counting.look((ledger) => structuredClone(ledger.totals));
    await counting.tidy({ requestsDays: 30, rollUpsDays: 30 });
    expect(open).toBeGreaterThan(0);
    const [left] = await database.query<{ n: number }[]>('select count(*)::int as n from requests');
    expect(left?.n).toBe(open);
    expect(await database.query(`select 1 from cells where level <> 'all'`)).toEqual([]);
    expect(await inWindow('all')).toBe(ended);
    expect(await counting.look((ledger) => ledger.totals)).toEqual(totals);
  });

  it.each(['tiny', 'ünï – 模型', 'C:\\models\\"tiny".gguf', 'half \ud83d'])(
    'keeps a request of the model %j as it was told',
    async (model) => {
      const requestId = uuid(7, model.length);
      const [asked, at] = [
        { requestId, router: uuid(3, 9), endpoint: 'chat' as const, model, stream: false },
        iso(nowMs),
      ];
      const spent = { queueMs: 1.5, totalMs: 20.25, bytesIn: 3, bytesOut: 4, attempts: 0 };
      const facts: RequestEvent[] = [
        { type: 'RequestStarted', data: { ...asked, at } },
        { type: 'RequestFinished', data: { ...asked, acceptedAt: at, outcome: 'refused', status: 400, ...spent, at } },
      ];
      await take(facts);
      const kept = await readOne(database, requestId);
      expect(kept?.facts).toEqual(facts);
      expect(kept?.view).toMatchObject({
        requestId,
        model,
        state: 'refused',
        acceptedAt: at,
        endedAt: at,
        totalMs: 20.25,
      });
      const [row] = await database.query<{ model: string }[]>('select * from requests where request_id = $1', [
        requestId,
      ]);
      const when = new Date(nowMs);
      expect(row).toMatchObject({ state: 'refused', router: asked.router, accepted_at: when, ended_at: when });
      expect(row).toMatchObject({ model: Buffer.from(model).toString(), total_ms: 20.25, node_id: null, key_id: null });
    },
  );

  it('adds up what an older release noted for each grouping', async () => {
    const completed = async () => (await tallies('all', 'all')).tallies[0]?.tally.completed ?? 0;
    const before = await completed();
    await database.query('insert into cell_changes (slot, by, id, cell) values ($1, $2, $3, $4)', [
      ...[START_MS, 'all', '', { sums: { completed: 3 }, errors: {}, spreads: {} }],
    ]);
    expect(await completed()).toBe(before + 3);
    await counting.addUp();
    expect(await completed()).toBe(before + 3);
  });
});
