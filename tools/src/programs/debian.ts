import { copyFile, mkdir, mkdtemp, readdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { say } from '../terminal.js';
import { findOnPath } from './find.js';
import { run } from './run.js';

const env = () => ({ ...process.env, DEBIAN_FRONTEND: 'noninteractive' });

/** Whether this is a Debian or one of its relatives. */
export const hasApt = async (): Promise<boolean> =>
  process.platform === 'linux' &&
  (await findOnPath('apt-get')) !== undefined &&
  (await findOnPath('dpkg')) !== undefined;

/** Installs a package as root. The lists are fetched anew, for a fresh machine has none or old ones. */
export async function installPackage(name: string): Promise<void> {
  say(`Installing ${name} from the system's packages …`);
  await run('apt-get', ['update', '-qq'], { env: env() });
  await run('apt-get', ['install', '-y', '-qq', '--no-install-recommends', name], { env: env() });
}

/**
 * Takes one program out of a package without installing it, which needs no root: the package is fetched and unpacked
 * beside `to`, and the program copied there. Where the system has no lists, lists of its own are fetched first.
 */
export async function unpackProgram(name: string, pathInside: string, to: string): Promise<void> {
  say(`Fetching ${name} from the system's packages …`);
  await mkdir(join(to, '..'), { recursive: true });
  const work = await mkdtemp(`${to}-`);
  try {
    await run('apt-get', ['download', '-qq', name], { cwd: work, env: env() }).catch(() => downloadAlone(name, work));
    const [archive] = (await readdir(work)).filter((file) => file.endsWith('.deb'));
    if (archive === undefined) throw new Error(`apt-get brought no package ${name}`);
    await run('dpkg', ['-x', archive, 'unpacked'], { cwd: work });
    await copyFile(join(work, 'unpacked', pathInside), to);
  } finally {
    await rm(work, { recursive: true, force: true });
  }
}

async function downloadAlone(name: string, work: string): Promise<void> {
  await mkdir(join(work, 'lists/partial'), { recursive: true });
  await mkdir(join(work, 'cache/archives/partial'), { recursive: true });
  const own = ['-o', `Dir::State::Lists=${join(work, 'lists')}`, '-o', `Dir::Cache=${join(work, 'cache')}`];
  await run('apt-get', [...own, 'update', '-qq'], { cwd: work, env: env() });
  await run('apt-get', [...own, 'download', '-qq', name], { cwd: work, env: env() });
}
