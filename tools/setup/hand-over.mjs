// @ts-check
import { spawn } from 'node:child_process';
import { join } from 'node:path';
import { watchAncestors } from './ancestors.mjs';
import { runtime } from './node-version.mjs';
import { SetUpProblem, say } from './say.mjs';
import { cleanEnvironment, root, setUp } from './set-up.mjs';

/**
 * The life of each command of this folder: set up, then hand over to the compiled program on its own Node, pass on every
 * signal, and end as it ends.
 * @param {{ program: string, nodeOptions?: string[] }} command
 */
export async function setUpAndRun({ program, nodeOptions = [] }) {
  try {
    await setUp();
  } catch (error) {
    if (!(error instanceof SetUpProblem)) throw error;
    say(error.message);
    process.exitCode = error.exitCode;
    return;
  }
  const child = spawn(runtime(root), [...nodeOptions, join(root, program), ...process.argv.slice(2)], {
    env: cleanEnvironment({ MUSTER_ROOT: root }),
    cwd: process.env['INIT_CWD'] ?? process.cwd(),
    // A group of its own, so that Ctrl-C reaches it once and through here; the channel closes when this process is killed.
    detached: true,
    stdio: ['inherit', 'inherit', 'inherit', 'ipc'],
  });
  for (const signal of /** @type {const} */ (['SIGINT', 'SIGTERM', 'SIGHUP']))
    process.on(signal, () => child.kill(signal));
  watchAncestors(() => child.kill('SIGTERM'));
  child.once('error', (error) => {
    say(`${program} could not be run: ${error.message}`);
    process.exitCode = 1;
  });
  child.once('exit', (code, signal) => {
    process.exitCode = code ?? (signal === null ? 1 : 128);
  });
}
