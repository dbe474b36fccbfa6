import { existsSync } from 'node:fs';
import { copyFile, cp, mkdir, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Client } from 'pg';
import * as z from 'zod';
import { type DataFolder, openDataFolder, readJson, writeWhole } from '../start/data-folder.js';
import { AlreadyRunning, holdInstance } from '../start/instance.js';
import { ordinaryUser } from '../start/ordinary-user.js';
import { Ports } from '../start/ports.js';
import { ownPostgres, postgresProgram } from '../start/postgres.js';
import { CannotGoOn } from '../terminal.js';
import { BACKUP_FILE, type Backup, belongsToBackup, copyBeside } from './contents.js';

/**
 * Writes a backup of a data folder into a folder that is not there yet, for its owner alone: the database as it is at the end of
 * the copying, the secrets that belong to it, and the local node service's data. Muster may be running and goes on.
 * Throws CannotGoOn with what to do.
 */
export async function backUp(dataFolder: string, to: string, env: NodeJS.ProcessEnv): Promise<void> {
  if (existsSync(to)) throw new CannotGoOn(`${to} is there already. Choose a folder that is not.`);
  const folder = await openDataFolder(dataFolder);
  const { dataFolder: cluster } = await ordinaryUser(folder.postgres, postgresProgram('postgres'));
  if (!existsSync(join(cluster, 'PG_VERSION')))
    throw new CannotGoOn(
      `There is no database in ${dataFolder}. One behind DATABASE_URL is backed up by pg_dump, together with ${join(folder.secrets, 'muster-secret')}.`,
    );
  await mkdir(to, { mode: 0o700 });
  try {
    await copyCluster(folder, cluster, join(to, 'postgres'), env);
    await copyBeside(folder, { secrets: join(to, 'secrets'), node: join(to, 'node') });
    const postgres = (await readFile(join(cluster, 'PG_VERSION'), 'utf8')).trim();
    const about: Backup = { format: 1, madeAt: new Date().toISOString(), postgres };
    await writeWhole(join(to, BACKUP_FILE), `${JSON.stringify(about)}\n`);
  } catch (error) {
    await rm(to, { recursive: true, force: true });
    throw error;
  }
}

/** Of a running system through its server; of one that is stopped while nobody can start it. */
async function copyCluster(folder: DataFolder, cluster: string, to: string, env: NodeJS.ProcessEnv): Promise<void> {
  try {
    const held = await holdInstance(folder.root);
    try {
      await cp(cluster, to, { recursive: true, filter: (path) => !/\/postmaster\.(pid|opts)$/.test(path) });
    } finally {
      await held.release();
    }
  } catch (error) {
    if (!(error instanceof AlreadyRunning)) throw error;
    const ports = await readJson(join(folder.root, 'ports.json'), Ports.pick({ postgres: true }));
    if (ports === undefined)
      throw new CannotGoOn('Muster is being started. Try again once it is ready.', { cause: error });
    const postgres = await ownPostgres(folder, ports.postgres, env);
    await postgres.asSuperuser('postgres', (client) => copyRunning(client, cluster, to));
  }
}

const Stopped = z.object({ lsn: z.string(), labelfile: z.string(), from: z.string(), to: z.string() });

/**
 * The low-level way of https://www.postgresql.org/docs/current/continuous-archiving.html#BACKUP-LOWLEVEL-BASE-BACKUP: copy the
 * files while they change, and with them the log of what changed from the begin of the copying to its end.
 */
async function copyRunning(client: Client, cluster: string, to: string): Promise<void> {
  // Bound to this session: the log is kept until it ends.
  await client.query(`select pg_create_physical_replication_slot($1, true, true)`, [`muster_backup_${process.pid}`]);
  const started = await client.query<{ lsn: string }>(`select pg_backup_start('muster', true)::text as lsn`);
  await copyChanging(cluster, to);
  const stopped = await client.query(
    `select s.lsn::text, s.labelfile, pg_walfile_name($1::pg_lsn) as from, pg_walfile_name(s.lsn) as to from pg_backup_stop(false) s`,
    [started.rows[0]?.lsn],
  );
  const { labelfile, from, to: last } = Stopped.parse(stopped.rows[0]);
  await writeFile(join(to, 'backup_label'), labelfile, { mode: 0o600 });
  for (const name of await readdir(join(cluster, 'pg_wal'))) {
    // The first eight digits are the timeline, which a running server does not change.
    const isNeeded = /^[0-9A-F]{24}$/.test(name) ? name >= from && name <= last : name.endsWith('.history');
    if (isNeeded) await copyFile(join(cluster, 'pg_wal', name), join(to, 'pg_wal', name));
  }
}

/** Copies what is there. A file that goes away meanwhile is not needed: the log says so. */
async function copyChanging(cluster: string, to: string): Promise<void> {
  const control = join(cluster, 'global', 'pg_control');
  const copyFolder = async (path: string, target: string): Promise<void> => {
    await mkdir(target, { mode: 0o700 });
    for (const entry of await readdir(path, { withFileTypes: true })) {
      const from = join(path, entry.name);
      if (from === control || !belongsToBackup(cluster, from)) continue;
      try {
        if (entry.isDirectory()) await copyFolder(from, join(target, entry.name));
        else if ((await stat(from)).isFile()) await copyFile(from, join(target, entry.name));
      } catch (error) {
        if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
      }
    }
  };
  await copyFolder(cluster, to);
  await copyFile(control, join(to, 'global', 'pg_control'));
}
