import { factFamilies, Outage } from '@muster/contracts';
import { jetstream, jetstreamManager } from '@nats-io/jetstream';
import { connect, headers, nanos, type NatsConnection } from '@nats-io/transport-node';
import { type TestNats, testNats, until } from '@muster/testing';
import { factAt, noticedBus, positions, publishFacts, uuid } from './bus.fixture.js';
import type { DeadLetter } from './dead-letter.js';
import { StreamDrift } from './streams.js';

jest.setTimeout(60_000);

const family = factFamilies.node;
const within20 = { withinMs: 20_000 };

describe('consuming facts', () => {
  let nats: TestNats;
  let raw: NatsConnection;
  let bus: Awaited<ReturnType<typeof noticedBus>>;

  beforeEach(async () => {
    nats = await testNats();
    // No chance in the delays: half of what they may be at most.
    bus = await noticedBus(nats.url, 'consuming', { random: () => 0.02 });
    raw = await connect({ servers: new URL(nats.url).host, reconnectTimeWait: 100, maxReconnectAttempts: -1 });
    await bus.assertStreams();
  });

  afterEach(async () => {
    await bus.close({ finishMs: 100 });
    await raw.close();
    await nats.stop();
  });

  const publishRaw = async (id: string, body: string) => {
    const written = headers();
    written.set('ce-id', id);
    await jetstream(raw).publish(`muster.fleet.node.${uuid(901)}.activated`, body, { headers: written });
  };

  it('gives every fact in order, those before it began too', async () => {
    await publishFacts(bus, 1, 5);
    const seen: number[] = [];
    await bus.consumeFacts(family, { durable: 'a' }, async ({ position }) => {
      seen.push(position);
      return Promise.resolve();
    });
    await publishFacts(bus, 6, 10);
    await until(
      () => seen.length,
      (count) => count === 10,
      within20,
    );
    expect(seen).toEqual(positions(1, 10));
  });

  it('goes on where it was, in another process too', async () => {
    await publishFacts(bus, 1, 3);
    const seen: number[] = [];
    const take = ({ position }: { position: number }) => {
      seen.push(position);
      return Promise.resolve();
    };
    const first = await bus.consumeFacts(family, { durable: 'a' }, take);
    await until(() => seen.length === 3, undefined, within20);
    await first.stop();
    await publishFacts(bus, 4, 5);
    const other = await noticedBus(nats.url);
    await other.consumeFacts(family, { durable: 'a' }, take);
    await until(() => seen.length >= 5, undefined, within20);
    expect(seen).toEqual(positions(1, 5));
    await other.close();
  });

  it('gives a fact that fails again, and no later one before it', async () => {
    await publishFacts(bus, 1, 4);
    const seen: number[] = [];
    const attempts: number[] = [];
    await bus.consumeFacts(family, { durable: 'a' }, async ({ position }, { attempt }) => {
      seen.push(position);
      if (position === 2) attempts.push(attempt);
      if (position === 2 && attempt < 3) throw new Error('not yet');
      return Promise.resolve();
    });
    await until(() => seen.includes(4), undefined, within20);
    expect(seen).toEqual([1, 2, 2, 2, 3, 4]);
    expect(attempts).toEqual([1, 2, 3]);
    const retrying = bus.notices.filter((one) => one.notice === 'retrying');
    expect(retrying.map(({ delayMs, correlationId }) => [delayMs, correlationId])).toEqual([
      [59, uuid(2)],
      [69, uuid(2)],
    ]);
  });

  it('gives what failed for the 8th time to the dead letters, and goes on', async () => {
    await publishFacts(bus, 1, 3);
    const letters: DeadLetter[] = [];
    const seen: number[] = [];
    await bus.consumeFacts(
      family,
      {
        durable: 'a',
        deadLetter: (letter) => {
          letters.push(letter);
          return Promise.resolve();
        },
      },
      async ({ position }) => {
        seen.push(position);
        if (position === 2) throw new Error('never');
        return Promise.resolve();
      },
    );
    await until(() => seen.includes(3), undefined, within20);
    expect(seen).toEqual([1, ...Array<number>(8).fill(2), 3]);
    expect(letters).toHaveLength(1);
    expect(letters[0]).toMatchObject({ durable: 'a', failures: 8, error: new Error('never') });
    expect(letters[0]?.headers['ce-id']).toBe(uuid(2));
    expect(JSON.parse(letters[0]?.body ?? '')).toEqual(factAt(2).data);
  });

  it('tries again when the dead letter could not be kept', async () => {
    await publishFacts(bus, 1, 2);
    let refused = 0;
    const seen: number[] = [];
    await bus.consumeFacts(
      family,
      {
        durable: 'a',
        deadLetter: () => {
          refused += 1;
          return refused < 3 ? Promise.reject(new Error('no place')) : Promise.resolve();
        },
      },
      async ({ position }) => {
        seen.push(position);
        if (position === 1) throw new Error('never');
        return Promise.resolve();
      },
    );
    await until(() => seen.includes(2), undefined, within20);
    expect(seen).toEqual([...Array<number>(10).fill(1), 2]);
  });

  it('keeps dead letters in a stream of their own when nobody else does', async () => {
    await publishFacts(bus, 1, 1);
    await publishRaw(uuid(66), '{"nodeId":"no fact"}');
    const seen: number[] = [];
    await bus.consumeFacts(family, { durable: 'a' }, async ({ position }) => Promise.resolve(void seen.push(position)));
    const letter = await until(
      async () => (await jetstreamManager(raw)).streams.getMessage('DEAD_LETTERS', { seq: 1 }),
      undefined,
      within20,
    );
    expect(letter?.subject).toBe('muster.dead-letter.a');
    expect(letter?.json()).toMatchObject({ body: '{"nodeId":"no fact"}', headers: { 'ce-id': uuid(66) } });
    expect(seen).toEqual([1]);
    expect(await bus.deadLetters(10)).toEqual([
      expect.objectContaining({ reader: 'a', body: '{"nodeId":"no fact"}', failures: 1 }),
    ]);
  });

  it('gives what can not be read to the dead letters at once: it gets no better', async () => {
    await publishRaw(uuid(66), 'no JSON');
    const letters: DeadLetter[] = [];
    const options = { durable: 'a', deadLetter: (letter: DeadLetter) => Promise.resolve(void letters.push(letter)) };
    await bus.consumeFacts(family, options, () => Promise.reject(new Error('never reached')));
    await until(() => letters.length > 0, undefined, within20);
    expect(letters[0]).toMatchObject({ body: 'no JSON', failures: 1 });
    const { consumers } = await jetstreamManager(raw);
    await until(async () => (await consumers.info('FLEET', 'a')).num_ack_pending === 0);
  });

  it('does not count an outage as a failure: the fact waits until it is over', async () => {
    await publishFacts(bus, 1, 1);
    let tries = 0;
    await bus.consumeFacts(family, { durable: 'a' }, async () => {
      tries += 1;
      if (tries <= 10) throw new Outage('database', 'The database is away');
      return Promise.resolve();
    });
    await until(() => tries > 10, undefined, within20);
    expect(bus.notices.filter(({ notice }) => notice === 'dead-letter')).toEqual([]);
  });

  it('has the effect of each fact once while the server is killed and started again', async () => {
    const publisher = await noticedBus(nats.url, 'publishing');
    const seen: number[] = [];
    await bus.consumeFacts(family, { durable: 'a' }, async ({ position }) => {
      await new Promise((resolve) => setTimeout(resolve, 5));
      seen.push(position);
    });
    const publishing = (async () => {
      for (const position of positions(1, 60)) {
        const after = position === 1 ? undefined : uuid(position - 1);
        await until(() => publisher.publishFact(factAt(position), { after }).then(() => true), undefined, within20);
      }
    })();
    for (const count of [10, 25]) {
      await until(() => seen.length >= count, undefined, within20);
      await nats.restart();
    }
    await publishing;
    await until(() => seen.length >= 60, undefined, { withinMs: 30_000 });
    expect(seen).toEqual(positions(1, 60));
    await publisher.close();
  });

  it('reads a stream that was lost and filled again without repeating an effect', async () => {
    await publishFacts(bus, 1, 3);
    const seen: number[] = [];
    await bus.consumeFacts(family, { durable: 'a' }, async ({ position }) => Promise.resolve(void seen.push(position)));
    await until(() => seen.length === 3, undefined, within20);
    await nats.wipe();
    await until(() => publishFacts(bus, 1, 5).then(() => true), undefined, within20);
    await until(() => seen.includes(5), undefined, within20);
    expect(seen).toEqual(positions(1, 5));
  });

  it('lets a handler that takes long finish, and gives its fact to nobody else meanwhile', async () => {
    await publishFacts(bus, 1, 1);
    const { consumers } = await jetstreamManager(raw);
    let begun = 0;
    let finish: () => void = () => undefined;
    await bus.consumeFacts(family, { durable: 'a' }, async () => {
      begun += 1;
      await new Promise<void>((resolve) => (finish = resolve));
    });
    await until(() => begun === 1, undefined, within20);
    // Longer than the server waits for a sign of life.
    await new Promise((resolve) => setTimeout(resolve, 11_000));
    expect((await consumers.info('FLEET', 'a')).num_redelivered).toBe(0);
    finish();
    await until(async () => (await consumers.info('FLEET', 'a')).num_ack_pending === 0);
    expect(begun).toBe(1);
  });

  it('refuses to go on with a durable that belongs to another family', async () => {
    await bus.consumeFacts(factFamilies.account, { durable: 'a' }, () => Promise.resolve());
    const wrong = bus.consumeFacts(factFamilies.settings, { durable: 'a' }, () => Promise.resolve());
    await expect(wrong).rejects.toBeInstanceOf(StreamDrift);
  });

  it('brings the time that the server waits for a sign of life up to date', async () => {
    const stop = await bus.consumeFacts(family, { durable: 'a' }, () => Promise.resolve());
    await stop.stop();
    const { consumers } = await jetstreamManager(raw);
    await consumers.update('FLEET', 'a', { ack_wait: nanos(60_000) });
    await bus.consumeFacts(family, { durable: 'a' }, () => Promise.resolve());
    expect((await consumers.info('FLEET', 'a')).config.ack_wait).toBe(nanos(10_000));
  });
});
