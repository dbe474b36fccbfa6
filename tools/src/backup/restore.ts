import { existsSync } from 'node:fs';
import { cp, readdir, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { freePort } from '../ports.js';
import { openDataFolder, readJson } from '../start/data-folder.js';
import { holdInstance } from '../start/instance.js';
import { ordinaryUser } from '../start/ordinary-user.js';
import { ownPostgres, postgresProgram } from '../start/postgres.js';
import { runFor } from '../start/run-for.js';
import { CannotGoOn } from '../terminal.js';
import { Backup, BACKUP_FILE, copyBeside } from './contents.js';

/**
 * Puts a backup into a data folder that holds no database yet. The server is started once, which makes the copied database whole
 * and proves that it is one; then a new epoch begins in each event store. Throws CannotGoOn with what to do.
 */
export async function restore(from: string, dataFolder: string, env: NodeJS.ProcessEnv): Promise<{ madeAt: string }> {
  const about = await readJson(join(from, BACKUP_FILE), Backup);
  if (about === undefined) throw new CannotGoOn(`${from} is no whole backup: ${BACKUP_FILE} is missing or damaged.`);
  const folder = await openDataFolder(dataFolder);
  const held = await holdInstance(folder.root);
  try {
    const program = postgresProgram('postgres');
    const { dataFolder: place } = await ordinaryUser(folder.postgres, program);
    const hasBus = existsSync(join(folder.nats, 'jetstream'));
    if (existsSync(place) || hasBus)
      throw new CannotGoOn(`${dataFolder} is in use: it holds a database already. Choose another with --data.`);
    await copyBeside({ secrets: join(from, 'secrets'), node: join(from, 'node') }, folder);
    // Made beside its place, so that a restore which was interrupted is never taken for a whole one.
    const beside = { ...folder, postgres: `${folder.postgres}.restoring` };
    const user = await ordinaryUser(beside.postgres, program);
    await rm(user.dataFolder, { recursive: true, force: true });
    await cp(join(from, 'postgres'), user.dataFolder, { recursive: true });
    for (const path of await readdir(user.dataFolder, { recursive: true }))
      await user.give(join(user.dataFolder, path));
    await user.give(user.dataFolder);

    const postgres = await ownPostgres(beside, await freePort(), env);
    const server = await runFor(postgres.part);
    try {
      await postgres.asSuperuser('muster', async (client) => {
        const { rows } = await client.query<{ schema: string }>(
          `select n.nspname as schema from pg_proc p join pg_namespace n on n.oid = p.pronamespace where p.proname = 'raise_epoch'`,
        );
        for (const { schema } of rows) {
          await client.query(`select set_config('search_path', $1, false)`, [schema]);
          await client.query('select raise_epoch()');
        }
      });
    } finally {
      await server.stop();
    }
    await rename(user.dataFolder, place);
    return about;
  } finally {
    await held.release();
  }
}
