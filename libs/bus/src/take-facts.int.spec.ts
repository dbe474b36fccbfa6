import { factFamilies, Outage } from '@muster/contracts';
import { jetstream, jetstreamManager } from '@nats-io/jetstream';
import { connect, headers, type NatsConnection } from '@nats-io/transport-node';
import { type TestNats, testNats, until } from '@muster/testing';
import { noticedBus, positions, publishFacts, uuid } from './bus.fixture.js';
import type { DeadLetter } from './dead-letter.js';
import { type FactBatch, PlaceMoved, type StreamPlace } from './take-facts.js';

jest.setTimeout(60_000);

const family = factFamilies.node;
type Batch = FactBatch<typeof family>;
const within20 = { withinMs: 20_000 };

/** What a reader's transactions leave behind: facts and place together, or neither. */
class Kept {
  place: StreamPlace | undefined;
  readonly positions: number[] = [];
  readonly sizes: number[] = [];

  commit = ({ facts, from, to }: Batch): void => {
    if (JSON.stringify(from) !== JSON.stringify(this.place)) throw new PlaceMoved('a');
    this.place = to;
    this.sizes.push(facts.length);
    this.positions.push(...facts.map(({ position }) => position));
  };
}

describe('taking facts in many at a time', () => {
  let nats: TestNats;
  let bus: Awaited<ReturnType<typeof noticedBus>>;
  let raw: NatsConnection;
  let kept: Kept;

  beforeEach(async () => {
    nats = await testNats();
    bus = await noticedBus(nats.url, 'taking', { random: () => 0.02 });
    raw = await connect({ servers: new URL(nats.url).host, reconnectTimeWait: 100, maxReconnectAttempts: -1 });
    await bus.assertStreams();
    kept = new Kept();
  });

  afterEach(async () => {
    await bus.close({ finishMs: 100 });
    await raw.close();
    await nats.stop();
  });

  const take = (
    effect: (batch: Batch) => void = kept.commit,
    options: { most?: number; deadLetter?: (letter: DeadLetter) => Promise<void> } = {},
    on = bus,
  ) =>
    on.takeFacts(family, { name: 'a', place: () => Promise.resolve(kept.place), ...options }, (batch) => {
      effect(batch);
      return Promise.resolve();
    });
  const publish = (from: number, to: number) =>
    until(() => publishFacts(bus, from, to).then(() => true), undefined, within20);
  const taken = (count: number) => until(() => kept.positions.length >= count, undefined, within20);
  const publishRaw = async (body: string) => {
    const written = headers();
    written.set('ce-id', uuid(66));
    await jetstream(raw).publish(`muster.fleet.node.${uuid(901)}.activated`, body, { headers: written });
  };

  it('gives what is there in order and in full batches, and what comes as it comes', async () => {
    await publishFacts(bus, 1, 250);
    take(kept.commit, { most: 100 });
    await taken(250);
    expect(Math.max(...kept.sizes)).toBe(100);
    await publishFacts(bus, 251, 255);
    await taken(255);
    expect(kept.positions).toEqual(positions(1, 255));
    expect(kept.place?.sequence).toBe(255);
  });

  it('begins behind the place that stands beside the effect, in another process too', async () => {
    await publishFacts(bus, 1, 10);
    const first = take();
    await taken(10);
    await first.stop();
    await publishFacts(bus, 11, 12);
    const other = await noticedBus(nats.url);
    take(kept.commit, {}, other);
    await taken(12);
    expect(kept.positions).toEqual(positions(1, 12));
    await other.close();
  });

  it('gives again what a database that was set back no longer has', async () => {
    await publishFacts(bus, 1, 6);
    const first = take();
    await taken(6);
    await first.stop();
    const backup = { ...kept.place, sequence: 2 } as StreamPlace;
    kept = new Kept();
    kept.place = backup;
    take(kept.commit);
    await taken(4);
    expect(kept.positions).toEqual(positions(3, 6));
  });

  it('lets two processes share one place: each fact takes effect once', async () => {
    const other = await noticedBus(nats.url);
    take(kept.commit, { most: 7 });
    take(kept.commit, { most: 5 }, other);
    await publishFacts(bus, 1, 100);
    await taken(100);
    expect(kept.positions).toEqual(positions(1, 100));
    await other.close();
  });

  it('tries the same facts again while the database is away, and counts that as no failure', async () => {
    await publishFacts(bus, 1, 3);
    const attempts: number[] = [];
    take((batch) => {
      attempts.push(batch.attempt);
      if (attempts.length <= 10) throw new Outage('database', 'The database is away');
      kept.commit(batch);
    });
    await taken(3);
    expect(attempts.slice(0, 11)).toEqual(positions(1, 11));
    expect(kept.positions).toEqual([1, 2, 3]);
    expect(bus.notices.filter(({ notice }) => notice === 'dead-letter')).toEqual([]);
  });

  it('finds the fact at fault among many, gives it to the dead letters, and goes on', async () => {
    await publishFacts(bus, 1, 6);
    const letters: DeadLetter[] = [];
    const deadLetter = (letter: DeadLetter) => Promise.resolve(void letters.push(letter));
    take(
      (batch) => {
        if (batch.facts.some(({ position }) => position === 4)) throw new Error('never');
        kept.commit(batch);
      },
      { deadLetter },
    );
    await taken(5);
    await until(() => kept.place?.sequence === 6, undefined, within20);
    expect(kept.positions).toEqual([1, 2, 3, 5, 6]);
    expect(letters).toHaveLength(1);
    expect(letters[0]).toMatchObject({ durable: 'a', failures: 8, error: new Error('never') });
    expect(letters[0]?.headers['ce-id']).toBe(uuid(4));
  });

  it('gives what can not be read to the dead letters at once, in their stream when nobody else keeps them', async () => {
    await publishFacts(bus, 1, 2);
    await publishRaw('no JSON');
    take();
    const letter = await until(
      async () => (await jetstreamManager(raw)).streams.getMessage('DEAD_LETTERS', { seq: 1 }),
      undefined,
      within20,
    );
    expect(letter?.json()).toMatchObject({ body: 'no JSON', failures: 1 });
    await until(() => kept.place?.sequence === 3, undefined, within20);
    expect(kept.positions).toEqual([1, 2]);
  });

  it('has the effect of each fact once while the server is killed and started again', async () => {
    take(kept.commit, { most: 20 });
    for (const end of [50, 100, 150]) {
      await publish(end - 49, end);
      await nats.restart();
    }
    await taken(150);
    expect(kept.positions).toEqual(positions(1, 150));
  });

  it('says so when its place is gone with the stream, and reads the new one from its beginning', async () => {
    await publishFacts(bus, 1, 3);
    take();
    await taken(3);
    await nats.wipe();
    await publish(1, 5);
    await taken(8);
    expect(kept.positions).toEqual([1, 2, 3, 1, 2, 3, 4, 5]);
    expect(bus.notices.filter(({ notice }) => notice === 'place-lost')).toEqual([
      { notice: 'place-lost', reader: 'a', stream: 'FLEET' },
    ]);
  });

  it('says how many facts were gone before it came to them', async () => {
    await publishFacts(bus, 1, 2);
    const first = take();
    await taken(2);
    await first.stop();
    await publishFacts(bus, 3, 9);
    await (await jetstreamManager(raw)).streams.purge('FLEET', { seq: 8 });
    take();
    await taken(4);
    expect(kept.positions).toEqual([1, 2, 8, 9]);
    expect(bus.notices.filter(({ notice }) => notice === 'facts-missed')).toEqual([
      { notice: 'facts-missed', reader: 'a', stream: 'FLEET', upTo: 5 },
    ]);
  });

  it('stops while its effect fails, and leaves the facts for whoever comes next', async () => {
    await publishFacts(bus, 1, 2);
    let tried = 0;
    const failing = take(() => {
      tried += 1;
      throw new Outage('database', 'The database is away');
    });
    await until(() => tried > 1, undefined, within20);
    await failing.stop();
    take();
    await taken(2);
    expect(kept.positions).toEqual([1, 2]);
  });
});
