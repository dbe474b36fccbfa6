// @ts-check
import { closeSync, mkdirSync, openSync, readFileSync, rmSync, statSync, writeSync } from 'node:fs';
import { dirname } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { SetUpProblem, say } from './say.mjs';

const WAIT_AT_MOST_MS = 20 * 60_000;
const HALF_WRITTEN_MS = 5_000;

/**
 * Runs `work` while no other set-up of this clone runs: a second one waits for the first, and a lock whose holder has died
 * is taken over.
 * @template T @param {string} path @param {() => Promise<T>} work @returns {Promise<T>}
 */
export async function withSetUpLock(path, work) {
  mkdirSync(dirname(path), { recursive: true });
  const startedMs = performance.now();
  let told = false;
  while (!take(path)) {
    const holder = holderOf(path);
    if (holder === undefined) continue;
    if (!told) say(`Another set-up of this folder is running (pid ${holder}); waiting for it …`);
    told = true;
    if (performance.now() - startedMs > WAIT_AT_MOST_MS)
      throw new SetUpProblem(`Another set-up (pid ${holder}) has not ended for 20 minutes. End it and try again.`);
    await sleep(250);
  }
  try {
    return await work();
  } finally {
    rmSync(path, { force: true });
  }
}

/** @param {string} path */
function take(path) {
  try {
    const file = openSync(path, 'wx');
    writeSync(file, String(process.pid));
    closeSync(file);
    return true;
  } catch {
    return false;
  }
}

/** Who holds the lock; undefined when it is to be had again. @param {string} path */
function holderOf(path) {
  try {
    const pid = Number(readFileSync(path, 'utf8'));
    const fresh = Date.now() - statSync(path).mtimeMs < HALF_WRITTEN_MS;
    if (pid === 0 && fresh) return 'starting';
    if (pid > 0 && isAlive(pid)) return pid;
    rmSync(path, { force: true });
  } catch {
    // It was given back between two looks.
  }
  return undefined;
}

/** @param {number} pid */
function isAlive(pid) {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return /** @type {NodeJS.ErrnoException} */ (error).code === 'EPERM';
  }
}
