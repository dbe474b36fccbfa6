import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { Client } from 'pg';
import * as z from 'zod';

const START_WITHIN_MS = 120_000;

const Processes = z.array(z.object({ pid: z.number(), name: z.string() }));
const Ports = z.object({ console: z.number(), postgres: z.number() });
const Counted = z.array(z.object({ command_id: z.uuid().nullable(), stream_id: z.string(), version: z.number() }));

const Rows = z.array(
  z.object({ stream_id: z.string(), version: z.number(), command: z.string(), position: z.nullable(z.string()) }),
);

/** A part by the name that `npm start` gives it. */
export type PartName =
  'registry' | 'monitor' | 'stats' | 'webhooks' | 'gateway' | 'router' | 'node service' | 'NATS' | 'Postgres';

/** The system as `npm start` runs it, in a folder of its own, and ways to break it. */
export class DrilledMuster {
  #child: ChildProcess | undefined;
  address = '';
  code: string | undefined;

  constructor(
    private readonly root: string,
    readonly folder: string,
    private readonly options: readonly string[] = [],
  ) {}

  /** Resolves with how long it took until the address was said. */
  async start(): Promise<number> {
    const startedMs = performance.now();
    const program = join(this.root, 'tools/dist/start/main.js');
    const args = [program, '--data', this.folder, ...this.options];
    const child = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'inherit'] });
    this.#child = child;
    let said = '';
    await new Promise<void>((resolve, reject) => {
      const timer = setTimeout(() => reject(new Error(`It did not start in time:\n${said}`)), START_WITHIN_MS);
      child.stdout.on('data', (chunk: Buffer) => {
        said = (said + chunk.toString('utf8')).slice(-10_000);
        const [, address, code] = /Open (http\S+)(?: — one-time code for the first account: (\S+))?/.exec(said) ?? [];
        if (address === undefined) return;
        clearTimeout(timer);
        [this.address, this.code] = [address, code];
        resolve();
      });
      child.once('exit', () => {
        clearTimeout(timer);
        reject(new Error(`It did not start:\n${said}`));
      });
    });
    return performance.now() - startedMs;
  }

  /** Ends it, in order by SIGINT or outright by SIGKILL. */
  async end(signal: 'SIGINT' | 'SIGKILL'): Promise<void> {
    const child = this.#child;
    if (child === undefined || child.exitCode !== null || child.signalCode !== null) return;
    const ended = once(child, 'exit');
    child.kill(signal);
    await ended;
  }

  /** The numbers of the parts that run. */
  async pids(): Promise<Map<string, number>> {
    const text = await readFile(join(this.folder, 'processes.json'), 'utf8').catch(() => '[]');
    return new Map(Processes.parse(JSON.parse(text)).map(({ name, pid }) => [name, pid]));
  }

  async signal(part: PartName, signal: 'SIGKILL' | 'SIGSTOP' | 'SIGCONT'): Promise<void> {
    const pid = (await this.pids()).get(part);
    if (pid === undefined) throw new Error(`${part} does not run`);
    process.kill(pid, signal);
  }

  /** Throws away what NATS has stored. */
  async wipeStreams(): Promise<void> {
    await rm(join(this.folder, 'nats', 'jetstream'), { recursive: true, force: true });
  }

  /** Every event of the nodes, in the order of its stream. */
  async nodeEvents(): Promise<z.infer<typeof Counted>> {
    const events = await this.ask(
      `select command_id, stream_id, version from registry.events where stream_id like 'node-%' order by stream_id, version`,
    );
    return Counted.parse(events);
  }

  /** Every event of the registry, in the order of stream and version. */
  async allEvents(): Promise<z.infer<typeof Rows>> {
    return Rows.parse(
      await this.ask(
        `select stream_id, version, meta->>'commandId' as command, position::text as position from registry.events
         order by stream_id, version`,
      ),
    );
  }

  /** How many facts the relay has not numbered yet. */
  async unnumbered(): Promise<number> {
    return (await this.ask('select 1 from registry.events where position is null')).length;
  }

  async accessKeyFile(): Promise<string> {
    const path = join(this.folder, 'secrets', 'access-key');
    await readFile(path);
    return path;
  }

  /** Runs a statement in its database. */
  async ask(text: string): Promise<unknown[]> {
    const { postgres } = Ports.parse(JSON.parse(await readFile(join(this.folder, 'ports.json'), 'utf8')));
    const password = (await readFile(join(this.folder, 'secrets', 'postgres-muster'), 'utf8')).trim();
    const client = new Client({ host: '127.0.0.1', port: postgres, user: 'muster', password, database: 'muster' });
    client.on('error', () => undefined);
    try {
      await client.connect();
      return (await client.query<Record<string, unknown>>(text)).rows;
    } finally {
      await client.end().catch(() => undefined);
    }
  }
}
