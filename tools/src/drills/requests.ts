import { type ChildProcess, spawn } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { MusterClient, ProblemError, registerNode } from '@muster/client';
import type { Figures } from '@muster/contracts';
import { tinyModel } from '@muster/testing';
import * as z from 'zod';
import { isPortFree } from '../start/ports.js';
import { say } from '../terminal.js';
import { DrilledMuster } from './muster.js';
import { endings, load } from './request-load.js';

// `npm run drills:requests [clients] [seconds]`: many clients at once on two nodes that serve a real, tiny model; one node is
// killed in the middle and comes back. At the end every request has ended in exactly one way, for its client and in the
// figures alike. Ends with 1 when a sum does not agree or an answer was cut off silently.
const root = process.env['MUSTER_ROOT'] ?? join(import.meta.dirname, '../../..');
const [clients = 200, seconds = 60] = process.argv.slice(2).map(Number);
const account = { name: 'drill', password: 'a password for drills' };
const SLOTS = 8;
const ENGINE_WITHIN_MS = 300_000;
const folder = await mkdtemp(join(tmpdir(), 'muster-load-'));
process.env['MUSTER_ENGINE'] = 'fetch';
process.env['MUSTER_ENGINE_FOLDER'] = join(folder, 'engines');
process.env['MUSTER_ENGINE_DISCOVERY'] = 'off';
const muster = new DrilledMuster(root, join(folder, 'data'));
let node: ChildProcess | undefined;
for (const signal of ['SIGINT', 'SIGTERM'] as const)
  process.once(signal, () => void cleanUp().then(() => process.exit(1)));
try {
  process.exitCode = (await drill()) ? 0 : 1;
} finally {
  await cleanUp();
}

async function drill(): Promise<boolean> {
  await muster.start();
  const door = new MusterClient({ address: () => muster.address });
  await door.call('createFirstAccount', { body: { code: muster.code ?? '', ...account } });
  const { key } = await door.call('createApiKey', {
    body: { keyId: randomUUID(), name: 'drill', permissions: ['inference'] },
  });
  const second = join(folder, 'second');
  await putModel(join(muster.folder, 'node'));
  await putModel(second);
  const port = await freePort();
  node = await startNode(second, port);
  const local = await until(
    async () => (await door.call('listNodes')).nodes.find(({ name }) => name === 'Local Node')?.nodeId,
    60_000,
  );
  const other = await registerNode(door, 'second', 'localhost', port);
  await door.call('activateNode', { params: { nodeId: other } });
  say('Fetching the engine and starting the model on both nodes …');
  for (const nodeId of [local, other]) await serve(door, nodeId);

  const ended = new AbortController();
  const loading = load({ url: await apiUrl(), key, model: 'tiny', clients, signal: ended.signal });
  await sleep((seconds * 1_000) / 3);
  say('The second node is killed');
  node.kill('SIGKILL');
  await once(node, 'exit');
  await sleep((seconds * 1_000) / 3);
  say('It comes back');
  node = await startNode(second, port);
  await sleep((seconds * 1_000) / 3);
  ended.abort();
  const seen = await loading;
  const figures = await settled(door);
  return told(seen, figures);
}

/** Prints both sides and says whether they agree. */
function told(seen: ReadonlyMap<string, number>, { conservation, handled }: Figures): boolean {
  const { accepted, completed, failed, cancelled, refused, lost, inFlight, queued } = conservation;
  const sent = [...seen.values()].reduce((sum, count) => sum + count, 0);
  const of = (ending: (typeof endings)[number]): number => seen.get(ending) ?? 0;
  say(
    '| | sent | completed | failed | cancelled | refused | without an end |\n| --- | ---: | ---: | ---: | ---: | ---: | ---: |',
  );
  const row = (...cells: (string | number)[]) => say(`| ${cells.join(' | ')} |`);
  row('clients', sent, of('completed'), of('failed'), of('cancelled'), of('refused'), of('unanswered'));
  row('figures', accepted, completed, failed, cancelled, refused, lost + inFlight + queued);
  // A client that leaves may do so a moment after the last byte: then it was served whole.
  const left = of('completed') + of('cancelled') === completed + cancelled && of('cancelled') >= cancelled;
  const sums = [
    accepted === completed + failed + cancelled + refused + lost + inFlight + queued,
    lost + inFlight + queued === 0,
    handled.allTime === accepted,
    sent === accepted,
    left,
    of('failed') === failed,
    of('refused') === refused,
    of('unanswered') === 0,
  ];
  say(
    sums.every(Boolean) ? 'Every request ended once, and the sums agree.' : `The sums do not agree: ${sums.join(' ')}`,
  );
  return sums.every(Boolean);
}

async function settled(door: MusterClient): Promise<Figures> {
  return until(async () => {
    const { figures } = await door.call('readFigures');
    const { inFlight, queued } = figures?.conservation ?? { inFlight: 1, queued: 1 };
    return figures !== null && inFlight + queued === 0 && figures.pending === 0 ? figures : undefined;
  }, 60_000);
}

async function serve(door: MusterClient, nodeId: string): Promise<void> {
  const body = { modelId: 'tiny.gguf', parameters: { slots: SLOTS, contextTokens: 512 } };
  // The node is linked and knows the file in a moment.
  await until(() => door.call('startExecutor', { params: { nodeId }, body }).catch(unlessRefused), 60_000);
  await until(async () => {
    const { executors } = await door.call('readNode', { params: { nodeId } });
    return executors.some(({ state }) => state === 'online') ? true : undefined;
  }, ENGINE_WITHIN_MS);
}

function unlessRefused(error: unknown): undefined {
  if (!(error instanceof ProblemError)) throw error;
}

async function apiUrl(): Promise<string> {
  const ports = z.object({ router: z.number() });
  const { router } = ports.parse(JSON.parse(await readFile(join(muster.folder, 'ports.json'), 'utf8')));
  return `http://127.0.0.1:${router}/v1`;
}

async function putModel(data: string): Promise<void> {
  await mkdir(join(data, 'models'), { recursive: true });
  await writeFile(join(data, 'models/tiny.gguf'), tinyModel());
}

async function freePort(): Promise<number> {
  let port = 8_122;
  while (!(await isPortFree(port))) port += 1;
  return port;
}

async function startNode(data: string, port: number): Promise<ChildProcess> {
  const program = join(root, 'apps/node/dist/main.js');
  const where = ['--port', String(port), '--bind', '127.0.0.1', '--data', data];
  const child = spawn(process.execPath, [program, ...where, '--access-key-file', await muster.accessKeyFile()], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  await new Promise<void>((resolve, reject) => {
    child.stdout.on('data', (chunk: Buffer) => {
      if (chunk.includes('Listening on')) resolve();
    });
    child.once('exit', () => reject(new Error('The node service did not start')));
  });
  return child;
}

/** What `read` gives once it gives something. What throws is asked again. */
async function until<T>(read: () => Promise<T | undefined>, withinMs: number): Promise<T> {
  const deadlineMs = performance.now() + withinMs;
  for (;;) {
    const value = await read().catch(() => undefined);
    if (value !== undefined) return value;
    if (performance.now() > deadlineMs) throw new Error(`Not within ${withinMs / 1_000} s`);
    await sleep(250);
  }
}

async function cleanUp(): Promise<void> {
  if (node !== undefined && node.exitCode === null && node.signalCode === null) {
    const ended = once(node, 'exit');
    node.kill('SIGTERM');
    await ended;
  }
  await muster.end('SIGINT');
  await rm(folder, { recursive: true, force: true });
}
