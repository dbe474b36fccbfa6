import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { openDataFolder } from '../start/data-folder.js';
import { ownPostgres } from '../start/postgres.js';
import { cpuMsOfFamily } from './cpu.js';
import { freePort } from './places.js';

export interface BenchDatabase {
  readonly url: string;
  /** Processor time of the server so far, with all its sessions that have ended. */
  cpuMs(): Promise<number>;
  stop(): Promise<void>;
}

/** A Postgres of its own, as `npm start` makes it and as durable, in a folder that goes with it. */
export async function benchDatabase(): Promise<BenchDatabase> {
  const root = await mkdtemp(join(tmpdir(), 'muster-bench-'));
  const folder = await openDataFolder(root);
  const postgres = await ownPostgres(folder, await freePort(), process.env);
  const { file, args, ids } = postgres.part;
  const server = spawn(file, args, { ...ids, stdio: 'ignore' });
  const ended = once(server, 'exit');
  const stop = async () => {
    if (server.exitCode === null) server.kill(postgres.part.stopSignal);
    await ended;
    await rm(root, { recursive: true, force: true });
  };
  try {
    const deadline = performance.now() + postgres.part.readyWithinMs;
    for (;;) {
      try {
        await postgres.part.ready();
        break;
      } catch (error) {
        if (server.exitCode !== null || performance.now() > deadline) throw error;
        await sleep(100);
      }
    }
    await postgres.prepare();
  } catch (error) {
    await stop();
    throw error;
  }
  return { url: postgres.url, cpuMs: () => cpuMsOfFamily(server.pid ?? 0), stop };
}
