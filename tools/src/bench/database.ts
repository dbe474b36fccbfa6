import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { freePort } from '../ports.js';
import { openDataFolder } from '../start/data-folder.js';
import { ownPostgres } from '../start/postgres.js';
import { runFor } from '../start/run-for.js';
import { cpuMsOfFamily } from './cpu.js';

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
  const server = await runFor(postgres.part);
  const stop = async () => {
    await server.stop();
    await rm(root, { recursive: true, force: true });
  };
  try {
    await postgres.prepare();
  } catch (error) {
    await stop();
    throw error;
  }
  return { url: postgres.url, cpuMs: () => cpuMsOfFamily(server.pid), stop };
}
