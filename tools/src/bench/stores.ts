import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { freePort } from '../ports.js';
import { type DataFolder, openDataFolder } from '../start/data-folder.js';
import { ownNats } from '../start/nats.js';
import type { PartSpec } from '../start/part.js';
import { ownPostgres } from '../start/postgres.js';
import { runFor } from '../start/run-for.js';
import { cpuMsOfFamily } from './cpu.js';

export interface BenchNats {
  readonly url: string;
  stop(): Promise<void>;
}

export interface BenchDatabase {
  readonly url: string;
  /** Processor time of the server so far, with all its sessions that have ended. */
  cpuMs(): Promise<number>;
  stop(): Promise<void>;
}

/** A NATS of its own, as `npm start` makes it, in a folder that goes with it. */
export async function benchNats(): Promise<BenchNats> {
  const { url, stop } = await running(async (folder) => ownNats(folder, await freePort(), process.env));
  return { url, stop };
}

/** A Postgres of its own, as `npm start` makes it and as durable, in a folder that goes with it. */
export async function benchDatabase(): Promise<BenchDatabase> {
  const postgres = await running(async (folder) => ownPostgres(folder, await freePort(), process.env));
  const { url, pid, stop } = postgres;
  try {
    await postgres.prepare();
  } catch (error) {
    await stop();
    throw error;
  }
  return { url, cpuMs: () => cpuMsOfFamily(pid), stop };
}

/** Runs what `make` puts in a folder of its own. Stopping it takes the folder away. */
async function running<Store extends { readonly part: PartSpec }>(make: (folder: DataFolder) => Promise<Store>) {
  const root = await mkdtemp(join(tmpdir(), 'muster-bench-'));
  const remove = () => rm(root, { recursive: true, force: true });
  try {
    const store = await make(await openDataFolder(root));
    const server = await runFor(store.part);
    const stop = async () => {
      await server.stop();
      await remove();
    };
    return { ...store, pid: server.pid, stop };
  } catch (error) {
    await remove();
    throw error;
  }
}
