import { setTimeout as sleep } from 'node:timers/promises';
import { NewerDatabase, Outage } from '@muster/contracts';
import pg from 'pg';
import { DataSource, type DataSourceOptions } from 'typeorm';
import type { PostgresDriver } from 'typeorm/driver/postgres/PostgresDriver.js';
import { pauseMs } from './bell.js';
import { raiseEpochIfMoved } from './epoch.js';
import { codeOf, isOutage } from './failures.js';
import { EventStore1764000000000 } from './migrations/1764000000000-event-store.js';
import { Snapshots1765000000000 } from './migrations/1765000000000-snapshots.js';
import { Epoch1765000000001 } from './migrations/1765000000001-epoch.js';
import { StreamPlaces1765000000002 } from './migrations/1765000000002-stream-places.js';
import { ParkedFacts1765000000003 } from './migrations/1765000000003-parked-facts.js';

type Classes = readonly (new () => object)[];

export interface DatabaseOptions {
  readonly url: string;
  /** The schema that all tables of the service are in: lower case letters, digits and underscores. */
  readonly schema: string;
  /** Shown in the server's list of sessions: the name of the service. */
  readonly applicationName: string;
  readonly entities?: Classes;
  /** The service's own; those of the event store run before them. */
  readonly migrations?: Classes;
  /** How many connections at most; a call waits 5 s for a free one. */
  readonly connections?: number;
  /** How long to go on trying while the server does not answer; 10 s unless told otherwise. */
  readonly connectWithinMs?: number;
  /** How long to wait while another process brings the tables up to date, and how long a migration of ours may take; 5 min unless told otherwise. */
  readonly migrateWithinMs?: number;
  /** Told when an idle connection breaks. The next call makes a new one. */
  readonly onLost?: (error: Error) => void;
}

/**
 * No statement of ours may run for long, and none may sit in an open transaction: an open write holds back the feed, and
 * with it everything that reads facts.
 */
const TIMEOUTS = { statement_timeout: 10_000, lock_timeout: 5_000, idle_in_transaction_session_timeout: 5_000 };
const CONNECT_TIMEOUT_MS = 5_000;
const MIGRATE_WITHIN_MS = 300_000;
const OWN_MIGRATIONS = [
  EventStore1764000000000,
  Snapshots1765000000000,
  Epoch1765000000001,
  StreamPlaces1765000000002,
  ParkedFacts1765000000003,
];
const MIGRATIONS_LOCK = 'muster migrations';
/** The SQLSTATE of a statement that took longer than it may. */
const QUERY_CANCELED = '57014';

/**
 * The options that put a session into the schema and bound what it may hold up. Statements are short here: to compile one to
 * machine code, as the planner likes to for those that look up a thousand nodes, takes longer than to run it.
 */
const sessionOptions = (schema: string, more: Record<string, number> = {}): string =>
  Object.entries({ search_path: schema, jit: 'off', ...TIMEOUTS, ...more })
    .map(([name, value]) => `-c ${name}=${value}`)
    .join(' ');

/**
 * Opens the service's part of the database: makes the schema if it is not there, brings its tables up to date (one process
 * at a time, others wait up to 5 min), begins a new epoch if it was restored from elsewhere, and returns the pool. Rejects with
 * an Outage when the server does not answer in time or another process does not end its migration, and with NewerDatabase,
 * before anything is changed, when a newer release has been here.
 */
export async function openDatabase(options: DatabaseOptions): Promise<DataSource> {
  const { url, schema, applicationName, entities = [], migrations = [], connections = 10 } = options;
  if (!/^[a-z_][a-z0-9_]*$/.test(schema)) throw new Error(`${schema} is no name for a schema`);
  const database = new DataSource({
    type: 'postgres',
    url,
    applicationName,
    poolSize: connections,
    connectTimeoutMS: CONNECT_TIMEOUT_MS,
    poolErrorHandler: (error: Error) => options.onLost?.(error),
    // The names of tables are left bare, so that the search path decides: a rebuild redirects it to tables on the side.
    extra: { options: sessionOptions(schema), keepAlive: true, query_timeout: 15_000 },
    entities: [...entities] as NonNullable<DataSourceOptions['entities']>,
    // Run in the order of the times in their names.
    migrations: [...OWN_MIGRATIONS, ...migrations] as NonNullable<DataSourceOptions['migrations']>,
    migrationsTransactionMode: 'each',
    uuidExtension: 'pgcrypto',
    installExtensions: false,
    logging: false,
  });
  const deadline = performance.now() + (options.connectWithinMs ?? 10_000);
  for (let failures = 0; ; failures += 1) {
    try {
      await migrate(database, options);
      return database;
    } catch (error) {
      if (database.isInitialized) await database.destroy();
      if (!isOutage(error) || error instanceof StillMigrating) throw error;
      const waitMs = pauseMs(failures);
      if (performance.now() + waitMs > deadline)
        throw new Outage('database', 'The database does not answer', { cause: error });
      await sleep(waitMs);
    }
  }
}

async function migrate(database: DataSource, options: DatabaseOptions): Promise<void> {
  const { url, schema, applicationName, migrateWithinMs = MIGRATE_WITHIN_MS } = options;
  const client = await connectTo(url, schema, `${applicationName} migrations`, {
    statement_timeout: migrateWithinMs,
    lock_timeout: 0,
  });
  try {
    await takeMigrationsLock(client, schema, migrateWithinMs);
    await client.query(`create schema if not exists ${schema}`);
    await database.initialize();
    if (await isBehind(database, client, schema)) await runMigrations(database, schema, migrateWithinMs);
    await raiseEpochIfMoved(client);
  } finally {
    await client.end();
  }
}

/** Held until the session ends, so also when this process dies. */
async function takeMigrationsLock(client: pg.Client, schema: string, withinMs: number): Promise<void> {
  try {
    await client.query('select pg_advisory_lock(hashtextextended($1, 0))', [`${MIGRATIONS_LOCK} ${schema}`]);
  } catch (error) {
    if (codeOf(error) !== QUERY_CANCELED) throw error;
    throw new StillMigrating(schema, withinMs, { cause: error });
  }
}

class StillMigrating extends Outage {
  constructor(schema: string, withinMs: number, options: ErrorOptions) {
    super(
      'database',
      `Another process has been bringing the tables of ${schema} up to date for ${withinMs / 1000} s and is not done. Start again; what runs now goes on`,
      options,
    );
  }
}

/** Whether there is a migration that has not run yet. Throws NewerDatabase when one has run that this release does not know. */
async function isBehind(database: DataSource, client: pg.Client, schema: string): Promise<boolean> {
  const known = database.migrations.flatMap(({ name }) => name ?? []);
  const { rows: tables } = await client.query('select 1 where to_regclass($1) is not null', [`${schema}.migrations`]);
  if (tables.length === 0) return true;
  const { rows } = await client.query<{ name: string }>('select name from migrations order by id');
  const run = rows.map(({ name }) => name);
  const unknown = run.filter((name) => !known.includes(name));
  if (unknown.length > 0) throw new NewerDatabase(schema, unknown);
  return known.some((name) => !run.includes(name));
}

/** On a connection of its own: what changes large tables may take longer than any statement of the service. */
async function runMigrations({ options }: DataSource, schema: string, withinMs: number): Promise<void> {
  if (options.type !== 'postgres') throw new Error('The database was not opened by openDatabase');
  const session = sessionOptions(schema, { statement_timeout: withinMs });
  const migrating = new DataSource({
    ...options,
    poolSize: 1,
    extra: { options: session, keepAlive: true, query_timeout: withinMs + 5_000 },
  });
  await migrating.initialize();
  try {
    await migrating.runMigrations();
  } finally {
    await migrating.destroy();
  }
}

/**
 * Runs a statement that each session parses and plans once: for the few on the hot path. It goes straight to the pool that
 * TypeORM opened, whose own `query` makes a query runner and has the text parsed anew each time.
 */
export async function queryPrepared(
  database: DataSource,
  name: string,
  text: string,
  values: unknown[],
): Promise<unknown[]> {
  const client = await poolOf(database).connect();
  // A connection that breaks fails the query, and tells of it as an event too: unheard, that would end the process.
  client.on('error', unheard);
  let broken = true;
  try {
    const { rows } = await client.query<Record<string, unknown>>({ name, text, values });
    broken = false;
    return rows;
  } catch (error) {
    // After a word from the server the connection is ready for the next query. Without one nobody knows.
    broken = !(error instanceof pg.DatabaseError);
    throw error;
  } finally {
    client.off('error', unheard);
    client.release(broken);
  }
}

const unheard = (): void => undefined;

/** TypeORM does not know the type of its driver's pool. */
const poolOf = ({ driver }: DataSource): pg.Pool => (driver as PostgresDriver).master as pg.Pool;

/** What the pool of an open database is doing. `waiting` calls find every connection busy. */
export function connectionsOf(database: DataSource): { busy: number; idle: number; waiting: number } {
  const { totalCount, idleCount: idle, waitingCount: waiting } = poolOf(database);
  return { busy: totalCount - idle, idle, waiting };
}

/** A connection outside the pool, in the schema of an open database. */
export async function connectBeside(
  database: DataSource,
  purpose: string,
  settings: Record<string, number> = {},
): Promise<pg.Client> {
  const { options } = database;
  if (options.type !== 'postgres' || options.url === undefined)
    throw new Error('The database was not opened by openDatabase');
  const [row] = await database.query<{ schema: string }[]>('select current_schema() as schema');
  return connectTo(options.url, row?.schema ?? '', `${options.applicationName ?? ''} ${purpose}`, settings);
}

async function connectTo(
  url: string,
  schema: string,
  applicationName: string,
  settings: Record<string, number> = {},
): Promise<pg.Client> {
  const client = new pg.Client({
    connectionString: url,
    application_name: applicationName,
    options: sessionOptions(schema, settings),
    connectionTimeoutMillis: CONNECT_TIMEOUT_MS,
    // A little more than the server allows itself: for a server that no longer answers at all.
    query_timeout: (settings['statement_timeout'] ?? TIMEOUTS.statement_timeout) + 5_000,
    keepAlive: true,
  });
  // Whoever uses the connection sees the failure at the next query; unheard, it would end the process.
  client.on('error', () => undefined);
  await client.connect();
  return client;
}
