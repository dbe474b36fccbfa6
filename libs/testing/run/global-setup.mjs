import { mkdtemp, readFile, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const PREFIX = 'muster-test-';

/**
 * Reserves a folder for this run of jest and starts nothing: the first test that asks for Postgres starts it there, so that
 * a run of pure specs pays for none. Also removes what a run left behind that ended without its teardown, warden and all.
 */
export default async function globalSetup() {
  await sweep();
  const folder = await mkdtemp(join(tmpdir(), PREFIX));
  await writeFile(join(folder, 'owner'), String(process.pid));
  process.env.MUSTER_TEST_RUN = folder;
  process.env.MUSTER_TEST_OWNER = String(process.pid);
  process.env.MUSTER_TEST_WARDEN = join(import.meta.dirname, 'warden.mjs');
  // A node that a test starts fetches no engine and looks for no servers of others, unless the test says so.
  process.env.MUSTER_ENGINE ??= 'keep';
  process.env.MUSTER_ENGINE_DISCOVERY ??= 'off';
}

async function sweep() {
  const names = (await readdir(tmpdir())).filter((name) => name.startsWith(PREFIX));
  for (const folder of names.map((name) => join(tmpdir(), name))) {
    const owner = await readNumber(join(folder, 'owner'));
    const warden = await readNumber(join(folder, 'warden.pid'));
    if (owner === undefined || alive(owner) || (warden !== undefined && alive(warden))) continue;
    for (const pid of await readdir(join(folder, 'pids')).catch(() => [])) {
      // The number may have gone to another process since: only one that names the folder is ours.
      const commandLine = await readFile(`/proc/${pid}/cmdline`, 'utf8').catch(() => '');
      if (commandLine.includes(folder)) process.kill(Number(pid), 'SIGKILL');
    }
    await rm(folder, { recursive: true, force: true });
  }
}

async function readNumber(path) {
  const number = Number(await readFile(path, 'utf8').catch(() => ''));
  return number > 0 ? number : undefined;
}

function alive(pid) {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return error.code === 'EPERM';
  }
}
