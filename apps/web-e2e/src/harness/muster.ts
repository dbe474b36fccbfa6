import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { until } from '@muster/testing';
import { Client } from 'pg';
import { listens } from './ports.js';
import { Running } from './process.js';

const root = join(import.meta.dirname, '../../../..');
const START_WITHIN_MS = 90_000;

/**
 * The whole system, as `npm start` runs it, with a data folder and ports of its own. Where MUSTER_E2E_ADDRESS names one that runs
 * already, that one: then MUSTER_E2E_CODE is its one-time code, and of this class only `address`, `code` and `remove` work.
 */
export class Muster {
  private running: Running | undefined;
  /** Where the console is. */
  address = '';
  /** The one-time code, while no account exists. */
  code: string | undefined;

  private constructor(
    readonly dataFolder: string,
    private readonly port: number,
    private readonly env: NodeJS.ProcessEnv,
  ) {}

  /** Without an engine, unless `env` says otherwise: most tests need none, and fetching one takes its time. */
  static async start(env: NodeJS.ProcessEnv = {}): Promise<Muster> {
    const { MUSTER_E2E_ADDRESS: address, MUSTER_E2E_CODE: code } = process.env;
    if (address !== undefined) {
      const running = new Muster(await mkdtemp(join(tmpdir(), 'muster-e2e-')), 0, {});
      running.address = address;
      running.code = code;
      return running;
    }
    const muster = new Muster(await mkdtemp(join(tmpdir(), 'muster-e2e-')), await consolePort(), {
      ...withoutEngine,
      ...env,
    });
    try {
      await muster.start();
      return muster;
    } catch (error) {
      const words = await muster.lastWords();
      await muster.remove();
      throw new Error(`It did not start.\n${words}`, { cause: error });
    }
  }

  /** What a service that could not start says instead of its log of JSON, for whoever reads of the failure when the folder is gone. */
  private async lastWords(): Promise<string> {
    const services = ['registry', 'monitor', 'stats', 'gateway', 'router', 'webhooks'];
    const said = services.map(async (service) => {
      const log = await readFile(join(this.dataFolder, 'logs', `${service}.log`), 'utf8').catch(() => '');
      const plain = log.split('\n').filter((line) => line !== '' && !line.startsWith('{'));
      return plain.slice(-20).map((line) => `${service}: ${line}`);
    });
    return (await Promise.all(said)).flat().join('\n');
  }

  /** Starts it (again) and resolves when it says that it is ready, with how long that took. */
  async start(): Promise<{ tookMs: number }> {
    const startedMs = performance.now();
    this.running = this.run();
    const said = /Open (http\S+)(?: — one-time code for the first account: (\S+))?/;
    const [, address = '', code] = await this.running.says(said, START_WITHIN_MS);
    this.address = address;
    this.code = code;
    return { tookMs: performance.now() - startedMs };
  }

  /** Ctrl-C. Resolves with the exit code. */
  async stop(): Promise<number | null | undefined> {
    return this.running?.end('SIGINT');
  }

  /** Starts another one for the same data folder and returns what it says before it ends. */
  async startAgain(): Promise<string> {
    const other = this.run();
    await other.says(/\n/, 10_000);
    await until(() => other.hasEnded, undefined, { withinMs: 10_000 });
    return other.output;
  }

  /** Stops it and forgets its data. */
  async remove(): Promise<void> {
    await this.stop();
    await rm(this.dataFolder, { recursive: true, force: true });
  }

  private run(): Running {
    const program = join(root, 'tools/dist/start/main.js');
    const args = ['--data', this.dataFolder, '--port', String(this.port)];
    return Running.start(process.execPath, [program, ...args], { NODE_OPTIONS: '', ...this.env });
  }

  get output(): string {
    return this.running?.output ?? '';
  }

  /** Runs one statement in its database, as somebody does who works on it by hand. */
  async query(sql: string, values: readonly unknown[] = []): Promise<unknown[]> {
    const { postgres } = JSON.parse(await readFile(join(this.dataFolder, 'ports.json'), 'utf8')) as {
      postgres: number;
    };
    const password = (await readFile(join(this.dataFolder, 'secrets/postgres-muster'), 'utf8')).trim();
    const client = new Client({ host: '127.0.0.1', port: postgres, user: 'muster', password, database: 'muster' });
    await client.connect();
    try {
      return (await client.query<Record<string, unknown>>(sql, [...values])).rows;
    } finally {
      await client.end();
    }
  }

  /** Where the tools of this machine connect to its bus, with every right. */
  async bus(): Promise<{ servers: string; user: string; pass: string }> {
    const { nats } = JSON.parse(await readFile(join(this.dataFolder, 'ports.json'), 'utf8')) as { nats: number };
    const pass = (await readFile(join(this.dataFolder, 'secrets/nats-muster'), 'utf8')).trim();
    return { servers: `127.0.0.1:${nats}`, user: 'muster', pass };
  }

  /** The access key that the local node service got. */
  async accessKey(): Promise<string> {
    return (await readFile(join(this.dataFolder, 'secrets/access-key'), 'utf8')).trim();
  }
}

/** For node services of tests that serve no model. */
export const withoutEngine = { MUSTER_ENGINE: 'keep', MUSTER_ENGINE_DISCOVERY: 'off' };

/** A free port below those that the system gives to outgoing connections, so that it is free again for a restart. */
async function consolePort(): Promise<number> {
  let port = 23_000 + (process.pid % 5_000);
  while (await listens(port)) port += 1;
  return port;
}
