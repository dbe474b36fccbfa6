import { Outage } from '@muster/contracts';
import { jetstreamManager } from '@nats-io/jetstream';
import { Kvm } from '@nats-io/kv';
import { connect, type NatsConnection } from '@nats-io/transport-node';
import { type TestNats, testNats, until } from '@muster/testing';
import * as z from 'zod/mini';
import type { Bucket, Change } from './bucket.js';
import { noticedBus } from './bus.fixture.js';
import type { Keeper } from './keeper.js';

jest.setTimeout(60_000);

const Value = z.object({ n: z.number() });
type Value = z.infer<typeof Value>;
const within20 = { withinMs: 20_000 };

describe('a bucket', () => {
  let nats: TestNats;
  let raw: NatsConnection;
  let bus: Awaited<ReturnType<typeof noticedBus>>;
  let writer: Awaited<ReturnType<typeof noticedBus>>;
  let bucket: Bucket<typeof Value>;
  let written: Bucket<typeof Value>;
  let changes: Change<Value>[];
  let keeper: Keeper<Value> | undefined;

  beforeEach(async () => {
    nats = await testNats();
    bus = await noticedBus(nats.url, 'watching');
    writer = await noticedBus(nats.url, 'writing');
    raw = await connect({ servers: new URL(nats.url).host, reconnectTimeWait: 100, maxReconnectAttempts: -1 });
    await bus.assertStreams();
    bucket = bus.bucket('NODES', Value);
    written = writer.bucket('NODES', Value);
    changes = [];
  });

  afterEach(async () => {
    await keeper?.stop();
    keeper = undefined;
    await Promise.all([bus.close({ finishMs: 100 }), writer.close({ finishMs: 100 })]);
    await raw.close();
    await nats.stop();
  });

  const watch = () => bucket.watch((change) => void changes.push(change));
  const put = (key: string, n: number): Change<Value> => ({ change: 'put', key, value: { n } });
  const deleted = (key: string): Change<Value> => ({ change: 'deleted', key });
  const eventually = <T>(act: () => Promise<T>) => until(() => act().then(() => true), undefined, within20);
  const backUp = () => until(() => bus.state === 'up' && writer.state === 'up', undefined, within20);

  it('gives back what was put, and nothing for what was not or is deleted', async () => {
    await bucket.put('a', { n: 1 });
    expect(await bucket.get('a')).toEqual({ n: 1 });
    expect(await bucket.get('b')).toBeUndefined();
    await bucket.delete('a');
    expect(await bucket.get('a')).toBeUndefined();
  });

  it('shows a watcher what is there, then every change', async () => {
    await written.put('a', { n: 1 });
    await written.put('a', { n: 2 });
    await written.put('b', { n: 3 });
    await written.put('c', { n: 4 });
    await written.delete('c');
    await watch().ready;
    expect(changes).toEqual([put('a', 2), put('b', 3)]);
    await written.put('b', { n: 5 });
    await written.delete('a');
    await until(
      () => changes.length,
      (count) => count === 4,
    );
    expect(changes.slice(2)).toEqual([put('b', 5), deleted('a')]);
  });

  it('is ready for whoever begins to watch while its values are written over and over', async () => {
    for (const key of ['a', 'b']) await eventually(() => written.put(key, { n: 0 }));
    let isOver = false;
    const writing = (async () => {
      for (let n = 1; !isOver; n += 1) await Promise.all(['a', 'b'].map((key) => written.put(key, { n })));
    })();
    for (let turn = 0; turn < 40; turn += 1) {
      const known = new Set<string>();
      const watching = bucket.watch(({ key }) => void known.add(key));
      // Then nothing is written any more that could make up for what was overlooked.
      if (turn % 8 === 7) {
        isOver = true;
        await writing;
      }
      await watching.ready;
      expect(known.size).toBe(2);
      await watching.stop();
      if (isOver) break;
    }
    isOver = true;
    await writing;
  });

  it('is ready at once when it is empty', async () => {
    await watch().ready;
    expect(changes).toEqual([]);
  });

  it('tells after a restart only what changed meanwhile', async () => {
    await written.put('a', { n: 1 });
    await written.put('b', { n: 1 });
    await watch().ready;
    await nats.restart();
    await eventually(() => written.put('b', { n: 2 }));
    await until(() => changes.length >= 3, undefined, within20);
    expect(changes).toEqual([put('a', 1), put('b', 1), put('b', 2)]);
  });

  it('tells that a key was deleted while the watcher was cut off', async () => {
    await written.put('a', { n: 1 });
    await written.put('b', { n: 1 });
    await watch().ready;
    const kv = await new Kvm(raw).open('NODES');
    // Without a trace: not even a mark of the deletion is left.
    const { streams } = await jetstreamManager(raw);
    await kv.purge('a');
    await until(() => changes.length === 3);
    await written.put('a', { n: 2 });
    await until(() => changes.length === 4);
    await streams.purge('KV_NODES', { filter: '$KV.NODES.a' });
    await nats.restart();
    await until(() => changes.length === 5, undefined, within20);
    expect(changes.slice(2)).toEqual([deleted('a'), put('a', 2), deleted('a')]);
  });

  it('is made again after the store was lost, and the keeper writes everything anew', async () => {
    keeper = written.keep();
    keeper.set('a', { n: 1 });
    keeper.set('b', { n: 2 });
    await keeper.settled();
    await watch().ready;
    await nats.wipe();
    await until(() => changes.length >= 4, undefined, within20);
    expect(changes.slice(2)).toEqual([put('a', 1), put('b', 2)]);
    expect(await bucket.get('b')).toEqual({ n: 2 });
  });

  it('tells in the end that a key is gone which nobody wrote anew after the store was lost', async () => {
    await written.put('a', { n: 1 });
    await watch().ready;
    await nats.wipe();
    await backUp();
    await until(() => changes.length === 2, undefined, within20);
    expect(changes[1]).toEqual(deleted('a'));
  });

  it('passes over a value that can not be read, and tells of it', async () => {
    const kv = await new Kvm(raw).open('NODES');
    await kv.put('odd', 'no JSON');
    await written.put('a', { n: 1 });
    await watch().ready;
    expect(changes).toEqual([put('a', 1)]);
    expect(await bucket.get('odd')).toBeUndefined();
    expect(bus.notices).toContainEqual(expect.objectContaining({ notice: 'malformed', subject: '$KV.NODES.odd' }));
  });

  it('says that the bus is away while it is', async () => {
    await nats.kill();
    await until(() => bus.state === 'down');
    await expect(bucket.put('a', { n: 1 })).rejects.toBeInstanceOf(Outage);
    await expect(bucket.get('a')).rejects.toBeInstanceOf(Outage);
  });

  describe('with a keeper', () => {
    it('holds the last value of each key that was set, whatever came between', async () => {
      keeper = written.keep();
      for (let n = 1; n <= 200; n += 1) keeper.set('a', { n });
      keeper.set('b', { n: 1 });
      keeper.delete('b');
      await keeper.settled();
      expect(await bucket.get('a')).toEqual({ n: 200 });
      expect(await bucket.get('b')).toBeUndefined();
    });

    it('gets what was set while the bus was away', async () => {
      keeper = written.keep();
      keeper.set('a', { n: 1 });
      await keeper.settled();
      await nats.kill();
      await until(() => writer.state === 'down');
      keeper.set('a', { n: 2 });
      keeper.set('b', { n: 3 });
      await nats.restart();
      await until(async () => (await bucket.get('b'))?.n === 3, undefined, within20);
      expect(await bucket.get('a')).toEqual({ n: 2 });
    });

    it('is written anew when it was removed while the connection holds', async () => {
      keeper = written.keep();
      keeper.set('a', { n: 1 });
      await keeper.settled();
      await (await jetstreamManager(raw)).streams.delete('KV_NODES');
      keeper.set('b', { n: 2 });
      await until(async () => (await bucket.get('a'))?.n === 1, undefined, within20);
      await until(async () => (await bucket.get('b'))?.n === 2, undefined, within20);
    });
  });
});
