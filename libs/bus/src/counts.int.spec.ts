import { factFamilies, type Order, Outage, Refusal } from '@muster/contracts';
import { type TestNats, testNats, until } from '@muster/testing';
import * as z from 'zod/mini';
import { aService, callerWith, noticedBus, publishFacts } from './bus.fixture.js';
import type { BusCounts } from './notice.js';

jest.setTimeout(30_000);

const Name = {
  subject: 'muster.ask.registry.name',
  request: z.object({ how: z.optional(z.string()) }),
  reply: z.object({ name: z.string() }),
  allowed: 'services',
  deadlineMs: 1_500,
  answers: 'once',
} as const satisfies Order;

describe('what a bus counts', () => {
  let nats: TestNats;
  let bus: Awaited<ReturnType<typeof noticedBus>>;
  let other: Awaited<ReturnType<typeof noticedBus>>;
  let answered: Parameters<BusCounts['answered']>[];
  let lost: Parameters<BusCounts['lost']>[];

  beforeEach(async () => {
    nats = await testNats();
    [answered, lost] = [[], []];
    const counts: BusCounts = {
      answered: (...call) => void answered.push(call),
      lost: (...call) => void lost.push(call),
    };
    [bus, other] = await Promise.all([noticedBus(nats.url, 'one', { counts }), noticedBus(nats.url, 'other')]);
  });

  afterEach(async () => {
    await Promise.all([bus.close({ finishMs: 100 }), other.close({ finishMs: 100 })]);
    await nats.stop();
  });

  it('has every order with its outcome and how long it took', async () => {
    await bus.answer(Name, async ({ how }) => {
      if (how === 'refused') throw new Refusal('node-unknown');
      if (how === 'away') throw new Outage('database', 'The database is away');
      if (how === 'bug') throw new TypeError('a bug');
      return Promise.resolve({ name: 'one' });
    });
    for (const how of ['well', 'refused', 'away', 'bug'])
      await other.ask(Name, { how }, aService).catch(() => undefined);
    await other.ask(Name, {}, callerWith('fleet:view')).catch(() => undefined);
    await until(() => answered.length === 5);
    expect(answered.map(([subject, outcome]) => [subject, outcome])).toEqual(
      ['replied', 'refused', 'outage', 'failure', 'refused'].map((outcome) => [Name.subject, outcome]),
    );
    expect(answered.every(([, , seconds]) => seconds >= 0 && seconds < 5)).toBe(true);
  });

  it('has the messages that did not come', async () => {
    const seen: number[] = [];
    const tell = (seq: number) => {
      other.publishRequests({ epoch: '00000000-0000-4000-8000-000000000001', seq, changed: [] });
    };
    bus.onRequests(({ seq }) => void seen.push(seq));
    // Until the server knows who listens; the same number again is passed over.
    await until(() => {
      tell(1);
      return seen.length === 1;
    });
    tell(5);
    await until(() => seen.length === 2);
    expect(lost).toEqual([['requests', 3]]);
  });

  it('says how far each reader that keeps its place is', async () => {
    await bus.assertStreams();
    await publishFacts(bus, 1, 6);
    const taken: number[] = [];
    let open: () => void = () => undefined;
    await bus.consumeFacts(factFamilies.node, { durable: 'slow' }, async ({ position }) => {
      taken.push(position);
      if (position === 2) await new Promise<void>((resolve) => (open = resolve));
    });
    const batches: number[] = [];
    bus.takeFacts(factFamilies.node, { name: 'taker', place: () => Promise.resolve(undefined) }, async ({ facts }) => {
      batches.push(facts.length);
      return Promise.resolve();
    });
    await until(() => taken.length === 2 && batches.reduce((sum, size) => sum + size, 0) === 6);
    const states = await until(
      () => bus.readers(),
      (read) => read.length === 2 && read.some(({ name, pending }) => name === 'taker' && pending === 0),
    );
    const slow = states.find(({ name }) => name === 'slow');
    expect(slow).toMatchObject({ stream: 'FLEET', pending: 4, ackPending: 1, redelivered: 0 });
    open();
    await until(
      () => bus.readers(),
      (read) => read.some(({ name, pending }) => name === 'slow' && pending === 0),
    );
  });
});

describe('asking everybody', () => {
  let nats: TestNats;
  let buses: Awaited<ReturnType<typeof noticedBus>>[];

  beforeEach(async () => {
    nats = await testNats();
    buses = await Promise.all(['asks', 'a', 'b', 'c'].map((name) => noticedBus(nats.url, name)));
  });

  afterEach(async () => {
    await Promise.all(buses.map((bus) => bus.close({ finishMs: 100 })));
    await nats.stop();
  });

  it('brings an answer of each, and none of who refuses or says nothing in time', async () => {
    const [asks, a, b, c] = buses as [(typeof buses)[0], (typeof buses)[0], (typeof buses)[0], (typeof buses)[0]];
    await a.answer(Name, () => Promise.resolve({ name: 'a' }), { queue: 'a' });
    await b.answer(Name, () => Promise.resolve({ name: 'b' }), { queue: 'b' });
    await c.answer(Name, () => Promise.reject(new Refusal('not-found')), { queue: 'c' });
    await c.answer(Name, () => new Promise<never>(() => undefined), { queue: 'never' });
    const names: string[] = [];
    await asks.askEverybody(Name, {}, aService, ({ name }) => void names.push(name));
    expect(names.sort()).toEqual(['a', 'b']);
  });

  it('ends at once where nobody answers, and when it is not wanted any more', async () => {
    const [asks, a] = buses as [(typeof buses)[0], (typeof buses)[0]];
    const names: string[] = [];
    await asks.askEverybody({ ...Name, deadlineMs: 60_000 }, {}, aService, ({ name }) => void names.push(name));
    await a.answer(Name, () => Promise.resolve({ name: 'a' }), { queue: 'a' });
    const enough = new AbortController();
    const take = ({ name }: { name: string }) => {
      names.push(name);
      enough.abort();
    };
    await asks.askEverybody({ ...Name, deadlineMs: 60_000 }, {}, aService, take, enough.signal);
    expect(names).toEqual(['a']);
  });

  it('is an outage without the bus', async () => {
    const [asks] = buses as [(typeof buses)[0]];
    await nats.kill();
    await until(() => asks.state === 'down', undefined, { withinMs: 20_000 });
    await expect(asks.askEverybody(Name, {}, aService, () => undefined)).rejects.toBeInstanceOf(Outage);
  });
});
