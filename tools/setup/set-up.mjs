// @ts-check
import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { isInstalled, readLockfile } from './dependencies.mjs';
import { nodeProblem, runtime } from './node-version.mjs';
import { runStep } from './run-step.mjs';
import { SetUpProblem, say } from './say.mjs';
import { withSetUpLock } from './set-up-lock.mjs';
import { hashOf, readStamp, sourcesStamp, writeStamp } from './stamps.mjs';

export const root = join(import.meta.dirname, '../..');
const dependenciesStamp = join(root, 'node_modules/.muster/dependencies');
/** The exit code of a command that was stopped by Ctrl-C. */
const INTERRUPTED = 130;
const buildStamp = join(root, 'node_modules/.muster/build');

/**
 * Brings the clone to the point where everything compiled can run: the right Node, dependencies as the lockfile has them,
 * every workspace built. What is done already costs some tens of milliseconds. Needs nothing but Node's own modules.
 */
export async function setUp() {
  const problem = nodeProblem({ version: process.version, platform: process.platform, arch: process.arch });
  if (problem !== undefined) throw new SetUpProblem(problem);
  if (isReady()) return;
  await withSetUpLock(join(root, '.nx/set-up.lock'), async () => {
    await installDependencies();
    await build();
  });
}

const isReady = () =>
  readStamp(dependenciesStamp) === hashOf(join(root, 'package-lock.json')) &&
  readStamp(buildStamp) === sourcesStamp(root);

async function installDependencies() {
  const wanted = hashOf(join(root, 'package-lock.json'));
  if (readStamp(dependenciesStamp) === wanted) return;
  const lockfile = readLockfile(join(root, 'package-lock.json'));
  const installed = readLockfile(join(root, 'node_modules/.package-lock.json'));
  if (lockfile !== undefined && installed !== undefined && isInstalled(lockfile, installed)) {
    writeStamp(dependenciesStamp, wanted);
    return;
  }
  // Without its stamp a half-made folder is never taken for a whole one.
  rmSync(dependenciesStamp, { force: true });
  const npm = process.env['npm_execpath'];
  await runStep({
    title: 'Installing dependencies (a few minutes the first time)',
    file: npm === undefined ? 'npm' : process.execPath,
    args: [...(npm === undefined ? [] : [npm]), 'ci', '--no-audit', '--no-fund', '--loglevel=error'],
    cwd: root,
    env: process.env,
    remedy: 'Check that the npm registry can be reached, then try again. It said last:',
  });
  writeStamp(dependenciesStamp, wanted);
}

async function build() {
  const before = sourcesStamp(root);
  if (readStamp(buildStamp) === before) return;
  await runStep({
    title: 'Building (only what changed)',
    file: runtime(root),
    args: [join(root, 'node_modules/nx/dist/bin/nx.js'), 'run-many', '-t', 'build', '--parallel=2'],
    cwd: root,
    env: cleanEnvironment({ NX_DAEMON: 'false', NX_TUI: 'false', NG_CLI_ANALYTICS: 'false', FORCE_COLOR: '0' }),
    remedy: 'It said last:',
  });
  await offerNode();
  writeStamp(buildStamp, sourcesStamp(root));
}

/** Packs the node service for other machines, beside the web app: the Gateway serves it there. Nothing else waits for it. */
async function offerNode() {
  try {
    await runStep({
      title: 'Packing the node service for other machines',
      file: runtime(root),
      args: [join(root, 'tools/dist/pack/main.js'), join(root, 'apps/web/dist/browser/downloads')],
      cwd: root,
      env: cleanEnvironment({ MUSTER_ROOT: root }),
      remedy: 'Muster works without; the line that the console shows for other machines does not. It said last:',
    });
  } catch (error) {
    if (!(error instanceof SetUpProblem) || error.exitCode === INTERRUPTED) throw error;
    say(error.message);
  }
}

/**
 * The environment for what the set-up starts: this one without npm's own variables, and with the brought Node first on the
 * path.
 * @param {Record<string, string>} [more] @returns {NodeJS.ProcessEnv}
 */
export function cleanEnvironment(more = {}) {
  const kept = Object.entries(process.env).filter(([name]) => !/^npm_|^INIT_CWD$|^NODE_OPTIONS$/i.test(name));
  const path = [join(root, 'node_modules/.bin'), process.env['PATH']].join(':');
  return { ...Object.fromEntries(kept), PATH: path, ...more };
}
