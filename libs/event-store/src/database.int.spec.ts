import { Outage } from '@muster/contracts';
import { testDatabase, type TestDatabase } from '@muster/testing';
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
