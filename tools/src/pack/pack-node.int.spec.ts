import { type ChildProcess, execFileSync, spawn, spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { dial } from '@muster/node-link';
import { until } from '@muster/testing';
import { packNode } from './pack-node.js';

const root = join(import.meta.dirname, '../../..');
let folder: string;
let packed: string;
let running: ChildProcess | undefined;

/** A machine that has Node and npm and reaches no registry. */
const environment = () => ({
  PATH: process.env['PATH'],
  HOME: folder,
  npm_config_registry: 'http://127.0.0.1:9/',
  npm_config_fetch_retries: '0',
  npm_config_audit: 'false',
  npm_config_update_notifier: 'false',
});

beforeAll(async () => {
  const tsc = join(root, 'node_modules/typescript/bin/tsc');
  const built = spawnSync(process.execPath, [tsc, '-b', join(root, 'apps/node/tsconfig.lib.json')], {
    encoding: 'utf8',
  });
  if (built.status !== 0) throw new Error(`The node does not compile:\n${built.stdout}`);
  folder = mkdtempSync(join(tmpdir(), 'muster-packed-'));
  packed = await packNode(root, folder);
}, 180_000);
afterEach(async () => {
  const child = running;
  running = undefined;
  if (child === undefined || child.exitCode !== null) return;
  const gone = new Promise((resolve) => child.once('exit', resolve));
  // npx passes no signal on to what it runs when it is killed: its whole group ends.
  process.kill(-(child.pid ?? 0), 'SIGKILL');
  await gone;
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

describe('the packed node service', () => {
  it('is one file of a few megabytes', () => {
    expect(basename(packed)).toMatch(/^muster-node-\d+\.\d+\.\d+\.tgz$/);
    expect(statSync(packed).size).toBeLessThan(4 * 1024 ** 2);
  });

  it('holds compiled code and licences, and nothing of the workspace', () => {
    const names = execFileSync('tar', ['tzf', packed], { encoding: 'utf8' }).trim().split('\n');
    expect(names).toContain('package/dist/main.js');
    expect(names).toContain('package/node_modules/@muster/contracts/dist/index.js');
    expect(names).toContain('package/node_modules/ws/LICENSE');
    expect(names.filter((name) => /\.ts$|\.map$|\.spec\.|tsbuildinfo|@muster\/.*\/src\//.test(name))).toEqual([]);
  });

  it('runs on a clean machine with one command and no registry, and a Gateway links with it', async () => {
    const key = 'k'.repeat(43);
    const child = spawn(
      'npx',
      ['--yes', `./${basename(packed)}`, '--port', '0', '--bind', '127.0.0.1', '--data', join(folder, 'data')],
      {
        cwd: folder,
        env: { ...environment(), MUSTER_ACCESS_KEY: key, LOG_FORMAT: 'json' },
        stdio: ['ignore', 'pipe', 'pipe'],
        detached: true,
      },
    );
    running = child;
    let output = '';
    child.stdout.on('data', (chunk: Buffer) => (output += chunk.toString()));
    child.stderr.on('data', (chunk: Buffer) => (output += chunk.toString()));
    const listening = /Listening on 127\.0\.0\.1:(\d+)/;
    await until(
      () => output,
      (text) => listening.test(text),
      { withinMs: 60_000 },
    );
    const port = Number(listening.exec(output)?.[1]);
    const connection = await dial({ host: 'localhost', address: '127.0.0.1', port, accessKey: key });
    expect(connection.hello.hardware.cpu.cores).toBeGreaterThan(0);
    connection.close();
  }, 90_000);

  it('is installed by npm like any other program', () => {
    const place = join(folder, 'place');
    execFileSync('npm', ['install', '--prefix', place, '--no-fund', packed], { env: environment(), encoding: 'utf8' });
    const version = execFileSync(join(place, 'node_modules/.bin/muster-node'), ['--version'], {
      env: environment(),
      encoding: 'utf8',
    });
    expect(version.trim()).toBe(/(\d+\.\d+\.\d+)\.tgz$/.exec(packed)?.[1]);
  }, 60_000);
});
