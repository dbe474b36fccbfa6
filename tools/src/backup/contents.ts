import { cp, mkdir } from 'node:fs/promises';
import { join, relative } from 'node:path';
import * as z from 'zod';
import type { DataFolder } from '../start/data-folder.js';

/** What says that a folder is a whole backup: written last. */
export const Backup = z.object({
  format: z.literal(1),
  madeAt: z.iso.datetime(),
  /** The version of Postgres that wrote the database, as PG_VERSION has it. */
  postgres: z.string(),
});
export type Backup = z.infer<typeof Backup>;

export const BACKUP_FILE = 'backup.json';

/**
 * The secrets that belong to the database and to the node service's data. Not the bus's: it is filled again from the database.
 * The access key is not here: it lies in the database, sealed by `muster-secret`.
 */
export const SECRETS = ['muster-secret', 'postgres-muster', 'postgres-superuser'];

/** Copies the secrets and what the local node service keeps, its certificate among it, which the Gateway has pinned. */
export async function copyBeside(from: Pick<DataFolder, 'secrets' | 'node'>, to: Pick<DataFolder, 'secrets' | 'node'>) {
  await mkdir(to.secrets, { recursive: true, mode: 0o700 });
  for (const name of SECRETS) await cp(join(from.secrets, name), join(to.secrets, name));
  await cp(from.node, to.node, { recursive: true });
}

/** Folders of a cluster whose contents mean nothing to another server; the folders themselves must be there. */
const EMPTIED = new Set([
  'pg_wal',
  'pg_replslot',
  'pg_dynshmem',
  'pg_notify',
  'pg_serial',
  'pg_snapshots',
  'pg_subtrans',
]);
const LEFT_OUT = /^(postmaster\.(pid|opts)|backup_label|tablespace_map|.*pgsql_tmp.*|pg_internal\.init.*)$/;

/**
 * Whether a path of a running cluster belongs into a backup of it: the list of `pg_basebackup`
 * (https://www.postgresql.org/docs/current/protocol-replication.html, BASE_BACKUP). `pg_control` is copied by itself, last.
 */
export function belongsToBackup(cluster: string, path: string): boolean {
  const [first = '', ...more] = relative(cluster, path).split('/');
  if (EMPTIED.has(first) && more.length > 0) return false;
  return !LEFT_OUT.test(more.at(-1) ?? first);
}
