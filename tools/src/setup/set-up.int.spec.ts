import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { isInstalled, type Lockfile } from '../../setup/dependencies.mjs';
import { nodeProblem } from '../../setup/node-version.mjs';
import { runStep } from '../../setup/run-step.mjs';
import { SetUpProblem, showDuration } from '../../setup/say.mjs';
import { withSetUpLock } from '../../setup/set-up-lock.mjs';
import { sourcesStamp } from '../../setup/stamps.mjs';

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'muster-set-up-'));
  jest.spyOn(process.stdout, 'write').mockReturnValue(true);
});
afterEach(async () => {
  jest.restoreAllMocks();
  await rm(folder, { recursive: true, force: true });
});

describe('the Node that the set-up needs', () => {
  const problem = (version: string, platform = 'linux', arch = 'x64') => nodeProblem({ version, platform, arch });

  it('is any from 20 on where the dependencies bring Node 24', () => {
    expect(problem('v20.0.0')).toBeUndefined();
    expect(problem('v26.1.0')).toBeUndefined();
    expect(problem('v18.19.0')).toBe(
      'Muster needs Node 20 or newer; this is v18.19.0. Install a newer Node and try again.',
    );
  });

  it('is Node 24 elsewhere', () => {
    expect(problem('v24.15.0', 'darwin', 'arm64')).toBeUndefined();
    expect(problem('v24.14.9', 'linux', 'arm64')).toMatch(/^On linux arm64 Muster needs Node 24 \(24\.15 or newer\)/);
    expect(problem('v26.0.0', 'darwin', 'x64')).toMatch(/needs Node 24/);
  });
});

describe('dependencies', () => {
  const lockfile = (packages: Lockfile['packages']): Lockfile => ({ packages });
  const wanted = lockfile({
    '': {},
    'libs/bus': {},
    'node_modules/pg': { version: '8.0.0' },
    'node_modules/only-mac': { version: '1.0.0', optional: true },
  });

  it('are in place when every package has its version; one for another platform may be absent', () => {
    expect(isInstalled(wanted, lockfile({ 'node_modules/pg': { version: '8.0.0' } }))).toBe(true);
  });

  it('are stale when a package is missing, older, or no longer wanted', () => {
    expect(isInstalled(wanted, lockfile({}))).toBe(false);
    expect(isInstalled(wanted, lockfile({ 'node_modules/pg': { version: '7.0.0' } }))).toBe(false);
    const more = { 'node_modules/pg': { version: '8.0.0' }, 'node_modules/old': { version: '1.0.0' } };
    expect(isInstalled(wanted, lockfile(more))).toBe(false);
  });
});

describe('the stamp of the sources', () => {
  const file = async (path: string, text: string) => {
    await mkdir(join(folder, path, '..'), { recursive: true });
    await writeFile(join(folder, path), text);
  };
  beforeEach(async () => {
    for (const name of ['package.json', 'package-lock.json', 'nx.json', 'tsconfig.base.json', 'tools/package.json'])
      await file(name, '{}');
    await file('libs/bus/package.json', '{}');
    await file('libs/bus/src/index.ts', 'one');
    await file('libs/bus/dist/index.js', 'one');
    await mkdir(join(folder, 'apps'));
  });

  it('stays while nothing changes, whatever lies in the outputs', async () => {
    const before = sourcesStamp(folder);
    await file('libs/bus/dist/index.js', 'other');
    expect(sourcesStamp(folder)).toBe(before);
  });

  it('changes with a source, a new file, and when an output is gone', async () => {
    const stamps = [sourcesStamp(folder)];
    await file('libs/bus/src/index.ts', 'other text');
    stamps.push(sourcesStamp(folder));
    await file('libs/bus/src/more.ts', '');
    stamps.push(sourcesStamp(folder));
    await rm(join(folder, 'libs/bus/dist'), { recursive: true });
    stamps.push(sourcesStamp(folder));
    expect(new Set(stamps).size).toBe(4);
  });
});

describe('two set-ups at once', () => {
  it('run one after the other', async () => {
    const path = join(folder, 'lock');
    let inside = 0;
    let most = 0;
    const work = async () => {
      most = Math.max(most, ++inside);
      await new Promise((resolve) => setTimeout(resolve, 50));
      inside -= 1;
    };
    await Promise.all([withSetUpLock(path, work), withSetUpLock(path, work), withSetUpLock(path, work)]);
    expect(most).toBe(1);
    expect(existsSync(path)).toBe(false);
  });

  it('do not wait for one that has died', async () => {
    const path = join(folder, 'lock');
    const gone = spawn(process.execPath, ['-e', '']);
    await new Promise((resolve) => gone.once('exit', resolve));
    await writeFile(path, String(gone.pid));
    expect(await withSetUpLock(path, () => Promise.resolve('done'))).toBe('done');
  });

  it('give the lock back when the work fails', async () => {
    const path = join(folder, 'lock');
    const failing = withSetUpLock(path, () => Promise.reject(new Error('no disk')));
    await expect(failing).rejects.toThrow('no disk');
    expect(existsSync(path)).toBe(false);
  });
});

describe('a long step', () => {
  const step = (script: string) =>
    runStep({
      title: 'Doing it',
      file: process.execPath,
      args: ['-e', script],
      cwd: folder,
      env: process.env,
      remedy: 'Try again.',
    });

  it('that fails tells its last lines and what to do', async () => {
    const failed = await step('console.log("fine"); console.error("no space left"); process.exit(2)').catch(
      (error: unknown) => error as Error,
    );
    expect(failed).toBeInstanceOf(SetUpProblem);
    expect((failed as Error).message).toMatch(
      /^Doing it: failed after .* with exit code 2\. Try again\.\n {4}fine\n {4}no space left$/,
    );
  });

  it('that cannot even be run says so', async () => {
    const missing = { title: 'Doing it', file: join(folder, 'nothing'), args: [], cwd: folder, env: {}, remedy: '' };
    await expect(runStep(missing)).rejects.toThrow(/could not be run .*ENOENT/);
  });

  it('is measured in words for people', () => {
    expect([900, 12_400, 65_000].map(showDuration)).toEqual(['0.9 s', '12 s', '1 min 05 s']);
  });
});
