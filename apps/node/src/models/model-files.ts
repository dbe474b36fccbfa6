import type { Stats } from 'node:fs';
import { opendir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { errorCode } from '../error-code.js';

/** Folders below a model folder are entered so deep. Caches of other programs are four or five deep. */
export const MAX_DEPTH = 10;
/** So many names are looked at in all; what comes after them is not seen. */
export const MAX_ENTRIES = 20_000;

export interface ModelFile {
  readonly path: string;
  /** The path below its model folder, with slashes. */
  readonly below: string;
  readonly sizeBytes: number;
  readonly changedAt: Date;
  /** The same as long as nothing about the file changed: its place on the disk, size, times. */
  readonly mark: string;
}

export interface Look {
  readonly files: readonly ModelFile[];
  /** Files that are there and can not be looked at. */
  readonly unreadable: readonly { readonly path: string; readonly below: string; readonly problem: string }[];
  /** Every folder that was entered. */
  readonly folders: readonly string[];
  /** What was not seen, and why. */
  readonly notices: readonly string[];
}

const isModel = (name: string): boolean => name.toLowerCase().endsWith('.gguf');
/** Hidden folders are other programs' (unfinished downloads, version control); `lost+found` is the file system's. */
const isHidden = (name: string): boolean => name.startsWith('.') || name === 'lost+found';
const markOf = ({ dev, ino, size, mtimeMs, ctimeMs }: Stats): string => [dev, ino, size, mtimeMs, ctimeMs].join(':');

/**
 * The GGUF files below these folders, in the order of the folders and of their paths. Links are followed; a folder that
 * several paths lead to is entered once. Nothing is opened. What can not be read is told and does not end the look.
 */
export async function lookForModels(roots: readonly string[]): Promise<Look> {
  const files: ModelFile[] = [];
  const unreadable: { path: string; below: string; problem: string }[] = [];
  const folders: string[] = [];
  const notices: string[] = [];
  const entered = new Set<string>();
  let entries = 0;

  const enter = async (folder: string, below: string, depth: number): Promise<void> => {
    const place = await stat(folder);
    if (!place.isDirectory()) throw new Error('not a folder');
    const key = `${place.dev}:${place.ino}`;
    if (entered.has(key)) return;
    entered.add(key);
    folders.push(folder);
    const names: string[] = [];
    for await (const { name } of await opendir(folder)) {
      if ((entries += 1) > MAX_ENTRIES) {
        notices.push(`More than ${MAX_ENTRIES} names lie in the model folders; the rest is not looked at`);
        break;
      }
      if (!isHidden(name)) names.push(name);
    }
    for (const name of names.sort()) await meet(join(folder, name), below === '' ? name : `${below}/${name}`, depth);
  };

  const meet = async (path: string, below: string, depth: number): Promise<void> => {
    try {
      const found = await stat(path);
      if (found.isDirectory()) {
        if (depth < MAX_DEPTH) await enter(path, below, depth + 1);
        else notices.push(`${path} is not looked at: folders are entered ${MAX_DEPTH} deep`);
      } else if (found.isFile() && isModel(path))
        files.push({ path, below, sizeBytes: found.size, changedAt: found.mtime, mark: markOf(found) });
    } catch (error) {
      if (isModel(path)) unreadable.push({ path, below, problem: unreadableWords(error) });
      else if (errorCode(error) !== 'ENOENT') notices.push(`${path} is not looked at (${reasonOf(error)})`);
    }
  };

  for (const root of roots) {
    try {
      await enter(root, '', 0);
    } catch (error) {
      notices.push(`The model folder ${root} can not be read (${reasonOf(error)})`);
    }
  }
  return { files, unreadable, folders, notices: [...new Set(notices)] };
}

const reasonOf = (error: unknown): string =>
  errorCode(error) ?? (error instanceof Error ? error.message : 'unknown reason');

/** Why a file can not be read, in words for whoever put it there. */
export function unreadableWords(error: unknown): string {
  switch (errorCode(error)) {
    case 'ENOENT':
      return 'The link leads nowhere.';
    case 'ELOOP':
      return 'The link leads to itself.';
    case 'EACCES':
    case 'EPERM':
      return 'The node may not read it (permission denied).';
    default:
      return `It can not be read (${reasonOf(error)}).`;
  }
}
