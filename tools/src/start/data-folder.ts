import { randomBytes } from 'node:crypto';
import { chmod, mkdir, open, readFile, rename, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type * as z from 'zod';
import { CannotGoOn, wordsOf } from '../terminal.js';

/** Where everything that must outlive a restart lies, and the logs. */
export interface DataFolder {
  readonly root: string;
  readonly logs: string;
  readonly secrets: string;
  readonly postgres: string;
  readonly nats: string;
  readonly node: string;
  readonly router: string;
  readonly programs: string;
}

/** Makes the folder, for its owner alone (0700), and what lies in it. Throws a line that says what to do. */
export async function openDataFolder(root: string): Promise<DataFolder> {
  const folder: DataFolder = {
    root,
    logs: join(root, 'logs'),
    secrets: join(root, 'secrets'),
    postgres: join(root, 'postgres'),
    nats: join(root, 'nats'),
    node: join(root, 'node'),
    router: join(root, 'router'),
    programs: join(root, 'programs'),
  };
  try {
    await mkdir(root, { recursive: true, mode: 0o700 });
    if (((await stat(root)).mode & 0o077) !== 0) await chmod(root, 0o700);
    for (const path of [folder.logs, folder.secrets, folder.nats, folder.node, folder.router, folder.programs])
      await mkdir(path, { recursive: true, mode: 0o700 });
  } catch (error) {
    throw new CannotGoOn(
      `The data folder ${root} cannot be used (${wordsOf(error)}). Choose another with --data or MUSTER_DATA.`,
      { cause: error },
    );
  }
  return folder;
}

/** A secret of 256 random bits in base64url (43 characters), made the first time and kept, readable for the owner alone. */
export async function keptSecret(folder: DataFolder, name: string): Promise<string> {
  const path = join(folder.secrets, name);
  try {
    const secret = (await readFile(path, 'utf8')).trim();
    if (/^[A-Za-z0-9_-]{43}$/.test(secret)) return secret;
    throw new CannotGoOn(
      `${path} is damaged: it must hold 43 characters. Put its backup back; what it sealed cannot be read without it.`,
    );
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
  }
  const secret = randomBytes(32).toString('base64url');
  await writeWhole(path, `${secret}\n`);
  return secret;
}

/** Writes a file for the owner alone, so that a reader sees the old or the new text and never half of it, also after a crash. */
export async function writeWhole(path: string, text: string): Promise<void> {
  const half = `${path}.new`;
  const file = await open(half, 'w', 0o600);
  try {
    await file.writeFile(text);
    await file.sync();
  } finally {
    await file.close();
  }
  await rename(half, path);
}

/** A JSON file of ours; undefined when it is absent or not of this shape, as after a crash in old versions. */
export async function readJson<T>(path: string, schema: z.ZodType<T>): Promise<T | undefined> {
  try {
    return schema.safeParse(JSON.parse(await readFile(path, 'utf8'))).data;
  } catch {
    return undefined;
  }
}

/** Leaves a marker file for people who look into the folder. */
export const explain = (folder: DataFolder): Promise<void> =>
  writeFile(
    join(folder.root, 'README.txt'),
    'All data of this Muster: database, bus, secrets, node service, logs. Back it up with npm run backup.\n',
  );
