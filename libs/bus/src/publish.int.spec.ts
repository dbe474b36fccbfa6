import { factFamilies, Outage } from '@muster/contracts';
import { jetstream, jetstreamManager } from '@nats-io/jetstream';
import { connect, headers, nanos, type NatsConnection } from '@nats-io/transport-node';
import { type TestNats, testNats, until } from '@muster/testing';
import { factAt, noticedBus, positions, publishFacts, uuid } from './bus.fixture.js';
import type { FactOf } from './fact-message.js';
import { TailMismatch } from './notice.js';
import { StreamDrift } from './streams.js';

jest.setTimeout(30_000);

describe('publishing facts', () => {
  let nats: TestNats;
  let raw: NatsConnection;
  let bus: Awaited<ReturnType<typeof noticedBus>>;

  beforeEach(async () => {
    nats = await testNats();
    bus = await noticedBus(nats.url);
    raw = await connect({ servers: nats.url.replace('nats://', ''), reconnectTimeWait: 100, maxReconnectAttempts: -1 });
    await bus.assertStreams();
  });

  afterEach(async () => {
    await bus.close();
    await raw.close();
    await nats.stop();
  });

  /** As if the server started anew when the last fact is older than the window: then it no longer knows the fact's id. */
  const restartPastTheWindow = async () => {
    const { streams } = await jetstreamManager(raw);
    await streams.update('FLEET', { duplicate_window: nanos(100) });
    const { state } = await streams.info('FLEET');
    await until(() => Date.now() - Date.parse(state.last_ts) > 100);
    await nats.restart();
    await until(() => streams.update('FLEET', { duplicate_window: nanos(120_000) }), undefined, { withinMs: 10_000 });
  };

  const stored = async () => (await (await jetstreamManager(raw)).streams.info('FLEET')).state.messages;

  it('gives a fact back as it was, with every character of the actor', async () => {
    await publishFacts(bus, 1, 1);
    const seen: FactOf<typeof factFamilies.node>[] = [];
    const following = await bus.followFacts([factFamilies.node], (fact) => void seen.push(fact));
    await following.caughtUp;
    expect(seen).toEqual([factAt(1)]);
  });

  it('puts a fact on the bus as a CloudEvent in binary mode, with its id as message id', async () => {
    await publishFacts(bus, 1, 1);
    const message = await (await jetstreamManager(raw)).streams.getMessage('FLEET', { seq: 1 });
    expect(message?.subject).toBe(`muster.fleet.node.${uuid(901)}.activated`);
    expect(message?.header.get('Nats-Msg-Id')).toBe(uuid(1));
    expect(message?.header.get('ce-specversion')).toBe('1.0');
    expect(message?.header.get('ce-type')).toBe('muster.fleet.node.activated');
    expect(message?.json()).toEqual(factAt(1).data);
  });

  it('has the fact once when it is published again, inside the window for duplicates and outside it', async () => {
    await publishFacts(bus, 1, 2);
    await bus.publishFact(factAt(2), { after: uuid(1) });
    expect(await stored()).toBe(2);
    await restartPastTheWindow();
    await until(() => bus.publishFact(factAt(2), { after: uuid(1) }).then(() => true), undefined, { withinMs: 10_000 });
    expect(await stored()).toBe(2);
  });

  it('tells the tail', async () => {
    expect(await bus.tail('FLEET')).toEqual({ lastId: undefined, lastPosition: 0, messages: 0 });
    await publishFacts(bus, 1, 3);
    expect(await bus.tail('FLEET')).toEqual({ lastId: uuid(3), lastPosition: 3, messages: 3 });
  });

  it('refuses a fact that does not follow the last one', async () => {
    await publishFacts(bus, 1, 2);
    const skipping = bus.publishFact(factAt(4), { after: uuid(3) });
    await expect(skipping).rejects.toEqual(new TailMismatch('FLEET', uuid(3), uuid(2)));
    const asFirst = bus.publishFact(factAt(9), { after: undefined });
    await expect(asFirst).rejects.toBeInstanceOf(TailMismatch);
    expect(await stored()).toBe(2);
  });

  it('refuses a late writer that wakes up with a fact that others have gone past', async () => {
    await publishFacts(bus, 1, 3);
    await expect(bus.publishFact({ ...factAt(7) }, { after: uuid(2) })).rejects.toBeInstanceOf(TailMismatch);
    expect(await stored()).toBe(3);
  });

  it('goes on after a restart of the server, also when the last fact is older than the window for duplicates', async () => {
    await publishFacts(bus, 1, 2);
    await restartPastTheWindow();
    await until(() => bus.publishFact(factAt(3), { after: uuid(2) }).then(() => true), undefined, { withinMs: 10_000 });
    expect(await stored()).toBe(3);
  });

  it('makes a lost stream again, so that it can be filled from the first fact on', async () => {
    await publishFacts(bus, 1, 3);
    await nats.wipe();
    await until(() => bus.state === 'up', undefined, { withinMs: 10_000 });
    const late = () => bus.publishFact(factAt(4), { after: uuid(3) });
    await until(
      () =>
        late().then(
          () => false,
          (error: unknown) => error instanceof TailMismatch,
        ),
      undefined,
      { withinMs: 10_000 },
    );
    expect(await bus.tail('FLEET')).toEqual({ lastId: undefined, lastPosition: 0, messages: 0 });
    await publishFacts(bus, 1, 4);
    expect(await stored()).toBe(4);
    expect(bus.notices).toContainEqual({ notice: 'store-lost', stream: 'FLEET' });
  });

  it('says that the bus is away while it is', async () => {
    await nats.kill();
    await expect(bus.publishFact(factAt(1), { after: undefined })).rejects.toBeInstanceOf(Outage);
    await expect(bus.tail('FLEET')).rejects.toBeInstanceOf(Outage);
  });

  describe('asserting the streams', () => {
    it('may be done by every service at every start', async () => {
      await Promise.all([bus.assertStreams(), bus.assertStreams()]);
    });

    it('sets in so many words what our promises rest on', async () => {
      const { streams } = await jetstreamManager(raw);
      expect((await streams.info('FLEET')).config).toMatchObject({
        subjects: ['muster.fleet.>'],
        storage: 'file',
        retention: 'limits',
        discard: 'old',
        max_age: 0,
        duplicate_window: nanos(120_000),
        allow_direct: true,
        deny_delete: true,
      });
      expect((await streams.info('HEALTH')).config.max_age).toBe(nanos(90 * 24 * 3_600_000));
      expect((await streams.info('KV_NODES')).config).toMatchObject({
        subjects: ['$KV.NODES.>'],
        max_msgs_per_subject: 1,
        allow_rollup_hdrs: true,
      });
    });

    it('refuses a stream that is different, and names the field', async () => {
      const { streams } = await jetstreamManager(raw);
      await streams.update('ACCESS', { max_msgs: 5 });
      const asserted = bus.assertStreams();
      await expect(asserted).rejects.toEqual(new StreamDrift('ACCESS', 'max_msgs', -1, 5));
      await expect(asserted).rejects.toThrow(
        'The stream ACCESS on the NATS server has max_msgs = 5 where -1 is needed',
      );
    });

    it('brings how long facts are kept up to date', async () => {
      const { streams } = await jetstreamManager(raw);
      await streams.update('HEALTH', { max_age: nanos(60_000), duplicate_window: nanos(60_000) });
      await streams.update('HEALTH', { duplicate_window: nanos(60_000) });
      await expect(bus.assertStreams()).rejects.toMatchObject({ field: 'duplicate_window' });
      await streams.update('HEALTH', { max_age: nanos(180_000), duplicate_window: nanos(120_000) });
      await bus.assertStreams();
      expect((await streams.info('HEALTH')).config.max_age).toBe(nanos(90 * 24 * 3_600_000));
    });
  });

  it('does not take what is no fact for the tail', async () => {
    const written = headers();
    written.set('ce-id', 'nonsense');
    await jetstream(raw).publish('muster.fleet.node.x.y', '{}', { headers: written });
    await expect(bus.tail('FLEET')).rejects.toBeInstanceOf(Outage);
  });

  it('keeps order over many facts', async () => {
    await publishFacts(bus, 1, 50);
    const seen: number[] = [];
    const following = await bus.followFacts([factFamilies.node], ({ position }) => void seen.push(position));
    await following.caughtUp;
    expect(seen).toEqual(positions(1, 50));
  });
});
