// @ts-check
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, readdirSync, statSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';

const NOT_SOURCE = new Set(['node_modules', 'dist', 'out-tsc', '.angular', 'coverage']);
const ROOT_FILES = ['package.json', 'package-lock.json', 'nx.json', 'tsconfig.base.json'];

/** The SHA-256 of a file, as hex. @param {string} path */
export const hashOf = (path) => createHash('sha256').update(readFileSync(path)).digest('hex');

/** @param {string} path */
export const readStamp = (path) => (existsSync(path) ? readFileSync(path, 'utf8') : undefined);

/** @param {string} path @param {string} stamp */
export const writeStamp = (path, stamp) => {
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(path, stamp);
};

/** The workspaces: every folder below apps and libs, and tools. @param {string} root */
export const workspaces = (root) =>
  ['apps', 'libs']
    .flatMap((group) => readdirSync(join(root, group)).map((name) => join(root, group, name)))
    .concat(join(root, 'tools'))
    .filter((folder) => existsSync(join(folder, 'package.json')));

/**
 * Stands for the state of all sources and of the build's outputs: path, size and time of change of each source file, and
 * that every workspace has its output. Some 20 ms, where asking Nx takes seconds.
 * @param {string} root
 */
export function sourcesStamp(root) {
  const hash = createHash('sha256');
  /** @param {string} path */
  const add = (path) => {
    const { size, mtimeMs } = statSync(path);
    hash.update(`${path} ${size} ${mtimeMs}\n`);
  };
  /** @param {string} folder */
  const walk = (folder) => {
    const entries = readdirSync(folder, { withFileTypes: true }).sort((a, b) => (a.name < b.name ? -1 : 1));
    for (const entry of entries) {
      const path = join(folder, entry.name);
      if (entry.isDirectory() && !NOT_SOURCE.has(entry.name)) walk(path);
      if (entry.isFile()) add(path);
    }
  };
  for (const file of ROOT_FILES) add(join(root, file));
  for (const folder of workspaces(root)) {
    walk(folder);
    hash.update(`${folder} built: ${existsSync(join(folder, 'dist'))}\n`);
  }
  return hash.digest('hex');
}
