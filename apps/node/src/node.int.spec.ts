import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { LogLine, Model } from '@muster/contracts';
import { accessKeyId, dial, type FromNode } from '@muster/node-link';
import { until, writeTinyModel } from '@muster/testing';

// The real program, as it is shipped.
const project = join(import.meta.dirname, '..');
const main = join(project, 'dist/main.js');

let folder: string;
const running: ChildProcess[] = [];

beforeAll(() => {
  const tsc = join(project, '../../node_modules/typescript/bin/tsc');
  const built = spawnSync(process.execPath, [tsc, '-b', join(project, 'tsconfig.lib.json')], { encoding: 'utf8' });
  if (built.status !== 0) throw new Error(`The node does not compile:\n${built.stdout}`);
}, 120_000);
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'muster-node-'));
});
afterEach(async () => {
  for (const child of running.splice(0)) {
    if (child.exitCode === null && child.signalCode === null) {
      const gone = new Promise((resolve) => child.once('exit', resolve));
      child.kill('SIGKILL');
      await gone;
    }
  }
  rmSync(folder, { recursive: true, force: true });
});

function run(args: readonly string[], env: NodeJS.ProcessEnv = {}) {
  const child = spawn(process.execPath, [main, '--data', join(folder, 'data'), ...args], {
    env: {
      PATH: process.env['PATH'],
      HOME: folder,
      LOG_FORMAT: 'json',
      MUSTER_ENGINE: 'keep',
      MUSTER_ENGINE_DISCOVERY: 'off',
      ...env,
    },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  running.push(child);
  let output = '';
  let errors = '';
  child.stdout.on('data', (chunk: Buffer) => (output += chunk.toString()));
  child.stderr.on('data', (chunk: Buffer) => (errors += chunk.toString()));
  const ended = new Promise<number | string>((resolve) =>
    child.once('close', (code, signal) => resolve(code ?? signal ?? 'unknown')),
  );
  const found = async (pattern: RegExp) =>
    (
      await until(
        () => pattern.exec(output),
        (match) => match !== null,
        { withinMs: 15_000 },
      )
    )?.[1] ?? '';
  return {
    child,
    ended,
    output: () => output,
    errors: () => errors,
    found,
    fingerprint: () => found(/fingerprint ([0-9A-F:]{95})/),
    port: async () => Number(await found(/Listening on 127\.0\.0\.1:(\d+)/)),
  };
}

const serve = (env?: NodeJS.ProcessEnv, ...more: string[]) => run(['--port', '0', '--bind', '127.0.0.1', ...more], env);
const link = (port: number, accessKey: string) => dial({ host: 'localhost', address: '127.0.0.1', port, accessKey });

describe('a node service', () => {
  it('makes its certificate and key at its first start, shows the key once, and keeps both for ever', async () => {
    const first = serve();
    const key = await first.found(/^Access key: ([A-Za-z0-9_-]{43})$/m);
    const fingerprint = await first.fingerprint();
    await first.port();
    for (const name of ['key.pem', 'access-key']) expect(statSync(join(folder, 'data', name)).mode & 0o777).toBe(0o600);
    first.child.kill('SIGKILL');
    await first.ended;

    const second = serve();
    const connection = await link(await second.port(), key);
    expect(await second.fingerprint()).toBe(fingerprint);
    expect(connection.certificate.fingerprint).toBe(fingerprint);
    expect(second.output()).not.toContain(key);
    connection.close();
  }, 30_000);

  it('tells its hardware, a sample a second and its log, but never its key', async () => {
    const node = serve({}, '--name', 'My node');
    const key = await node.found(/^Access key: (\S+)$/m);
    const connection = await link(await node.port(), key);
    expect(connection.hello).toMatchObject({ name: 'My node', condition: { condition: 'serving' }, executors: [] });
    expect(connection.hello.hardware.cpu.cores).toBeGreaterThan(0);
    const frames: FromNode[] = [];
    connection.onFrame((frame) => frames.push(frame));
    const samples = () => frames.flatMap((frame) => (frame.type === 'samples' ? frame.items : []));
    await until(() => samples().length >= 3, Boolean, { withinMs: 10_000 });
    expect(samples()[2]?.measurement.memoryUsedBytes).toBeGreaterThan(0);
    const lines = frames.flatMap((frame) => (frame.type === 'lines' ? frame.lines : []));
    expect(lines.map(({ message }) => message).join('\n')).toContain('Listening on');
    expect(JSON.stringify(frames)).not.toContain(key);
    connection.close();
  }, 30_000);

  it('keeps its log over a kill: who was there before gets the lines in between, numbered on', async () => {
    const first = serve();
    const key = await first.found(/^Access key: (\S+)$/m);
    const before = await link(await first.port(), key);
    const frames: FromNode[] = [];
    const linesOf = (): LogLine[] => frames.flatMap((frame) => (frame.type === 'lines' ? frame.lines : []));
    before.onFrame((frame) => frames.push(frame));
    await until(() => linesOf().length > 2, Boolean, { withinMs: 10_000 });
    const last = linesOf().at(-1)?.seq ?? 0;
    first.child.kill('SIGKILL');
    await first.ended;

    const second = serve();
    const { run, log } = before.hello;
    const resume = { run, sample: 1, numbering: log?.id ?? '', line: last };
    const after = await dial({
      host: 'localhost',
      address: '127.0.0.1',
      port: await second.port(),
      accessKey: key,
      resume,
    });
    expect(after.hello.log?.id).toBe(log?.id);
    frames.length = 0;
    after.onFrame((frame) => frames.push(frame));
    await until(() => linesOf().some(({ message }) => message.startsWith('Certificate')), Boolean, {
      withinMs: 10_000,
    });
    const seqs = linesOf().map(({ seq }) => seq);
    expect(seqs).toEqual(seqs.map((_, index) => last + 1 + index));
    expect(frames.filter(({ type }) => type === 'gap')).toEqual([]);
    after.close();
  }, 30_000);

  it('tells a model that is dropped into its folder, and one that is broken with the reason', async () => {
    const node = serve({ MUSTER_ACCESS_KEY: 'k'.repeat(43) });
    const connection = await link(await node.port(), 'k'.repeat(43));
    let models: readonly Model[] | undefined;
    connection.onFrame((frame) => {
      if (frame.type === 'models') models = frame.models;
    });
    await until(() => models !== undefined);
    writeTinyModel(join(folder, 'data/models/tiny.gguf'));
    writeFileSync(join(folder, 'data/models/page.gguf'), '<html>');
    await until(
      () => models?.map(({ modelId, kind, problem }) => [modelId, kind, problem]),
      (told) =>
        JSON.stringify(told) ===
        JSON.stringify([
          ['page.gguf', 'chat', 'It is not a GGUF file.'],
          ['tiny.gguf', 'chat', null],
        ]),
      { withinMs: 15_000 },
    );
    await node.found(/(tiny\.gguf is there: chat, llama, 115520 parameters, F32)/);
    await node.found(/(page\.gguf can not be used: It is not a GGUF file\.)/);
    connection.close();
  });

  it('says goodbye and ends with 0 when it is asked to stop', async () => {
    const node = serve();
    const key = await node.found(/^Access key: (\S+)$/m);
    const connection = await link(await node.port(), key);
    const frames: FromNode[] = [];
    connection.onFrame((frame) => frames.push(frame));
    await connection.ping();
    node.child.kill('SIGTERM');
    expect(await node.ended).toBe(0);
    await expect(connection.closed).resolves.toBe('closed');
    expect(frames.at(-1)).toEqual({ type: 'goodbye', reason: 'stopping' });
    expect(node.output()).toContain('Stopping');
  }, 30_000);

  it('takes a changed key file up while it runs: two keys, then the new one alone', async () => {
    const [oldKey, newKey] = ['o'.repeat(43), 'n'.repeat(43)];
    const file = join(folder, 'keys');
    writeFileSync(file, oldKey);
    const node = serve({}, '--access-key-file', file);
    const port = await node.port();
    const connection = await link(port, oldKey);

    writeFileSync(file, `${oldKey}\n${newKey}\n`);
    await node.found(new RegExp(`(${accessKeyId(oldKey)} and ${accessKeyId(newKey)} in force)`));
    (await link(port, newKey)).close();

    writeFileSync(file, 'nonsense');
    await node.found(/(keys of before go on)/);
    (await link(port, newKey)).close();

    writeFileSync(file, newKey);
    await expect(connection.closed).resolves.toBe('key-refused');
    await expect(link(port, oldKey)).rejects.toMatchObject({ linkCause: 'key-refused' });
  }, 30_000);

  it('reads NVIDIA processors through nvidia-smi, and leaves their figures out once it ends', async () => {
    const bin = join(folder, 'bin');
    mkdirSync(bin);
    // One line at once and, asked to loop, one a second until the file `dead` is there.
    const script = `#!/bin/sh
line='0, NVIDIA H100 80GB HBM3, 81559, 1204, 37, 41, 118.25'
echo "$line"
case "$*" in *--loop*) while [ ! -e ${folder}/dead ]; do sleep 0.2; echo "$line"; done; exit 1;; esac
`;
    writeFileSync(join(bin, 'nvidia-smi'), script, { mode: 0o755 });
    const node = serve({ PATH: `${bin}:${process.env['PATH'] ?? ''}` });
    const key = await node.found(/^Access key: (\S+)$/m);
    const connection = await link(await node.port(), key);
    expect(connection.hello.hardware.gpus).toMatchObject([
      { index: 0, name: 'NVIDIA H100 80GB HBM3', vendor: 'nvidia' },
    ]);
    const gpus: unknown[] = [];
    connection.onFrame((frame) => {
      if (frame.type === 'samples') gpus.push(...frame.items.map(({ measurement }) => measurement.gpus[0]));
    });
    await until(
      () => gpus.at(-1),
      (gpu) => JSON.stringify(gpu).includes('118.25'),
    );
    writeFileSync(join(folder, 'dead'), '');
    await until(
      () => gpus.at(-1),
      (gpu) => JSON.stringify(gpu) === '{"index":0}',
      { withinMs: 15_000 },
    );
    expect(node.output()).toContain('nvidia-smi gives no figures');
    connection.close();
  }, 40_000);

  it('lets no second one use its data folder', async () => {
    const first = serve();
    await first.port();
    const second = serve();
    expect(await second.ended).toBe(75);
    expect(second.errors()).toContain('Another node service uses');
  }, 30_000);

  it.each<[string, () => [string[], NodeJS.ProcessEnv?], number, string]>([
    ['an unknown option', () => [['--nonsense']], 64, '--nonsense'],
    ['a port that is none', () => [['--port', '70000']], 64, '--port'],
    ['a key that is none', () => [[], { MUSTER_ACCESS_KEY: 'sesame' }], 78, 'MUSTER_ACCESS_KEY'],
    ['a key file that is not there', () => [['--access-key-file', join(folder, 'none')]], 78, 'is not there'],
    ['a data folder that can not be', () => [['--data', '/proc/nothing']], 73, '/proc/nothing'],
    ['an address of another machine', () => [['--port', '0', '--bind', '192.0.2.1']], 69, '--bind'],
  ])(
    'ends with one line for %s',
    async (_name, given, exitCode, words) => {
      const [args, env] = given();
      const node = run(args, env);
      expect(await node.ended).toBe(exitCode);
      expect(node.errors()).toContain(words);
      expect(node.errors().trim().split('\n')).toHaveLength(1);
      expect(node.errors()).not.toContain('sesame');
    },
    30_000,
  );

  it('ends with one line when its port is in use, and leaves no process', async () => {
    const first = serve();
    const port = await first.port();
    const second = run(['--port', String(port), '--bind', '127.0.0.1', '--data', join(folder, 'other')]);
    expect(await second.ended).toBe(69);
    expect(second.errors()).toBe(
      `127.0.0.1:${port} is in use. Stop what listens there, or give another port with --port.\n`,
    );
  }, 30_000);

  it('does not replace a certificate by itself when half of it is lost', async () => {
    const first = serve();
    await first.port();
    first.child.kill('SIGTERM');
    await first.ended;
    const certificate = readFileSync(join(folder, 'data/certificate.pem'), 'utf8');
    rmSync(join(folder, 'data/key.pem'));
    const second = serve();
    expect(await second.ended).toBe(78);
    expect(second.errors()).toContain('accepted again');
    expect(readFileSync(join(folder, 'data/certificate.pem'), 'utf8')).toBe(certificate);
    expect(existsSync(join(folder, 'data/key.pem'))).toBe(false);
  }, 30_000);
});
