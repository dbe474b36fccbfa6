import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { connect } from 'node:net';
import { join } from 'node:path';
import * as z from 'zod/mini';
import { endWithTestRun, testRunFolder } from './test-run.js';
import { until } from './until.js';

export interface TestNats {
  /** Where to connect, as `nats://127.0.0.1:4222`. Stays the same over restarts. */
  readonly url: string;
  readonly port: number;
  /** Ends it as a crash would. What was stored stays. */
  kill(): Promise<void>;
  /** Starts it again on the same port and store; kills it first when it runs. */
  restart(): Promise<void>;
  /** Freezes it: connections stay open and nothing answers. */
  pause(): void;
  resume(): void;
  /** Kills it, removes all that it stored, and starts it again on the same port. */
  wipe(): Promise<void>;
  /** Ends it for good and removes its store. */
  stop(): Promise<void>;
}

const PortsFile = z.object({ nats: z.array(z.string()) });

/** A NATS server with JetStream of this test's own, on a free port. The program is `NATS_SERVER_BIN`, or from the path. */
export async function testNats(): Promise<TestNats> {
  const folder = await mkdtemp(join(testRunFolder(), 'nats-'));
  const store = join(folder, 'store');
  let running: RunningServer | undefined = await startServer(folder, store, -1);
  const port = await until(() => portOf(folder, running), undefined, { withinMs: 10_000 });
  await accepts(port);

  const kill = async () => {
    await running?.end();
    running = undefined;
  };
  const start = async () => {
    running = await startServer(folder, store, port);
    await accepts(port);
  };
  return {
    url: `nats://127.0.0.1:${port}`,
    port,
    kill,
    async restart() {
      await kill();
      await start();
    },
    pause: () => running?.process.kill('SIGSTOP'),
    resume: () => running?.process.kill('SIGCONT'),
    async wipe() {
      await kill();
      await rm(store, { recursive: true, force: true });
      await start();
    },
    async stop() {
      await kill();
      await rm(folder, { recursive: true, force: true });
    },
  };
}

interface RunningServer {
  readonly process: ChildProcess;
  end(): Promise<void>;
}

async function startServer(folder: string, store: string, port: number): Promise<RunningServer> {
  const program = process.env['NATS_SERVER_BIN'] ?? 'nats-server';
  const log = join(folder, 'nats.log');
  const args = ['-a', '127.0.0.1', '-p', String(port), '-js', '-sd', store, '--ports_file_dir', folder, '-l', log];
  const server = spawn(program, args, { stdio: 'ignore' });
  await new Promise<void>((resolve, reject) => {
    server.once('spawn', resolve);
    server.once('error', (cause) => {
      reject(new Error(`${program} could not be started: install nats-server or set NATS_SERVER_BIN`, { cause }));
    });
  });
  server.unref();
  const endCare = endWithTestRun(server.pid ?? 0);
  const gone = once(server, 'exit');
  return {
    process: server,
    async end() {
      if (server.exitCode === null && server.signalCode === null) {
        server.kill('SIGKILL');
        await gone;
      }
      endCare();
    },
  };
}

async function portOf(folder: string, running: RunningServer | undefined): Promise<number> {
  const file = await readFile(join(folder, `nats-server_${running?.process.pid}.ports`), 'utf8');
  const [address] = PortsFile.parse(JSON.parse(file)).nats;
  return Number(new URL(address ?? '').port);
}

/** The port is there before JetStream is: the first INFO line says that the server takes clients. */
async function accepts(port: number): Promise<void> {
  await until(
    () =>
      new Promise<boolean>((resolve, reject) => {
        const socket = connect(port, '127.0.0.1');
        socket.once('data', (line) => {
          resolve(line.includes('"jetstream":true'));
          socket.destroy();
        });
        socket.once('error', reject);
      }),
    undefined,
    { withinMs: 10_000 },
  );
}
