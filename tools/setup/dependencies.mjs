// @ts-check
import { existsSync, readFileSync } from 'node:fs';

/**
 * @typedef {{ version?: string, resolved?: string, link?: boolean, optional?: boolean, devOptional?: boolean }} LockEntry
 * @typedef {{ packages: Record<string, LockEntry> }} Lockfile
 */

/**
 * Whether what is installed is what the lockfile asks for: npm writes what it installed, in the lockfile's own form, into
 * node_modules as its last act. Packages for other platforms may be absent.
 * @param {Lockfile} wanted @param {Lockfile} installed
 */
export function isInstalled(wanted, installed) {
  const isThere = (/** @type {[string, LockEntry]} */ [path, entry]) => {
    const there = installed.packages[path];
    if (there === undefined) return entry.optional === true || entry.devOptional === true;
    return there.version === entry.version;
  };
  const isWanted = (/** @type {string} */ path) => wanted.packages[path] !== undefined;
  return (
    Object.entries(wanted.packages)
      .filter(([path]) => path.startsWith('node_modules/'))
      .every(isThere) &&
    Object.keys(installed.packages)
      .filter((path) => path.includes('node_modules/'))
      .every(isWanted)
  );
}

/** @param {string} path @returns {Lockfile | undefined} */
export function readLockfile(path) {
  try {
    return existsSync(path) ? JSON.parse(readFileSync(path, 'utf8')) : undefined;
  } catch {
    return undefined;
  }
}
