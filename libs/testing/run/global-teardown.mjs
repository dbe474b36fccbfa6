import { readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';

const PATIENCE_MS = 15_000;

/** Ends the warden of this run, which ends everything that the tests started, and removes the folder of the run. */
export default async function globalTeardown() {
  const folder = process.env.MUSTER_TEST_RUN;
  if (folder === undefined) return;
  const warden = Number(await readFile(join(folder, 'warden.pid'), 'utf8').catch(() => '0'));
  if (warden > 0 && signal(warden, 'SIGTERM')) {
    const deadline = performance.now() + PATIENCE_MS;
    while (signal(warden, 0)) {
      if (performance.now() > deadline) throw new Error(`The warden of the test run (${warden}) does not end`);
      await sleep(20);
    }
  }
  await rm(folder, { recursive: true, force: true });
}

function signal(pid, name) {
  try {
    return process.kill(pid, name);
  } catch {
    return false;
  }
}
