import { randomUUID } from 'node:crypto';
import { type Bus, connectBus } from '@muster/bus';
import type { Fact, StreamName } from '@muster/contracts';
import { testDatabase, type TestDatabase, type TestNats, testNats, until } from '@muster/testing';
import { jetstreamManager } from '@nats-io/jetstream';
import { connect } from '@nats-io/transport-node';
import pg from 'pg';
import type { DataSource } from 'typeorm';
import { connectBeside, openDatabase } from './database.js';
import { Fenced } from './failures.js';
import { listParked } from './parked.js';
import { numberPage, type Relay, type RelayOptions, startRelay } from './relay.js';
import type { RelayBus, RelayNotice } from './relay-notice.js';
import { EventStore } from './store.js';
import { meta, registered, renamed } from './store.fixture.js';

// Servers are killed and started here, on machines that may be busy.
jest.setTimeout(30_000);
const WITHIN = { withinMs: 15_000 };

describe('the relay', () => {
  let nats: TestNats;
  let test: TestDatabase;
  let database: DataSource;
  let store: EventStore;
  let bus: Bus;
  const relays: Relay[] = [];
  let notices: RelayNotice[];

  beforeEach(async () => {
    [nats, test] = await Promise.all([testNats(), testDatabase()]);
    database = await openDatabase({ url: test.url, schema: 'registry', applicationName: 'registry' });
    store = new EventStore(database);
    bus = await connectBus({ servers: nats.url, name: 'registry' });
    await bus.assertStreams();
    notices = [];
  });
  afterEach(async () => {
    await Promise.all(relays.splice(0).map((relay) => relay.stop()));
    await bus.close();
    await database.destroy();
    await test.drop();
    await nats.stop();
  });

  const start = (over: RelayBus = bus, options: Partial<RelayOptions> = {}, on = store): Relay => {
    const relay = startRelay(on, over, {
      streams: ['FLEET', 'ACCESS', 'HEALTH'],
      onNotice: (notice) => notices.push(notice),
      ...options,
    });
    relays.push(relay);
    return relay;
  };
  const append = async (type: 'node' | 'health' = 'node') => {
    const nodeId = randomUUID();
    await store.append(`${type}-${nodeId}`, 0, [registered(nodeId)], meta());
    return nodeId;
  };
  const positions = async (): Promise<number[]> =>
    (await database.query<{ position: string }[]>('select position from events order by position')).map((row) =>
      Number(row.position),
    );
  const upTo = (count: number) => Array.from({ length: count }, (_, index) => index + 1);

  /** Every message of a stream of the bus, as the server has it. */
  const onBus = async (stream: StreamName = 'FLEET') => {
    const nc = await connect({ servers: nats.url });
    try {
      const { streams } = await jetstreamManager(nc);
      const { state } = await streams.info(stream);
      const messages: { id: string; position: number; stream: string; version: number }[] = [];
      for (let seq = state.first_seq; seq <= state.last_seq && state.messages > 0; seq += 1) {
        const header = (await streams.getMessage(stream, { seq }))?.header;
        messages.push({
          id: header?.get('ce-id') ?? '',
          position: Number(header?.get('ce-position')),
          stream: header?.get('ce-stream') ?? '',
          version: Number(header?.get('ce-version')),
        });
      }
      return messages;
    } finally {
      await nc.close();
    }
  };
  const arrived = (count: number, stream: StreamName = 'FLEET') =>
    until(
      () => onBus(stream),
      (messages) => messages.length >= count,
      { ...WITHIN, everyMs: 50 },
    );
  const leads = (relay: Relay) => until(() => relay.leading, undefined, WITHIN);
  const purge = async (stream: StreamName) => {
    const nc = await connect({ servers: nats.url });
    await (await jetstreamManager(nc)).streams.purge(stream);
    await nc.close();
  };

  it('gives positions without holes and in commit order, and the bus each fact once in that order', async () => {
    start();
    const nodes = Array.from({ length: 5 }, () => randomUUID());
    await Promise.all(
      nodes.map(async (nodeId, index) => {
        await store.append(`node-${nodeId}`, 0, [registered(nodeId)], meta());
        for (let version = 1; version < 12; version += 1) {
          await store.append(`node-${nodeId}`, version, [renamed(nodeId, `name-${version}`)], meta(), {
            within: async (tx) => void (await tx.query('select pg_sleep($1)', [((version + index) % 4) / 400])),
          });
        }
      }),
    );
    const messages = await arrived(60);
    expect(messages.map(({ position }) => position)).toEqual(upTo(60));
    expect(new Set(messages.map(({ id }) => id)).size).toBe(60);
    for (const nodeId of nodes)
      expect(messages.filter(({ stream }) => stream === `node-${nodeId}`).map(({ version }) => version)).toEqual(
        upTo(12),
      );
  });

  it('brings an append to the bus without waiting for its next look', async () => {
    await leads(start(bus, { pollMs: 5_000 }));
    let atOnce = 0;
    for (let count = 1; count <= 5; count += 1) {
      await append();
      const before = performance.now();
      await arrived(count);
      if (performance.now() - before < 2_500) atOnce += 1;
    }
    // Not each of them: a write that is open in another test's database at that moment makes it wait for the next look.
    expect(atOnce).toBeGreaterThanOrEqual(3);
  });

  it('drains a backlog in windows', async () => {
    await database.query(
      `insert into events (stream_id, version, id, type, schema_version, data, meta)
       select 'node-' || gen_random_uuid(), 1, gen_random_uuid(), 'NodeRegistered', 1, $1, $2 from generate_series(1, 2000)`,
      [registered(randomUUID()).data, meta()],
    );
    start();
    await until(async () => (await bus.tail('FLEET')).messages === 2_000, undefined, WITHIN);
    expect(await positions()).toEqual(upTo(2_000));
    expect((await bus.tail('FLEET')).lastPosition).toBe(2_000);
  });

  it('sends each family to its stream, with one numbering for all', async () => {
    start();
    await append();
    await store.append('settings-gateway', 0, [{ type: 'AccessKeyShown', data: {} }], meta());
    await append('health');
    await append();
    expect((await arrived(2)).map(({ position }) => position)).toEqual([1, 4]);
    expect((await arrived(1, 'ACCESS')).map(({ position }) => position)).toEqual([2]);
    expect((await arrived(1, 'HEALTH')).map(({ position }) => position)).toEqual([3]);
  });

  it('goes on where it stopped, and repeats nothing', async () => {
    await leads(start());
    await append();
    await arrived(1);
    await relays.pop()?.stop();
    await append();
    start();
    expect((await arrived(2)).map(({ position }) => position)).toEqual([1, 2]);
  });

  it('numbers on while the bus is away, and publishes everything once it is back', async () => {
    const relay = start();
    await append();
    await arrived(1);
    await nats.kill();
    for (let index = 0; index < 20; index += 1) await append();
    await until(async () => (await positions()).at(-1) === 21);
    expect(await relay.lag()).toMatchObject({ events: 20, heldBy: undefined });
    await nats.restart();
    expect((await arrived(21)).map(({ position }) => position)).toEqual(upTo(21));
    await until(async () => (await relay.lag()).events === 0);
  });

  it('fills a bus that lost everything again, by itself and with nothing new to publish', async () => {
    start();
    for (let index = 0; index < 30; index += 1) await append();
    const before = await arrived(30);
    await nats.wipe();
    expect(await arrived(30)).toEqual(before);
    await append();
    expect((await arrived(31)).map(({ position }) => position)).toEqual(upTo(31));
    expect(notices).toContainEqual({ notice: 'refilling', stream: 'FLEET', position: 0 });
  });

  it('survives a bus that dies again and again under load: nothing lost, nothing twice, nothing out of order', async () => {
    start();
    let writing = true;
    const appended: string[] = [];
    const writer = (async () => {
      while (writing) appended.push(await append());
    })();
    for (let round = 0; round < 3; round += 1) {
      await until(() => appended.length > (round + 1) * 60, undefined, WITHIN);
      await (round === 1 ? nats.wipe() : nats.restart());
    }
    writing = false;
    await writer;
    const messages = await arrived(appended.length);
    expect(messages.map(({ position }) => position)).toEqual(upTo(appended.length));
    expect(new Set(messages.map(({ stream }) => stream))).toEqual(new Set(appended.map((nodeId) => `node-${nodeId}`)));
  });

  it('goes on after a stream whose facts have all grown too old to keep', async () => {
    await leads(start());
    await append('health');
    await arrived(1, 'HEALTH');
    await database.query(`update events set at = now() - interval '91 days'`);
    await purge('HEALTH');
    await nats.restart();
    await append('health');
    const messages = await arrived(1, 'HEALTH');
    expect(messages.map(({ position }) => position)).toEqual([2]);
  });

  it('keeps out of a stream that was filled from another history, and says so', async () => {
    await leads(start());
    await append();
    await arrived(1);
    const other = await testDatabase();
    const otherDatabase = await openDatabase({ url: other.url, schema: 'registry', applicationName: 'other' });
    const otherStore = new EventStore(otherDatabase);
    const nodeId = randomUUID();
    await otherStore.append(`node-${nodeId}`, 0, [registered(nodeId)], meta());
    const relay = start(bus, {}, otherStore);
    await until(() =>
      notices.some((each) => each.notice === 'publish-failed' && /not in this database/.test(String(each.error))),
    );
    await relay.stop();
    await otherDatabase.destroy();
    await other.drop();
    expect(await onBus()).toHaveLength(1);
  });

  it('parks what can never go on the bus, by stream and with the reason, while others go on', async () => {
    const insert = (stream: string, version: number, metaOf: object) =>
      database.query(
        `insert into events (stream_id, version, id, type, schema_version, data, meta)
         values ($1, $2, gen_random_uuid(), 'NodeRegistered', 1, '{}', $3)`,
        [stream, version, metaOf],
      );
    const node = `node-${randomUUID()}`;
    await insert(node, 1, {});
    await insert(node, 2, meta());
    await insert('nobody-1', 1, meta());
    start();
    const sound = await append();
    expect((await arrived(1)).map(({ stream }) => stream)).toEqual([`node-${sound}`]);
    expect(await listParked(database)).toMatchObject([
      { projection: 'relay', stream: node, version: 1, reason: expect.stringContaining('meta') as string },
      { projection: 'relay', stream: 'nobody-1', reason: 'No stream of the bus takes it' },
    ]);
  });

  it('leads again by itself after the database was away', async () => {
    const relay = start();
    await append();
    await arrived(1);
    await test.refuseConnections(true);
    await test.cutConnections();
    await until(() => !relay.leading, undefined, WITHIN);
    await test.refuseConnections(false);
    await until(() => append(), undefined, WITHIN);
    const messages = await arrived(2);
    expect(messages.map(({ position }) => position)).toEqual(upTo(messages.length));
  });

  describe('when there are two', () => {
    const cutLeader = () =>
      test.query(`select pg_terminate_backend(l.pid) from pg_locks l
                  join pg_database d on d.oid = l.database where l.locktype = 'advisory' and d.datname = current_database()`);

    it('one leads and the other waits, until the first one stops', async () => {
      const first = start();
      await leads(first);
      const second = start();
      await append();
      await arrived(1);
      expect(second.leading).toBe(false);
      await first.stop();
      await leads(second);
      await append();
      expect((await arrived(2)).map(({ position }) => position)).toEqual([1, 2]);
    });

    it('the second one takes over when the first one loses its session', async () => {
      const first = start();
      await leads(first);
      const second = start();
      await append();
      await arrived(1);
      await cutLeader();
      await until(() => notices.some(({ notice }) => notice === 'not-leading'), undefined, WITHIN);
      await until(() => first.leading !== second.leading, undefined, WITHIN);
      await append();
      expect((await arrived(2)).map(({ position }) => position)).toEqual([1, 2]);
      const tokens = notices.flatMap((each) => (each.notice === 'leading' ? [each.token] : []));
      expect(tokens).toEqual([...tokens].sort((a, b) => a - b));
    });

    it('one that lost the lead without noticing numbers nothing', async () => {
      await leads(start());
      const zombie = await connectBeside(database, 'zombie');
      const [{ token }] = await database.query<[{ token: string }]>('select token from relay');
      await append();
      await expect(numberPage(zombie, Number(token) - 1)).rejects.toThrow(Fenced);
      await zombie.end();
    });

    it('what one still wanted to publish when it was paused does not get in between', async () => {
      // The first one is held up right before its facts go out, as by SIGSTOP.
      let wake: () => void = () => undefined;
      const paused = new Promise<void>((resolve) => (wake = resolve));
      const late: Promise<unknown>[] = [];
      const slow: RelayBus = {
        get state() {
          return bus.state;
        },
        onState: (handler) => bus.onState(handler),
        tail: (stream) => bus.tail(stream),
        publishFact: (fact: Fact, options) => {
          const sent = paused.then(() => bus.publishFact(fact, options));
          late.push(sent.catch(() => undefined));
          return sent;
        },
      };
      const first = start(slow, { streams: ['FLEET'] });
      await leads(first);
      for (let index = 0; index < 5; index += 1) await append();
      await until(() => late.length > 0);
      await cutLeader();
      const second = start(bus, { streams: ['FLEET'] });
      await leads(second);
      await append();
      expect((await arrived(6)).map(({ position }) => position)).toEqual(upTo(6));
      wake();
      await Promise.all(late);
      expect((await onBus()).map(({ position }) => position)).toEqual(upTo(6));
    });
  });

  it('tells whose open transaction holds everything back', async () => {
    const relay = start();
    await leads(relay);
    const client = new pg.Client({ connectionString: test.url, application_name: 'forgotten' });
    await client.connect();
    await client.query('begin; select pg_current_xact_id()');
    await append();
    const lag = await until(
      () => relay.lag(),
      ({ heldBy }) => heldBy?.applicationName === 'forgotten',
    );
    expect(lag.events).toBe(1);
    await until(
      () => notices.some((each) => each.notice === 'held-up' && each.by.applicationName === 'forgotten'),
      undefined,
      WITHIN,
    );
    await client.query('rollback');
    await client.end();
    await arrived(1);
  });
});
