import { randomUUID } from 'node:crypto';
import { type PostgresWithDump, postgresWithDump, testDatabase, type TestDatabase } from '@muster/testing';
import pg from 'pg';
import type { DataSource } from 'typeorm';
import { connectBeside, openDatabase } from './database.js';
import { FEED_START, readFeed } from './feed.js';
import { numberPage } from './relay.js';
import { EventStore } from './store.js';
import { meta, registered, renamed } from './store.fixture.js';

jest.setTimeout(60_000);

const openAt = (url: string): Promise<DataSource> => openDatabase({ url, schema: 'registry', applicationName: 'test' });
const epochs = async (database: DataSource): Promise<number[]> =>
  (await database.query<{ epoch: number }[]>('select epoch from epochs order by epoch')).map(({ epoch }) => epoch);

/** Numbers as the relay would, and tells what has which position, first to last. */
async function numbered(database: DataSource): Promise<string[]> {
  const client = await connectBeside(database, 'relay');
  try {
    const { rows } = await client.query<{ token: string }>('update relay set token = token + 1 returning token');
    while ((await numberPage(client, Number(rows[0]?.token), 2)) > 0) continue;
  } finally {
    await client.end();
  }
  const rows = await database.query<{ position: string; name: string }[]>(
    `select position, data->>'name' as name from events order by position`,
  );
  expect(rows.map(({ position }) => Number(position))).toEqual(rows.map((_, index) => index + 1));
  return rows.map(({ name }) => name);
}

/** Facts before a restore: some numbered, some not yet. */
async function fill(store: EventStore): Promise<string> {
  const nodeId = randomUUID();
  await store.append(`node-${nodeId}`, 0, [registered(nodeId, 'one')], meta());
  await store.append(`node-${nodeId}`, 1, [renamed(nodeId, 'two')], meta());
  expect(await numbered(store.database)).toEqual(['one', 'two']);
  await store.append(`node-${nodeId}`, 2, [renamed(nodeId, 'three')], meta());
  return nodeId;
}

async function goOn(store: EventStore, nodeId: string): Promise<void> {
  for (const [index, name] of ['four', 'five'].entries())
    await store.append(`node-${nodeId}`, 3 + index, [renamed(nodeId, name)], meta());
}

describe('a database in another cluster, whose transaction numbers are behind', () => {
  const servers: PostgresWithDump[] = [];
  afterAll(() => Promise.all(servers.map((server) => server.stop())));

  /** A dump by pg_dump where it is installed; the same done by hand to one database where it is not. */
  async function restored(): Promise<{ database: DataSource; nodeId: string; end(): Promise<void> }> {
    const [from, to] = [await postgresWithDump(), await postgresWithDump()];
    if (from === undefined || to === undefined) return movedByHand();
    servers.push(from, to);
    await ahead(`${from.url}/postgres`);
    const before = await openAt(`${from.url}/postgres`);
    const nodeId = await fill(new EventStore(before));
    await before.destroy();
    await to.restore('postgres', await from.dump('postgres'));
    const database = await openAt(`${to.url}/postgres`);
    return { database, nodeId, end: () => database.destroy() };
  }

  async function movedByHand(): Promise<{ database: DataSource; nodeId: string; end(): Promise<void> }> {
    const test: TestDatabase = await testDatabase();
    const before = await openAt(test.url);
    const nodeId = await fill(new EventStore(before));
    await before.destroy();
    await test.query(`update registry.events set xid = (xid::text::bigint + 1000000)::text::xid8`);
    await test.query(`update registry.relay set xid = (xid::text::bigint + 1000000)::text::xid8`);
    await test.query(`update registry.epochs set cluster = 'elsewhere'`);
    const database = await openAt(test.url);
    return {
      database,
      nodeId,
      end: async () => {
        await database.destroy();
        await test.drop();
      },
    };
  }

  it('begins a new epoch, hides nothing, and reads what is new after what is old', async () => {
    const { database, nodeId, end } = await restored();
    const store = new EventStore(database);
    const [counter] = await database.query<[{ behind: boolean }]>(
      'select max(e.xid::text::bigint) > pg_current_xact_id()::text::bigint as behind from events e',
    );
    expect(counter.behind).toBe(true);
    expect(await epochs(database)).toEqual([1, 2]);

    await goOn(store, nodeId);
    const { events } = await readFeed(database, FEED_START, 100);
    expect(events.map(({ version }) => version)).toEqual([1, 2, 3, 4, 5]);
    expect(await numbered(database)).toEqual(['one', 'two', 'three', 'four', 'five']);
    await end();
  });

  it('begins one once, however often it is opened', async () => {
    const { database, end } = await restored();
    const { url } = database.options as { url: string };
    for (let times = 0; times < 3; times += 1) await (await openAt(url)).destroy();
    expect(await epochs(database)).toEqual([1, 2]);
    await end();
  });
});

describe('a database that stays where it is', () => {
  it('stays in its epoch', async () => {
    const test = await testDatabase();
    for (let times = 0; times < 2; times += 1) {
      const database = await openAt(test.url);
      expect(await epochs(database)).toEqual([1]);
      await database.destroy();
    }
    await test.drop();
  });
});

/** Lets the counter of a cluster run ahead. */
async function ahead(url: string): Promise<void> {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  await client.query(`do $$ begin for n in 1..3000 loop perform pg_current_xact_id(); commit; end loop; end $$`);
  await client.end();
}
