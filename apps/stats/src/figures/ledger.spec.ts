import type { RequestEvent } from '@muster/contracts';
import fc from 'fast-check';
import type { Tracked } from '../requests/tracked.js';
import { Cell, type StoredCell } from './cell.js';
import { conservationOf, figuresOf } from './figures.js';
import { Ledger } from './ledger.js';
import { iso, lives, nodeId, START_MS, told, uuid } from './requests.examples.js';
import { KnownNames, scopeKey, scopesOf } from './scope.js';
import { emptyRun, emptyTotals, Totals } from './totals.js';

const THRESHOLD_MS = 10_000;
const newTotals = () => emptyTotals(emptyRun('run', iso(START_MS), THRESHOLD_MS));

/** What stats keeps: a ledger that is made anew from what was stored before each batch, as after each a crash. */
class Kept {
  totals: unknown = JSON.parse(JSON.stringify(newTotals()));
  readonly requests = new Map<string, Tracked>();
  /** What is kept of each scope and slot. */
  readonly cells = new Map<string, StoredCell>();

  ledger(): Ledger {
    const open = [...this.requests.values()].filter(({ view }) => view.state === 'queued' || view.state === 'running');
    return new Ledger(Totals.parse(this.totals), open, new KnownNames());
  }

  in<T>(work: (ledger: Ledger) => T): T {
    const ledger = this.ledger();
    const done = work(ledger);
    const { requests, cells } = ledger.changes();
    for (const tracked of requests) this.requests.set(tracked.view.requestId, tracked);
    for (const { slotMs, together, cell } of cells)
      for (const scope of scopesOf(together)) {
        const key = `${slotMs} ${scopeKey(scope)}`;
        const sum = Cell.from(this.cells.get(key) ?? { sums: {}, errors: {}, spreads: {} });
        sum.merge(cell);
        this.cells.set(key, JSON.parse(JSON.stringify(sum.stored())) as StoredCell);
      }
    this.totals = JSON.parse(JSON.stringify(ledger.totals));
    return done;
  }

  take(events: readonly RequestEvent[]): void {
    this.in((ledger) => {
      for (const event of events) ledger.take(event, this.requests.get(event.data.requestId));
    });
  }

  /** All cells of a scope as one. */
  sum(of: string): StoredCell {
    const sum = new Cell();
    for (const [key, cell] of this.cells) if (key.endsWith(` ${of}`)) sum.merge(Cell.from(cell));
    return sum.stored();
  }

  get all() {
    const { accepted, inFlight, queued, ...ended } = conservationOf(this.ledger());
    return { accepted, under: inFlight + queued, ended, totals: this.totals, cells: sorted(this.cells) };
  }
}

const sorted = (cells: ReadonlyMap<string, StoredCell>) => [...cells].sort(([one], [other]) => (one < other ? -1 : 1));
const once = (events: readonly RequestEvent[]): Kept => {
  const kept = new Kept();
  kept.take(events);
  return kept;
};

describe('counting requests', () => {
  it('agrees with the sum of the facts', () => {
    fc.assert(
      fc.property(lives, (all) => {
        const kept = once(told(all));
        const finished = all.flatMap(({ events }) =>
          events.flatMap((e) => (e.type === 'RequestFinished' ? [e.data] : [])),
        );
        const { accepted, ended, under } = kept.all;
        expect(accepted).toBe(all.length);
        for (const outcome of ['completed', 'failed', 'cancelled', 'refused'] as const)
          expect(ended[outcome]).toBe(finished.filter((data) => data.outcome === outcome).length);
        expect(under).toBe(all.length - finished.length);
        const tally = Cell.from(kept.sum('all ')).tally();
        expect(tally.tokensIn).toBe(finished.reduce((sum, { tokensIn = 0 }) => sum + tokensIn, 0));
        expect(tally.tokensOut).toBe(finished.reduce((sum, { tokensOut = 0 }) => sum + tokensOut, 0));
        expect(tally.delayed).toBe(finished.filter(({ totalMs }) => totalMs > THRESHOLD_MS).length);
        expect(tally.totalMs?.count ?? 0).toBe(finished.length);
        expect(Object.values(tally.errors).reduce((sum, n) => sum + n, 0)).toBe(
          finished.filter(({ error }) => error !== undefined).length,
        );
      }),
    );
  });

  it('comes to the same however the facts are batched, with a crash after each batch', () => {
    fc.assert(
      fc.property(lives, fc.array(fc.integer({ min: 1, max: 7 }), { minLength: 1 }), (all, sizes) => {
        const events = told(all);
        const kept = new Kept();
        for (let at = 0, n = 0; at < events.length; n += 1) {
          const size = sizes[n % sizes.length] ?? 1;
          kept.take(events.slice(at, at + size));
          at += size;
        }
        expect(kept.all).toEqual(once(events).all);
      }),
    );
  });

  it('counts a fact that comes again once, at once or long after', () => {
    fc.assert(
      fc.property(lives, fc.array(fc.nat()), fc.boolean(), (all, again, atOnce) => {
        const events = told(all);
        const repeated = [...events];
        for (const n of again) {
          const event = events[n % Math.max(1, events.length)];
          if (event !== undefined) repeated.splice(atOnce ? repeated.indexOf(event) + 1 : repeated.length, 0, event);
        }
        expect(once(repeated).all).toEqual(once(events).all);
      }),
    );
  });

  it('has every accepted request in one place, after each single fact', () => {
    fc.assert(
      fc.property(lives, (all) => {
        const ledger = new Kept().ledger();
        for (const event of told(all)) {
          ledger.take(event);
          const { accepted, ...places } = conservationOf(ledger);
          expect(Object.values(places).reduce((sum, n) => sum + n, 0)).toBe(accepted);
          expect(Object.values(places).every((n) => n >= 0)).toBe(true);
        }
      }),
    );
  });

  it('adds up from nodes, from models and from keys to the same whole', () => {
    fc.assert(
      fc.property(lives, (all) => {
        const kept = once(told(all));
        const sums = (by: string) => {
          const sum = new Cell();
          for (const [key, cell] of kept.cells) if (key.includes(` ${by} `)) sum.merge(Cell.from(cell));
          return sum.tally();
        };
        for (const by of ['node', 'model', 'key']) expect(sums(by)).toEqual(sums('all'));
      }),
    );
  });

  it('gives a lost request its outcome when its end is told after all', () => {
    fc.assert(
      fc.property(lives, (all) => {
        const events = told(all);
        const half = Math.floor(events.length / 2);
        const kept = new Kept();
        kept.take(events.slice(0, half));
        const lost = kept.in((ledger) => {
          const ids = [...ledger.open.keys()];
          ledger.lose(ids, iso(START_MS + 50_000));
          return ids.length;
        });
        expect(kept.all.ended.lost).toBe(lost);
        expect(kept.all.under).toBe(0);
        kept.take(events.slice(half));
        const straight = once(events).all;
        const open = new Set(
          all.filter(({ events: own }) => own.at(-1)?.type !== 'RequestFinished').map((l) => l.requestId),
        );
        const stillLost = [...kept.requests.values()].filter(({ view }) => view.state === 'lost');
        expect(stillLost.every(({ view }) => open.has(view.requestId))).toBe(true);
        expect(kept.all.ended).toEqual({ ...straight.ended, lost: stillLost.length });
        expect(Cell.from(kept.sum('all ')).tally().lost).toBe(stillLost.length);
      }),
    );
  });

  it('knows the most that were on nodes at one moment, and how long they were there', () => {
    const kept = new Kept();
    const at = (ms: number) => iso(START_MS + ms);
    const asked = (n: number) => ({
      ...{ requestId: uuid(1, n), router: uuid(3, 0), endpoint: 'chat' as const, model: 'tiny', stream: false },
    });
    const finish = (n: number, node: number, acceptedMs: number, endMs: number): RequestEvent => ({
      type: 'RequestFinished',
      data: {
        ...asked(n),
        ...{ nodeId: nodeId(node), executorId: 'one', acceptedAt: at(acceptedMs), outcome: 'completed', status: 200 },
        ...{ queueMs: 0, totalMs: endMs - acceptedMs, bytesIn: 1, bytesOut: 1, attempts: 1, at: at(endMs) },
      },
    });
    const start = (n: number, node: number | undefined, ms: number): RequestEvent => ({
      type: 'RequestStarted',
      data: { ...asked(n), ...(node !== undefined && { nodeId: nodeId(node), executorId: 'one' }), at: at(ms) },
    });
    kept.take([start(1, 1, 0), start(2, 2, 1_000), start(3, undefined, 1_500)]);
    kept.take([finish(1, 1, 0, 4_000)]);
    const dispatch: RequestEvent = {
      type: 'RequestDispatched',
      data: {
        ...{ requestId: uuid(1, 3), router: uuid(3, 0), nodeId: nodeId(1), executorId: 'one' },
        queueMs: 2_500,
        attempt: 1,
        at: at(4_000),
      },
    };
    kept.take([dispatch]);
    const nodes = [1, 2].map((n) => ({ nodeId: nodeId(n), connected: true, slots: n }));
    const figures = figuresOf(kept.ledger(), { now: at(6_000), nodes, perSecond: 0, recent: [], pending: 0 });
    expect(figures.concurrency).toMatchObject({ now: 2, queued: 0, most: 2, mostAt: at(1_000) });
    // Node 1 worked 4 s and 2 s on one slot, node 2 worked 5 s on two.
    expect(figures.concurrency.nodes).toMatchObject([
      { nodeId: nodeId(1), inFlight: 1, most: 1, share: 0.545 },
      { nodeId: nodeId(2), inFlight: 1, most: 1, share: 0.455 },
    ]);
    expect(figures.concurrency.balance).toBeCloseTo((6 + 2.5) ** 2 / (2 * (6 ** 2 + 2.5 ** 2)), 3);
    expect(figures.handled).toMatchObject({ sinceStart: 1, allTime: 1 });
  });

  it('begins anew with the Gateway, and keeps what is of all time', () => {
    const kept = new Kept();
    const [life] = fc.sample(
      lives.filter((all) => all.some(({ events }) => events.at(-1)?.type === 'RequestFinished')),
      {
        numRuns: 1,
        seed: 7,
      },
    );
    kept.take(told(life ?? []));
    const before = kept.all;
    kept.in((ledger) => {
      ledger.beginRun(emptyRun('next', iso(START_MS + 3_600_000), THRESHOLD_MS));
    });
    const figures = figuresOf(kept.ledger(), {
      now: iso(START_MS + 3_600_000),
      nodes: [],
      perSecond: 0,
      recent: [],
      pending: 0,
    });
    expect(figures.handled.sinceStart).toBe(0);
    expect(figures.handled.allTime).toBeGreaterThan(0);
    expect(kept.all.ended).toEqual(before.ended);
    expect(figures.concurrency.most).toBe(figures.concurrency.now);
  });
});
