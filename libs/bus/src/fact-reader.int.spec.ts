import { randomUUID } from 'node:crypto';
import { type Fact, type HealthEvent, type Position, readPosition, toRequestMessage } from '@muster/contracts';
import { jetstreamManager } from '@nats-io/jetstream';
import { connect } from '@nats-io/transport-node';
import { testNats, type TestNats, until } from '@muster/testing';
import type { Bus } from './bus.js';
import { noticedBus, positions, publishFacts, uuid } from './bus.fixture.js';
import { FactReader, type ReadFact, type WantedFrom } from './fact-reader.js';

const never = new AbortController().signal;

const lost = (position: number): Fact<HealthEvent> => ({
  type: 'NodeLost',
  data: { nodeId: uuid(900), cause: 'refused', at: '2026-11-23T12:00:00.000Z' },
  id: uuid(5_000 + position),
  stream: `health-${uuid(900)}`,
  version: position,
  position,
  at: '2026-11-23T12:00:00.000Z',
  meta: {
    actor: { kind: 'gateway', id: 'monitor', name: 'monitor' },
    commandId: uuid(1),
    correlationId: uuid(1),
  },
});

describe('a reader who keeps its position itself', () => {
  let nats: TestNats;
  let bus: Bus;

  beforeEach(async () => {
    nats = await testNats();
    bus = await noticedBus(nats.url);
    await bus.assertStreams();
  });
  afterEach(async () => {
    await bus.close();
    await nats.stop();
  });

  const open = (from: WantedFrom) => FactReader.open(bus.factLog, ['FLEET'], from);

  /** Reads until so many have come. */
  async function take(reader: FactReader, count: number): Promise<ReadFact[]> {
    const taken: ReadFact[] = [];
    await until(
      async () => {
        await reader.grown(200, never);
        taken.push(...(await reader.next(count - taken.length)));
        return taken.length;
      },
      (length) => length >= count,
      { withinMs: 20_000, everyMs: 1 },
    );
    return taken;
  }

  const ats = (facts: readonly ReadFact[]) => facts.map(({ at }) => at);

  it('is given everything from the beginning, then what comes, each with the position to go on from', async () => {
    await publishFacts(bus, 1, 30);
    const reader = await open('start');
    expect(ats(await take(reader, 30))).toEqual(positions(1, 30));
    await publishFacts(bus, 31, 35);
    const rest = await take(reader, 5);
    expect(rest.map(({ position }) => position)).toEqual(['F31', 'F32', 'F33', 'F34', 'F35']);
    expect(JSON.parse(rest[0]?.json ?? '')).toMatchObject({ id: uuid(31), position: '31', facttype: 'NodeActivated' });
    reader.close();
  });

  it('goes on from any position, also where the facts of two streams share their numbers', async () => {
    // As where the positions between are those of ACCESS: 3, 6, 9 …
    await bus.publishFact(lostNode(3), { after: undefined });
    for (let at = 6; at <= 60; at += 3) await bus.publishFact(lostNode(at), { after: uuid(at - 3) });
    for (const [from, next] of [
      [0, 3],
      [2, 3],
      [3, 6],
      [4, 6],
      [29, 30],
      [30, 33],
      [59, 60],
    ] as const) {
      const reader = await open({ FLEET: { at: from } });
      expect([from, ...ats(await reader.next(1))]).toEqual([from, next]);
      expect(reader.takeMissed()).toEqual([]);
      reader.close();
    }
  });

  it('is told that a position is in the future and which is the newest, unless the stream is still being filled', async () => {
    await publishFacts(bus, 1, 2);
    // Only facts from before the stream was made, and it grew just now: what comes may well reach the position.
    await expect(open({ FLEET: { at: 4 } })).rejects.toThrow('FLEET is being filled again');
    await bus.publishFact({ ...lostNode(3), at: new Date().toISOString() }, { after: uuid(2) });
    await expect(open({ FLEET: { at: 4 } })).rejects.toMatchObject({
      code: 'position-ahead',
      detail: { field: 'after', words: 'The position is in the future: the newest fact of FLEET is at 3' },
    });
    await expect(FactReader.open(bus.factLog, ['FLEET', 'HEALTH'], { FLEET: { at: 3 } })).rejects.toMatchObject({
      code: 'bad-input',
      detail: { words: 'The position says nothing about HEALTH' },
    });
  });

  it('is told how many facts are too old, and goes on with the oldest', async () => {
    for (let at = 1; at <= 20; at += 1)
      await bus.publishFact(lost(at), { after: at === 1 ? undefined : uuid(5_000 + at - 1) });
    await purgeUpTo('HEALTH', 15);
    const reader = await FactReader.open(bus.factLog, ['HEALTH'], { HEALTH: { at: 5 } });
    expect(reader.takeMissed()).toEqual([{ stream: 'HEALTH', why: 'too-old', facts: 10 }]);
    expect(reader.position).toBe('H15');
    expect(ats(await reader.next(100))).toEqual(positions(16, 20));
    const fromStart = await FactReader.open(bus.factLog, ['HEALTH'], 'start');
    expect(fromStart.takeMissed()).toEqual([]);
    expect(ats(await fromStart.next(1))).toEqual([16]);
    reader.close();
    fromStart.close();
  });

  it('keeps its place when the bus lost everything and was filled again: nothing twice, nothing left out', async () => {
    await publishFacts(bus, 1, 20);
    const reader = await open({ FLEET: { at: 5 } });
    expect(ats(await reader.next(10))).toEqual(positions(6, 15));
    await nats.wipe();
    await until(() => bus.state === 'up', undefined, { withinMs: 20_000 });
    await until(() => publishFacts(bus, 1, 25).then(() => true), undefined, { withinMs: 20_000 });
    expect(ats(await take(reader, 10))).toEqual(positions(16, 25));
    expect(reader.takeMissed()).toEqual([]);
    const later = await open({ FLEET: { at: 22 } });
    expect(ats(await later.next(10))).toEqual([23, 24, 25]);
    reader.close();
    later.close();
  });

  it('says of facts about requests, which nothing else keeps, that their stream was made anew', async () => {
    await tellRequests(3);
    const reader = await FactReader.open(bus.factLog, ['REQUESTS'], 'start');
    const [first] = await take(reader, 3);
    const position = readPosition(first?.position ?? '') as Position;
    expect(first?.position).toMatch(/^R1-[0-9a-z]+$/);
    const again = await FactReader.open(bus.factLog, ['REQUESTS'], position);
    expect(ats(await again.next(10))).toEqual([2, 3]);
    await purgeUpTo('REQUESTS', 2);
    const late = await FactReader.open(bus.factLog, ['REQUESTS'], position);
    expect(late.takeMissed()).toEqual([{ stream: 'REQUESTS', why: 'too-old', facts: 1 }]);
    await nats.wipe();
    await until(() => bus.state === 'up', undefined, { withinMs: 20_000 });
    await until(() => tellRequests(2).then(() => true), undefined, { withinMs: 20_000 });
    const anew = await FactReader.open(bus.factLog, ['REQUESTS'], position);
    expect(anew.takeMissed()).toEqual([{ stream: 'REQUESTS', why: 'made-anew' }]);
    expect(ats(await take(anew, 2))).toEqual([1, 2]);
    for (const each of [reader, again, late, anew]) each.close();
  });

  it('is one of many that the server knows nothing of: two hundred readers, one consumer', async () => {
    const readers = await Promise.all(Array.from({ length: 200 }, () => open('now')));
    await publishFacts(bus, 1, 50);
    const taken = await Promise.all(readers.map((reader) => take(reader, 50)));
    for (const facts of taken) expect(ats(facts)).toEqual(positions(1, 50));
    expect(await consumersOf('FLEET')).toBe(1);
    for (const reader of readers) reader.close();
  });

  it('reads what does not fit into memory any more from the server, in order', async () => {
    const reader = await open('now');
    await publishFacts(bus, 1, 6_000);
    const facts = await take(reader, 6_000);
    expect(ats(facts)).toEqual(positions(1, 6_000));
    reader.close();
  });

  const lostNode = (position: number): Fact => ({
    type: 'NodeActivated',
    data: { nodeId: uuid(900), at: '2026-11-23T12:00:00.000Z' },
    id: uuid(position),
    stream: `node-${uuid(900)}`,
    version: position,
    position,
    at: '2026-11-23T12:00:00.000Z',
    meta: lost(1).meta,
  });

  async function tellRequests(count: number): Promise<void> {
    const outlet = bus.outlet();
    for (let n = 0; n < count; n += 1) {
      const stored = await new Promise<boolean>((resolve) => {
        outlet.send(
          toRequestMessage({
            type: 'RequestStarted',
            data: {
              ...{ requestId: randomUUID(), router: uuid(7), endpoint: 'chat', model: 'tiny', stream: false },
              at: '2026-11-23T12:00:00.000Z',
            },
          }),
          resolve,
        );
      });
      if (!stored) throw new Error('The fact was not stored');
    }
    await outlet.stop();
  }

  const asManager = async <T>(work: (jsm: Awaited<ReturnType<typeof jetstreamManager>>) => Promise<T>): Promise<T> => {
    const nc = await connect({ servers: `127.0.0.1:${nats.port}` });
    try {
      return await work(await jetstreamManager(nc));
    } finally {
      await nc.close();
    }
  };

  /** As if everything up to there had grown too old. */
  const purgeUpTo = (stream: string, sequence: number) =>
    asManager(async (jsm) => {
      await jsm.streams.purge(stream, { seq: sequence + 1 });
    });

  const consumersOf = (stream: string) =>
    asManager(async (jsm) => (await jsm.streams.info(stream)).state.consumer_count);
});
