import { randomUUID } from 'node:crypto';
import { type Event, type FactMeta, Outage } from '@muster/contracts';
import { faultProxy, testDatabase, type TestDatabase, until } from '@muster/testing';
import pg from 'pg';
import type { DataSource } from 'typeorm';
import { openDatabase } from './database.js';
import { CommandReused, ReservationTaken, VersionConflict } from './failures.js';
import { FEED_PAGE, FEED_START, readFeed } from './feed.js';
import { EventStore } from './store.js';

jest.setTimeout(30_000);

const meta = (commandId: string = randomUUID()): FactMeta => ({
  actor: { kind: 'gateway', id: 'registry', name: 'Muster' },
  commandId,
  correlationId: randomUUID(),
});
const event = (type: string, data: object = {}): Event => ({ type, data });
const stream = () => `node-${randomUUID()}`;

describe('the event store', () => {
  let test: TestDatabase;
  let database: DataSource;
  let store: EventStore;

  beforeAll(async () => {
    test = await testDatabase();
    database = await openDatabase({ url: test.url, schema: 'registry', applicationName: 'test' });
    store = new EventStore(database);
  });
  afterAll(async () => {
    await database.destroy();
    await test.drop();
  });

  it('gives back what was appended, in order and with its meta', async () => {
    const node = stream();
    const cause = { ...meta(), causationId: randomUUID() };
    expect(
      await store.append(node, 0, [event('One', { a: 'ü"\\{},' }), event('Two', { b: [1, null] })], cause),
    ).toEqual({
      version: 2,
      repeated: false,
    });
    const { facts, version } = await store.read(node);
    expect(version).toBe(2);
    expect(facts).toMatchObject([
      { stream: node, version: 1, type: 'One', data: { a: 'ü"\\{},' }, meta: cause },
      { stream: node, version: 2, type: 'Two', data: { b: [1, null] }, meta: cause },
    ]);
    expect(new Set(facts.map(({ id }) => id)).size).toBe(2);
  });

  it('reads an unknown stream as empty, at version 0', async () => {
    expect(await store.read(stream())).toEqual({ facts: [], version: 0 });
  });

  it('reads on after a version', async () => {
    const node = stream();
    await store.append(node, 0, [event('One'), event('Two'), event('Three')], meta());
    const { facts, version } = await store.read(node, { after: 2 });
    expect(facts.map(({ type }) => type)).toEqual(['Three']);
    expect(version).toBe(3);
  });

  describe('a writer that has not read the latest version', () => {
    it.each([0, 1, 3])('is refused when it thinks that the stream is at %i and it is at 2', async (expected) => {
      const node = stream();
      await store.append(node, 0, [event('One'), event('Two')], meta());
      const late = store.append(node, expected, [event('Late')], meta());
      await expect(late).rejects.toThrow(VersionConflict);
      await expect(late).rejects.toMatchObject({ expected, current: 2, stream: node });
      expect((await store.read(node)).version).toBe(2);
    });

    it('wins each version exactly once among many at the same time', async () => {
      const node = stream();
      const writers = 6;
      for (let version = 0; version < 12; version += 1) {
        const tries = await Promise.allSettled(
          Array.from({ length: writers }, (_, writer) =>
            store.append(node, version, [event('Tried', { writer, version })], meta()),
          ),
        );
        const won = tries.filter(({ status }) => status === 'fulfilled');
        const lost = tries.flatMap((one) => (one.status === 'rejected' ? [one.reason as unknown] : []));
        expect(won).toHaveLength(1);
        for (const reason of lost) expect(reason).toMatchObject({ name: 'VersionConflict', current: version + 1 });
      }
      expect((await store.read(node)).facts.map(({ version }) => version)).toEqual(
        Array.from({ length: 12 }, (_, index) => index + 1),
      );
    });
  });

  describe('a command that is repeated', () => {
    it('returns what came of it the first time and adds nothing', async () => {
      const node = stream();
      const first = meta();
      await store.append(node, 0, [event('One'), event('Two')], first);
      await store.append(node, 2, [event('Three')], meta());
      expect(await store.append(node, 0, [event('One'), event('Two')], first)).toEqual({ version: 2, repeated: true });
      expect((await store.read(node)).version).toBe(3);
    });

    it('is known again by a caller who has read the stream since', async () => {
      const node = stream();
      const first = meta();
      await store.append(node, 0, [event('One')], first);
      expect(await store.append(node, 1, [event('One')], first)).toEqual({ version: 1, repeated: true });
      const others = { take: [{ kind: 'node-name', key: node }] };
      expect(await store.append(node, 1, [event('One')], first, others)).toEqual({ version: 1, repeated: true });
      expect((await store.read(node)).version).toBe(1);
      // Nothing is left behind of the refused try: the next append works.
      expect(await store.append(node, 1, [event('Two')], meta(), others)).toEqual({ version: 2, repeated: false });
    });

    it('is carried out once when it arrives many times at once', async () => {
      const node = stream();
      const same = meta();
      const all = await Promise.all(Array.from({ length: 6 }, () => store.append(node, 0, [event('Once')], same)));
      expect(all.every(({ version }) => version === 1)).toBe(true);
      expect(all.filter(({ repeated }) => !repeated)).toHaveLength(1);
      expect((await store.read(node)).version).toBe(1);
    });

    it('is known again after the connection broke before its answer came', async () => {
      const { hostname: host, port } = new URL(test.url);
      const proxy = await faultProxy({ host, port: Number(port) });
      const far = await openDatabase({
        url: test.url.replace(`:${port}/`, `:${proxy.port}/`),
        schema: 'registry',
        applicationName: 'far',
      });
      const [node, same] = [stream(), meta()];
      proxy.set({ latencyMs: 300 });
      const unheard = expect(new EventStore(far).append(node, 0, [event('One')], same)).rejects.toThrow(Outage);
      // Committed, and the answer is still on its way.
      await until(async () => (await store.read(node)).version === 1);
      proxy.cut();
      await unheard;
      expect(await store.append(node, 0, [event('One')], same)).toEqual({ version: 1, repeated: true });
      proxy.heal();
      await far.destroy();
      await proxy.close();
    });

    it('is refused on another stream: one command, one append', async () => {
      const same = meta();
      const node = stream();
      await store.append(node, 0, [event('One')], same);
      const other = store.append(stream(), 0, [event('One')], same);
      await expect(other).rejects.toThrow(CommandReused);
      await expect(other).rejects.toMatchObject({ stream: node });
    });
  });

  describe('a reservation', () => {
    const name = (key: string) => ({ kind: 'node-name', key });

    it('is held by one stream; a second one gets nothing, not even its events', async () => {
      const [one, two] = [stream(), stream()];
      await store.append(one, 0, [event('Named')], meta(), { take: [name('lab')] });
      const second = store.append(two, 0, [event('Named')], meta(), { take: [name('other'), name('lab')] });
      await expect(second).rejects.toThrow(ReservationTaken);
      await expect(second).rejects.toMatchObject({ kind: 'node-name', key: 'lab' });
      expect((await store.read(two)).version).toBe(0);
      await store.append(stream(), 0, [event('Named')], meta(), { take: [name('other')] });
    });

    it('is of its kind only', async () => {
      await store.append(stream(), 0, [event('Named')], meta(), { take: [{ kind: 'node-name', key: 'x:1' }] });
      await store.append(stream(), 0, [event('Named')], meta(), { take: [{ kind: 'node-address', key: 'x:1' }] });
    });

    it('is free again once it is given back', async () => {
      const node = stream();
      await store.append(node, 0, [event('Named')], meta(), { take: [name('back')] });
      await store.append(node, 1, [event('Removed')], meta(), { release: [name('back')] });
      await store.append(stream(), 0, [event('Named')], meta(), { take: [name('back')] });
    });

    it('may be given back and taken by the same call, and taken again by who holds it', async () => {
      const node = stream();
      await store.append(node, 0, [event('Named')], meta(), { take: [name('kept')] });
      await store.append(node, 1, [event('Renamed')], meta(), { take: [name('kept')], release: [name('kept')] });
      await store.append(node, 2, [event('Renamed')], meta(), { take: [name('kept')] });
      await expect(store.append(stream(), 0, [event('Named')], meta(), { take: [name('kept')] })).rejects.toThrow(
        ReservationTaken,
      );
    });

    it('is never given back by a stream that does not hold it', async () => {
      await store.append(stream(), 0, [event('Named')], meta(), { take: [name('mine')] });
      await store.append(stream(), 0, [event('Sly')], meta(), { release: [name('mine')] });
      await expect(store.append(stream(), 0, [event('Named')], meta(), { take: [name('mine')] })).rejects.toThrow(
        ReservationTaken,
      );
    });

    it('goes to exactly one of many that want it at once, whatever the order they ask in', async () => {
      const keys = [name('race-a'), name('race-b')];
      const tries = await Promise.allSettled(
        Array.from({ length: 8 }, (_, index) =>
          store.append(stream(), 0, [event('Named')], meta(), { take: index % 2 ? keys : [...keys].reverse() }),
        ),
      );
      expect(tries.filter(({ status }) => status === 'fulfilled')).toHaveLength(1);
      for (const one of tries) if (one.status === 'rejected') expect(one.reason).toBeInstanceOf(ReservationTaken);
    });
  });

  describe('writes in the same transaction', () => {
    beforeAll(() => database.query('create table notes (text text)'));

    it('stand or fall with the append', async () => {
      const node = stream();
      const failing = store.append(node, 0, [event('One')], meta(), {
        within: async (tx) => {
          await tx.query("insert into notes values ('lost')");
          throw new Error('no');
        },
      });
      await expect(failing).rejects.toThrow('no');
      expect((await store.read(node)).version).toBe(0);
      expect(await database.query('select text from notes')).toEqual([]);
    });

    it('happen once for a repeated command', async () => {
      const node = stream();
      const same = meta();
      for (let time = 0; time < 2; time += 1) {
        await store.append(node, 0, [event('One')], same, {
          within: (tx) => tx.query("insert into notes values ('kept')"),
        });
      }
      expect(await database.query('select text from notes')).toEqual([{ text: 'kept' }]);
    });
  });

  it('refuses an append that is not the first write of its transaction', async () => {
    const appending = database.transaction(async (tx) => {
      await tx.query('create temporary table early (id int) on commit drop');
      await tx.query(
        `select append_events('node-x', 0, gen_random_uuid(), array[gen_random_uuid()], array['One'], 1,
           array['{}'::jsonb], '{}', '{}', '{}', '{}', '{}')`,
      );
    });
    await expect(appending).rejects.toThrow('first write of its transaction');
  });

  it('refuses what could never go on the bus: no events, too many, or one too long', async () => {
    await expect(store.append(stream(), 0, [], meta())).rejects.toThrow('1 to 100 events');
    const many = Array.from({ length: 101 }, () => event('One'));
    await expect(store.append(stream(), 0, many, meta())).rejects.toThrow('1 to 100 events');
    const long = [event('Long', { text: 'x'.repeat(600_000) })];
    await expect(store.append(stream(), 0, long, meta())).rejects.toThrow('Long has more than');
  });

  it('says that the database is away when it is, and goes on by itself when it is back', async () => {
    await test.refuseConnections(true);
    await test.cutConnections();
    await expect(store.append(stream(), 0, [event('One')], meta())).rejects.toMatchObject({
      name: 'Outage',
      part: 'database',
    });
    await test.refuseConnections(false);
    await until(() => store.append(stream(), 0, [event('One')], meta()), undefined, { withinMs: 5_000 });
  });
});

describe('the feed', () => {
  let test: TestDatabase;
  let database: DataSource;
  let store: EventStore;

  beforeEach(async () => {
    test = await testDatabase();
    database = await openDatabase({ url: test.url, schema: 'registry', applicationName: 'test' });
    store = new EventStore(database);
  });
  afterEach(async () => {
    await database.destroy();
    await test.drop();
  });

  /** A writer on a connection of its own, which commits when it is told to. */
  const slowWriter = async (node: string, expected: number) => {
    const client = new pg.Client({ connectionString: test.url, options: '-c search_path=registry' });
    await client.connect();
    await client.query('begin');
    await client.query(
      `select * from append_events($1, $2, gen_random_uuid(), array[gen_random_uuid()], array['Slow'], 1,
         array['{}'::jsonb], '{}', '{}', '{}', '{}', '{}')`,
      [node, expected],
    );
    return {
      commit: async () => {
        await client.query('commit');
        await client.end();
      },
    };
  };

  it('waits for a slow writer, misses nothing, and never shows version 2 before version 1', async () => {
    const [slow, fast] = [stream(), stream()];
    const writer = await slowWriter(slow, 0);
    await store.append(fast, 0, [event('Fast')], meta());
    await store.append(fast, 1, [event('Fast')], meta());

    // By serial number alone the reader would now go past the slow writer's event and never see it.
    const before = await readFeed(database, FEED_START, 100);
    expect(before.events).toEqual([]);

    await writer.commit();
    await store.append(slow, 1, [event('After')], meta());
    const seen = await until(
      async () => (await readFeed(database, before.end, 100)).events,
      (events) => events.length === 4,
    );
    expect(seen.filter((each) => each.stream === slow).map(({ version }) => version)).toEqual([1, 2]);
    expect(seen.filter((each) => each.stream === fast).map(({ version }) => version)).toEqual([1, 2]);
  });

  it('gives every event once and each stream in order while many write at their own pace', async () => {
    const nodes = Array.from({ length: 4 }, stream);
    const perNode = 15;
    let writing = true;
    const writers = Promise.all(
      nodes.map(async (node, index) => {
        for (let version = 0; version < perNode; version += 1) {
          await store.append(node, version, [event('Written')], meta(), {
            // Some hold their transaction open for a moment.
            within: async (tx) => void (await tx.query('select pg_sleep($1)', [((version * 7 + index * 3) % 5) / 500])),
          });
        }
      }),
    ).finally(() => (writing = false));

    const seen: { stream: string; version: number }[] = [];
    let place = FEED_START;
    const read = async () => {
      const page = await readFeed(database, place, 7);
      seen.push(...page.events);
      place = page.end;
      return page.events.length;
    };
    while (writing) await read();
    await writers;
    await until(
      async () => (await read(), seen.length),
      (count) => count >= nodes.length * perNode,
    );

    expect(seen).toHaveLength(nodes.length * perNode);
    for (const node of nodes)
      expect(seen.filter((each) => each.stream === node).map(({ version }) => version)).toEqual(
        Array.from({ length: perNode }, (_, index) => index + 1),
      );
  });

  it('is read by an index, from wherever the reader stands', async () => {
    await database.query(
      `insert into events (stream_id, version, id, type, schema_version, data, meta)
       select 'node-' || n / 10, n % 10 + 1, gen_random_uuid(), 'Many', 1, '{}', '{}' from generate_series(0, 19999) n`,
    );
    await database.query('analyze events');
    const [{ xid }] = await database.query<[{ xid: string }]>('select max(xid::text::bigint)::text as xid from events');
    const plan = await database.query<{ 'QUERY PLAN': string }[]>(`explain ${FEED_PAGE}`, [1, xid, 19_000, 100]);
    const text = plan.map((row) => row['QUERY PLAN']).join('\n');
    expect(text).toContain('Index Scan using events_feed');
    expect(text).toMatch(/Index Cond:.*ROW\(/);
    expect(text).not.toMatch(/Seq Scan|Sort|Function Scan/);
  });
});
