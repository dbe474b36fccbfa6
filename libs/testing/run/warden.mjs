/*
 * The warden of a test run: a process of its own, so that it outlives a jest that is killed. `pids/<pid>` in the folder of
 * the run holds the pid of whoever started that process, and the signal that ends it. The warden ends each process whose
 * starter is gone, and all of them, the folder and itself when jest is gone or asks for it by SIGTERM.
 */
import { readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';

const LOOK_EVERY_MS = 500;
const GRACE_MS = 3_000;

const [folder, owner] = [process.argv[2], Number(process.argv[3])];
let asked = false;
process.on('SIGTERM', () => (asked = true));
process.on('SIGINT', () => undefined);
await writeFile(join(folder, 'warden.pid'), String(process.pid));

while (!asked && signal(owner, 0)) {
  await endProcesses((starter) => !signal(starter, 0));
  for (let waitedMs = 0; waitedMs < LOOK_EVERY_MS && !asked; waitedMs += 25) await sleep(25);
}
await endProcesses(() => true);
// Asked by the teardown, the folder is the teardown's to remove.
if (!asked) await rm(folder, { recursive: true, force: true });

async function endProcesses(isDue) {
  const pids = join(folder, 'pids');
  const ends = (await readdir(pids).catch(() => [])).map(async (name) => {
    const [starter, how] = (await readFile(join(pids, name), 'utf8').catch(() => '')).split(' ');
    if (how === undefined || !isDue(Number(starter))) return;
    await end(Number(name), how);
    await rm(join(pids, name), { force: true });
  });
  await Promise.all(ends);
}

async function end(pid, how) {
  signal(pid, 'SIGCONT');
  const deadline = performance.now() + GRACE_MS;
  for (signal(pid, how); signal(pid, 0); await sleep(10)) {
    if (performance.now() > deadline) signal(pid, 'SIGKILL');
    if (performance.now() > deadline + GRACE_MS) return;
  }
}

function signal(pid, name) {
  try {
    return process.kill(pid, name);
  } catch {
    return false;
  }
}
