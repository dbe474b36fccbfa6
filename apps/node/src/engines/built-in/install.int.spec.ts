import { chmodSync, existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { until } from '@muster/testing';
import type { EngineAvailability } from '../engine.js';
import { openBuiltIn } from './built-in-engine.js';

let folder: string;
let opened: Awaited<ReturnType<typeof openBuiltIn>>[] = [];
const environment = { ...process.env };
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'muster-install-'));
});
afterEach(async () => {
  await Promise.all(opened.map((engine) => engine.close()));
  opened = [];
  process.env = { ...environment };
  rmSync(folder, { recursive: true, force: true });
});

async function open(mayFetch = true) {
  const said: string[] = [];
  const states: EngineAvailability[] = [];
  const engine = await openBuiltIn({
    folder: join(folder, 'engines'),
    nextSocket: () => `${join(folder, 's')}.sock`,
    gpus: [],
    mayFetch,
    log: (_level, text) => said.push(text),
    program: join(folder, 'no-program.js'),
  });
  opened.push(engine);
  engine.onAvailability((state) => states.push(state));
  return { engine, said, states };
}
const missing = (engine: { availability(): EngineAvailability }) =>
  until(engine.availability, ({ state }) => state === 'missing', { withinMs: 60_000 });
/** An npm of our own, first on the path. */
function npmThat(script: string): void {
  const bin = join(folder, 'bin');
  mkdirSync(bin, { recursive: true });
  writeFileSync(join(bin, 'npm'), `#!/bin/sh\n${script}\n`);
  chmodSync(join(bin, 'npm'), 0o755);
  delete process.env['npm_execpath'];
  process.env['PATH'] = `${bin}:${environment['PATH'] ?? ''}`;
}
const spec = { runId: 'r', model: { name: 'm', kind: 'chat' as const, path: '/m.gguf' }, parameters: {} };

describe('Fetching the built-in engine', () => {
  it('is left out when the node was told so, and nothing can be started then', async () => {
    const { engine } = await open(false);
    expect(engine.availability()).toEqual({
      state: 'missing',
      words: 'The built-in engine is not installed, and the node was told not to fetch it.',
    });
    expect(() => engine.start(spec, { line: () => undefined, progress: () => undefined })).toThrow('not installed');
    expect(existsSync(join(folder, 'engines'))).toBe(false);
  });

  it('says that the registry can not be reached, and when it tries again', async () => {
    npmThat('echo "npm error code ECONNREFUSED" >&2; exit 1');
    const { engine } = await open();
    expect((await missing(engine)).words).toBe(
      'The built-in engine could not be installed: the package registry can not be reached. It is tried again in 1 min.',
    );
    expect(readdirSync(join(folder, 'engines'))).toEqual([]);
  });

  it('counts the packages, and leaves nothing that is not whole', async () => {
    npmThat(
      'for n in 1 2 3 4 5 6 7 8; do echo "npm http fetch GET 200 http://r/a/-/a-$n.tgz 5ms" >&2; done; echo "npm error code ENOSPC" >&2; exit 228',
    );
    const { engine, states } = await open();
    expect((await missing(engine)).words).toContain('the disk is full');
    const progress = states.flatMap((state) => (state.state === 'installing' ? (state.progress ?? []) : []));
    expect(progress.at(-1)).toBeGreaterThan(0);
    expect(progress).toEqual([...progress].sort((a, b) => a - b));
    expect(readdirSync(join(folder, 'engines'))).toEqual([]);
  });

  it('does not keep what does not work on this machine', async () => {
    npmThat('exit 0');
    const { engine, said } = await open();
    await missing(engine);
    expect(said.join('\n')).toContain('The built-in engine for cpu can not be used');
    expect(readdirSync(join(folder, 'engines')).filter((name) => name.startsWith('node-llama-cpp'))).toEqual([]);
  });

  it('ends at once with the node', async () => {
    npmThat('sleep 600');
    const { engine } = await open();
    await until(engine.availability, ({ state }) => state === 'installing', { withinMs: 60_000 });
    await engine.close();
    expect(engine.availability().state).toBe('installing');
    expect(readdirSync(join(folder, 'engines'))).toEqual([]);
  });

  it('says that the registry does not have what is needed', async () => {
    const server: Server = createServer((_request, response) => response.writeHead(404).end('{}'));
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    process.env['npm_config_registry'] = `http://127.0.0.1:${(server.address() as AddressInfo).port}/`;
    process.env['npm_config_fetch_retries'] = '0';
    const { engine } = await open();
    expect((await missing(engine)).words).toContain('the package registry does not have a package that is needed');
    await new Promise((resolve) => server.close(resolve));
  });
});
