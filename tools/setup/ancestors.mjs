// @ts-check
import { readFileSync } from 'node:fs';

const EVERY_MS = 1_000;

/**
 * Calls `gone` once when whoever started this command has ended: npm, and the shell that npm puts in between. Without this
 * a killed npm would leave everything running with nobody to stop it.
 * @param {() => void} gone
 */
export function watchAncestors(gone) {
  const parent = process.ppid;
  const grandparent = process.env['npm_execpath'] === undefined ? undefined : shellParent(parent);
  const timer = setInterval(() => {
    const orphaned = process.ppid !== parent || (grandparent !== undefined && shellParent(parent) !== grandparent);
    if (!orphaned) return;
    clearInterval(timer);
    gone();
  }, EVERY_MS);
  timer.unref();
}

/** The parent of `pid` when that is a shell; Linux tells it, elsewhere it is not known. @param {number} pid */
function shellParent(pid) {
  try {
    // The name stands in parentheses and may hold anything, so the fields are counted from the last one on (proc(5)).
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
    const name = stat.slice(stat.indexOf('(') + 1, stat.lastIndexOf(')'));
    const [, parent] = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    return /^(sh|dash|bash|ash|zsh|busybox)$/.test(name) ? Number(parent) : undefined;
  } catch {
    return undefined;
  }
}
