import { randomBytes } from 'node:crypto';
import { Client, type QueryResultRow } from 'pg';
import { postgresCluster } from './postgres-cluster.js';

export interface TestDatabase {
  /** Where to connect: a database that nobody else uses. */
  readonly url: string;
  readonly name: string;
  /** Runs one statement on a connection of its own and returns the rows. */
  query<Row extends QueryResultRow = QueryResultRow>(sql: string, values?: readonly unknown[]): Promise<Row[]>;
  /** Ends every connection to it, as a restart of the server would. Returns how many there were. */
  cutConnections(): Promise<number>;
  /** While refused, no new connection is accepted: together with `cutConnections` the database is away. */
  refuseConnections(refused: boolean): Promise<void>;
  /** Removes it, with whatever is still connected. */
  drop(): Promise<void>;
}

/** A fresh, empty database in the Postgres of this test run, which the first call starts. One per test file. */
export async function testDatabase(): Promise<TestDatabase> {
  const cluster = await postgresCluster();
  const name = `test_${randomBytes(6).toString('hex')}`;
  const url = `${cluster}/${name}`;
  const admin = <Row extends QueryResultRow>(sql: string, values: readonly unknown[] = []) =>
    queryOnce<Row>(`${cluster}/postgres`, sql, values);
  // The copy of an empty template needs no checkpoint this way, which is what takes long.
  await admin(`create database ${name} strategy wal_log`);
  return {
    url,
    name,
    query: (sql, values = []) => queryOnce(url, sql, values),
    async cutConnections() {
      return (await admin('select pg_terminate_backend(pid) from pg_stat_activity where datname = $1', [name])).length;
    },
    async refuseConnections(refused) {
      await admin(`alter database ${name} allow_connections ${!refused}`);
    },
    async drop() {
      await admin(`drop database if exists ${name} with (force)`);
    },
  };
}

async function queryOnce<Row extends QueryResultRow>(
  connectionString: string,
  sql: string,
  values: readonly unknown[],
): Promise<Row[]> {
  const client = new Client({ connectionString, application_name: 'test' });
  await client.connect();
  try {
    return (await client.query<Row>(sql, [...values])).rows;
  } finally {
    await client.end();
  }
}
