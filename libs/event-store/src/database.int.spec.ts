import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { NewerDatabase, Outage } from '@muster/contracts';
import { testDatabase, type TestDatabase, until } from '@muster/testing';
import type { DataSource, MigrationInterface, QueryRunner } from 'typeorm';
import { type DatabaseOptions, openDatabase } from './database.js';

jest.setTimeout(30_000);

class Things1764000000001 implements MigrationInterface {
  readonly name = 'Things1764000000001';
  async up(runner: QueryRunner) {
    // Fails where the event store's own tables are not there yet, and when it runs twice.
    await runner.query('create table things as select stream_id from events');
  }
  async down(runner: QueryRunner) {
    await runner.query('drop table things');
  }
}

/** A program that opens a database whose last migration takes its time, notes who ran it, and holds a lock meanwhile. */
const SLOW_START = `
  import { openDatabase } from '@muster/event-store';
  class Slow1764000000002 {
    name = 'Slow1764000000002';
    async up(runner) {
      await runner.query('create table migrated_by (pid int)');
      await runner.query('insert into migrated_by values (' + process.pid + ')');
      await runner.query('select pg_sleep(2)');
    }
  }
  const database = await openDatabase({
    url: process.env.DATABASE_URL, schema: 'registry', applicationName: 'registry', migrations: [Slow1764000000002],
  });
  await database.query('select pid from migrated_by');
  await database.destroy();
`;

describe('openDatabase', () => {
  let test: TestDatabase;
  const opened: DataSource[] = [];
  const open = async (options: Partial<DatabaseOptions> = {}) => {
    const database = await openDatabase({
      url: test.url,
      schema: 'registry',
      applicationName: 'registry',
      migrations: [Things1764000000001],
      ...options,
    });
    opened.push(database);
    return database;
  };

  beforeEach(async () => {
    test = await testDatabase();
  });
  afterEach(async () => {
    await Promise.all(opened.splice(0).map((database) => database.destroy()));
    await test.drop();
  });

  it('makes the schema and its tables once, also when several processes start at the same time', async () => {
    await Promise.all([open(), open(), open()]);
    await open();
    const tables = await test.query<{ name: string }>(
      `select table_name as name from information_schema.tables where table_schema = 'registry' order by 1`,
    );
    expect(tables.map(({ name }) => name)).toEqual([
      'checkpoints',
      'epochs',
      'events',
      'migrations',
      'parked',
      'relay',
      'reservations',
      'snapshots',
      'stream_places',
      'things',
    ]);
    expect(await test.query('select name from registry.migrations')).toHaveLength(6);
  });

  it('lets one of two processes that start at once migrate, while the other waits', async () => {
    const start = () =>
      promisify(execFile)(process.execPath, ['--input-type=module', '-e', SLOW_START], {
        cwd: join(import.meta.dirname, '..'),
        env: { ...process.env, NODE_OPTIONS: '', DATABASE_URL: test.url },
      });
    const starts = Promise.all([start(), start()]);
    starts.catch(() => undefined);
    const waiting = `select count(*)::int as sessions from pg_locks l join pg_database d on d.oid = l.database
      where d.datname = current_database() and l.locktype = 'advisory' and not l.granted`;
    await until(
      () => test.query<{ sessions: number }>(waiting),
      ([row]) => row?.sessions === 1,
      { withinMs: 20_000 },
    );
    await starts;
    expect(await test.query('select pid from registry.migrated_by')).toHaveLength(1);
    const run = await test.query<{ name: string }>('select name from registry.migrations');
    expect(run).toHaveLength(6);
    expect(new Set(run.map(({ name }) => name)).size).toBe(6);
  });

  it('waits for another process to migrate as long as it may, and then says for whom', async () => {
    await (await open({ migrations: [] })).query('select 1');
    const [holder] = opened;
    const runner = holder?.createQueryRunner();
    await runner?.query(`select pg_advisory_lock(hashtextextended('muster migrations registry', 0))`);
    await expect(open({ migrateWithinMs: 300 })).rejects.toThrow(
      'Another process has been bringing the tables of registry up to date for 0.3 s and is not done. Start again; what runs now goes on',
    );
    await runner?.query('select pg_advisory_unlock_all()');
    await runner?.release();
    expect((await open()).isInitialized).toBe(true);
  });

  it('lets a migration take longer than any statement of the service may', async () => {
    class Asks1764000000003 implements MigrationInterface {
      readonly name = 'Asks1764000000003';
      async up(runner: QueryRunner) {
        await runner.query(`create table allowed as select current_setting('statement_timeout') as statement`);
      }
      async down(runner: QueryRunner) {
        await runner.query('drop table allowed');
      }
    }
    const database = await open({ migrations: [Asks1764000000003] });
    expect(await database.query('select statement from allowed')).toEqual([{ statement: '5min' }]);
  });

  it('refuses a database that a newer release has changed, and changes nothing', async () => {
    await open({ migrations: [] });
    await test.query(`insert into registry.migrations (timestamp, name) values (1, 'Later1999000000000')`);
    const older = open();
    await expect(older).rejects.toThrow(NewerDatabase);
    await expect(older).rejects.toThrow(/^The database is newer than this release: .* by Later1999000000000, which/);
    expect(await test.query(`select to_regclass('registry.things') as things`)).toEqual([{ things: null }]);
  });

  it('keeps services apart in one database', async () => {
    const [registry, monitor] = await Promise.all([open(), open({ schema: 'monitor' })]);
    await registry.query(`insert into things values ('node-1')`);
    expect(await monitor.query('select * from things')).toEqual([]);
  });

  it('bounds on every connection what a session may hold up', async () => {
    const database = await open();
    const [settings] = await database.query<object[]>(
      `select current_setting('statement_timeout') as statement, current_setting('lock_timeout') as lock,
         current_setting('idle_in_transaction_session_timeout') as idle, current_setting('application_name') as name`,
    );
    expect(settings).toEqual({ statement: '10s', lock: '5s', idle: '5s', name: 'registry' });
  });

  it('goes on trying while the database does not answer, and opens it when it does', async () => {
    await test.refuseConnections(true);
    const opening = open();
    await test.refuseConnections(false);
    expect((await opening).isInitialized).toBe(true);
  });

  it('gives up with an Outage when the database does not answer in time', async () => {
    const nobody = open({ url: 'postgres://muster@127.0.0.1:1/none', connectWithinMs: 50 });
    await expect(nobody).rejects.toThrow(Outage);
  });

  it('gives up at once when trying again cannot help', async () => {
    await expect(open({ url: `${test.url}_unknown` })).rejects.toThrow('does not exist');
    await expect(open({ schema: 'Registry; drop' })).rejects.toThrow('no name for a schema');
  });
});
