import { randomUUID } from 'node:crypto';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import {
  Figures,
  ReadRequest,
  ReadRequests,
  ReadSeries,
  ReadTallies,
  Refusal,
  type RequestEvent,
  SettingsState,
} from '@muster/contracts';
import { until } from '@muster/testing';
import fc from 'fast-check';
import { emptyRun, emptyTotals } from './figures/totals.js';
import { conservationOf } from './figures/figures.js';
import { Ledger } from './figures/ledger.js';
import { KnownNames } from './figures/scope.js';
import { type Life, lives, nodeId, told } from './figures/requests.examples.js';
import { Stage, within30 } from './stats.fixture.js';

jest.setTimeout(120_000);

/** So many requests, with ids of their own, as they end about now. */
function requests(seed: number, wanted = 200): Life[] {
  const shift = Date.now() - Date.UTC(2026, 10, 23, 12, 2, 0);
  const all = fc.sample(lives, { numRuns: wanted, seed }).flat().slice(0, wanted);
  return all.map(({ events }) => {
    const requestId = randomUUID();
    const later = (at: string) => new Date(Date.parse(at) + shift).toISOString();
    return {
      requestId,
      events: events.map((event): RequestEvent => {
        const data = { ...event.data, requestId, at: later(event.data.at) };
        return event.type === 'RequestFinished'
          ? { ...event, data: { ...data, acceptedAt: later(event.data.acceptedAt) } as typeof event.data }
          : ({ ...event, data } as RequestEvent);
      }),
    };
  });
}

/** A fresh fold of the facts, with nothing in between. */
function folded(events: readonly RequestEvent[]): Figures['conservation'] {
  const ledger = new Ledger(emptyTotals(emptyRun('', '2026-01-01T00:00:00.000Z', 30_000)), [], new KnownNames());
  for (const event of events) ledger.take(event);
  return conservationOf(ledger);
}

const routersOf = (all: readonly Life[]) => new Set(all.flatMap(({ events }) => events.map(({ data }) => data.router)));

describe('stats', () => {
  let stage: Stage;

  beforeEach(async () => {
    stage = await Stage.open();
  });
  afterEach(async () => {
    await stage.close();
  });

  const agrees = (events: readonly RequestEvent[]) => {
    const expected = folded(events);
    return stage.sees(({ conservation }) => JSON.stringify(conservation) === JSON.stringify(expected));
  };

  it('counts what routers tell, and its totals equal the facts', async () => {
    await stage.connect(nodeId(0), 2);
    await stage.connect(nodeId(1), 1);
    await stage.start();
    const all = requests(1);
    for (const router of routersOf(all)) stage.pulse(router);
    const events = told(all);
    await stage.tell(events.slice(0, 150));
    await stage.tell(events.slice(150));
    const { conservation, handled, concurrency } = await agrees(events);
    const { accepted, ...places } = conservation;
    expect(accepted).toBe(all.length);
    expect(Object.values(places).reduce((sum, n) => sum + n, 0)).toBe(accepted);
    const finished = all.filter(({ events: own }) => own.at(-1)?.type === 'RequestFinished');
    expect(handled.allTime).toBe(finished.length);
    expect(concurrency.nodes.map(({ connected }) => connected)).toEqual([true, true]);
    expect(concurrency.balance).toBeGreaterThan(0);

    const { tallies } = await stage.ask(ReadTallies, { window: 'all', by: 'node' });
    expect(tallies.reduce((sum, { tally }) => sum + tally.completed, 0)).toBe(conservation.completed);
    const [whole] = (await stage.ask(ReadTallies, { window: '1h', by: 'all' })).tallies;
    expect(whole?.tally.totalMs?.count).toBe(finished.length);
    const { lines } = await stage.ask(ReadSeries, { window: '5m', by: 'model' });
    expect(lines.flatMap(({ points }) => points).reduce((sum, { ended }) => sum + ended, 0)).toBe(finished.length);
  });

  it('lists requests page by page, by filter, and the life of each as facts', async () => {
    await stage.start();
    const all = requests(2, 60);
    for (const router of routersOf(all)) stage.pulse(router);
    await stage.tell(told(all));
    await agrees(told(all));
    const listed: string[] = [];
    let before: string | undefined;
    do {
      const page = await stage.ask(ReadRequests, {
        filter: {},
        limit: 25,
        ...(before === undefined ? {} : { before }),
      });
      listed.push(...page.requests.map(({ requestId }) => requestId));
      before = page.older ?? undefined;
    } while (before !== undefined);
    expect(listed).toHaveLength(60);
    expect(new Set(listed)).toEqual(new Set(all.map(({ requestId }) => requestId)));

    const failed = await stage.ask(ReadRequests, { filter: { state: 'failed', model: 'model-1' }, limit: 100 });
    const expected = all.flatMap(({ events }) =>
      events.filter(
        (event) =>
          event.type === 'RequestFinished' && event.data.outcome === 'failed' && event.data.model === 'model-1',
      ),
    );
    expect(failed.requests).toHaveLength(expected.length);

    const [some] = all;
    const { request, facts } = await stage.ask(ReadRequest, { requestId: some?.requestId ?? '' });
    expect(facts).toEqual(some?.events);
    expect(request.requestId).toBe(some?.requestId);
    await expect(stage.ask(ReadRequest, { requestId: randomUUID() })).rejects.toThrow(Refusal);
    expect(stage.live.flatMap(({ changed }) => changed).length).toBeGreaterThan(0);
  });

  it('gives up the requests of a router that fell silent, and corrects that when their end is told after all', async () => {
    await stage.start();
    const all = requests(3, 40);
    const events = told(all);
    const half = events.slice(0, 40);
    await stage.tell(half);
    const open = folded(half);
    const { conservation } = await stage.sees(({ conservation: { lost } }) => lost > 0);
    expect(conservation).toMatchObject({ lost: open.inFlight + open.queued, inFlight: 0, queued: 0 });
    for (const router of routersOf(all)) stage.pulse(router);
    await stage.tell(events.slice(40));
    const wanted = folded(events);
    const after = await stage.sees(({ conservation: { completed } }) => completed === wanted.completed);
    expect(after.conservation).toMatchObject({ failed: wanted.failed, accepted: wanted.accepted });
    expect(after.conservation.lost + after.conservation.inFlight + after.conservation.queued).toBe(
      wanted.inFlight + wanted.queued,
    );
  });

  it('counts every fact once over kill -9 while it counts', async () => {
    const all = requests(4, 1_500);
    for (const router of routersOf(all)) stage.pulse(router);
    const events = told(all);
    await stage.tell(events.slice(0, 1_000));
    const sequence = () =>
      stage.database.query<{ sequence: string }>('select sequence from stats.stream_places').then(
        ([row]) => Number(row?.sequence ?? 0),
        () => 0,
      );
    for (let round = 0; round < 3; round += 1) {
      const child = spawn(process.execPath, ['apps/stats/dist/main.js'], {
        cwd: new URL('../../..', import.meta.url).pathname,
        env: { PATH: process.env['PATH'], ...stage.env() },
        stdio: 'ignore',
      });
      const exited = once(child, 'exit');
      const before = await sequence();
      const more = events.slice(1_000 + round * 300, 1_300 + round * 300);
      const telling = stage.tell(more);
      // Killed as soon as it has got on, wherever it is then.
      await until(sequence, (now) => now > before, within30);
      child.kill('SIGKILL');
      await exited;
      await telling;
    }
    await stage.tell(events.slice(1_900));
    await stage.start();
    await agrees(events);
    const { tallies } = await stage.ask(ReadTallies, { window: 'all', by: 'all' });
    expect(tallies[0]?.tally.completed).toBe(folded(events).completed);
  });

  it('counts in one process at a time: beside another one the figures are as of one, and go on when that one ends', async () => {
    const first = await stage.start();
    await stage.start();
    const accepted: number[] = [];
    const watching = stage.bus.bucket('FIGURES', Figures).watch((change) => {
      if (change.change === 'put') accepted.push(change.value.conservation.accepted);
    });
    const all = requests(8, 120);
    for (const router of routersOf(all)) stage.pulse(router);
    const events = told(all);
    for (let at = 0; at < 100; at += 20) await stage.tell(events.slice(at, at + 20));
    await agrees(events.slice(0, 100));
    await stage.stop(first);
    for (let at = 100; at < events.length; at += 20) await stage.tell(events.slice(at, at + 20));
    await agrees(events);
    const { tallies } = await stage.ask(ReadTallies, { window: 'all', by: 'all' });
    expect(tallies[0]?.tally.completed).toBe(folded(events).completed);
    await watching.stop();
    // Whoever does not count would tell what was so when it looked last.
    expect(accepted).toEqual([...accepted].sort((one, other) => one - other));
    expect(stage.log.filter((line) => line.includes('"Counting"'))).toHaveLength(2);
  });

  it('keeps its figures when NATS loses what it stored, and puts them there again', async () => {
    await stage.start();
    const all = requests(5, 80);
    for (const router of routersOf(all)) stage.pulse(router);
    const events = told(all);
    await stage.tell(events.slice(0, 80));
    const before = await agrees(events.slice(0, 80));
    await stage.nats.wipe();
    stage.figures = undefined;
    await stage.sees(({ conservation }) => conservation.accepted >= before.conservation.accepted);
    await until(() => stage.tell(events.slice(60)).then(() => true), undefined, within30);
    await agrees(events);
  });

  it('goes on by itself after its database was away', async () => {
    await stage.start();
    const all = requests(6, 60);
    for (const router of routersOf(all)) stage.pulse(router);
    const events = told(all);
    await stage.tell(events.slice(0, 50));
    await agrees(events.slice(0, 50));
    await stage.database.refuseConnections(true);
    await stage.database.cutConnections();
    await stage.tell(events.slice(50));
    await stage.database.refuseConnections(false);
    await agrees(events);
  });

  it('begins anew with the Gateway, and counts the delayed by the threshold that is set', async () => {
    await stage.start();
    const all = requests(7, 100).filter(({ events }) => events.at(-1)?.type === 'RequestFinished');
    for (const router of routersOf(all)) stage.pulse(router, 0);
    const events = told(all);
    const totals = events.flatMap((event) => (event.type === 'RequestFinished' ? [event.data] : []));
    const startedAt = new Date(Math.max(...totals.map(({ at }) => Date.parse(at))) - 20_000).toISOString();
    const since = totals.filter(({ at }) => Date.parse(at) >= Date.parse(startedAt));
    await stage.tell(events.slice(0, events.length / 2));
    await stage.gatewayStarts(startedAt);
    await stage.tell(events.slice(events.length / 2));
    const slower = (ms: number) => since.filter(({ totalMs }) => totalMs > ms).length;
    const { delayed } = await stage.sees(
      (figures) => figures.since === startedAt && figures.handled.sinceStart === since.length,
    );
    expect(delayed).toEqual({ thresholdMs: 30_000, count: slower(30_000), of: since.length });
    await stage.bus.bucket('SETTINGS', SettingsState).put('gateway', {
      accessKey: {
        keyId: '01234567',
        sealed: { algorithm: 'A256GCM', keyId: '01234567', nonce: '', ciphertext: '', tag: '' },
      },
      delayedThresholdMs: 5_000,
    });
    const changed = await stage.sees((figures) => figures.delayed.thresholdMs === 5_000);
    expect(changed.delayed).toEqual({ thresholdMs: 5_000, count: slower(5_000), of: since.length });
  });
});
