import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Status } from '@muster/contracts';
import { isPortFree } from '../start/ports.js';
import { say, wordsOf } from '../terminal.js';
import { Console } from './console.js';
import { type Drill, drills } from './drills.js';
import { compare } from './ledger.js';
import { DrilledMuster } from './muster.js';
import { OrderStream } from './orders.js';

// The life of `npm run drills [pattern]`: start the system, send it orders, break it in every way of the list, compare what it
// acknowledged with what it has. Ends with 1 when anything was lost, doubled, late, or red without a reason.
const root = process.env['MUSTER_ROOT'] ?? join(import.meta.dirname, '../../..');
const LOOK_EVERY_MS = 100;
/** A fault may take a moment to show: a monitor that is not heard is noticed after 5 s. */
const SETTLE_MS = 7_000;
const BYSTANDER = 'Local Node';
const account = { name: 'drill', password: 'a password for drills' };

const pattern = new RegExp(process.argv[2] ?? '', 'i');
const folder = await mkdtemp(join(tmpdir(), 'muster-drills-'));
const muster = new DrilledMuster(root, join(folder, 'data'));
let node: ChildProcess | undefined;
for (const signal of ['SIGINT', 'SIGTERM'] as const)
  process.once(signal, () => void cleanUp().then(() => process.exit(1)));
try {
  process.exitCode = (await runAll()) ? 0 : 1;
} finally {
  await cleanUp();
}

async function runAll(): Promise<boolean> {
  await muster.start();
  const door = new Console(() => muster.address);
  await door.must('POST', '/api/first-account', { code: muster.code, ...account });
  await reaches(() => isGreen(door), 30_000);
  const orders = new OrderStream(door, await door.register('drilled', 'localhost', await startNode()));
  say('| drill | orders again after, s | green again after, s | |\n| --- | ---: | ---: | --- |');
  let allWell = true;
  for (const drill of drills.filter(({ name }) => pattern.test(name))) {
    const wrong = await run(drill, door, orders);
    allWell &&= wrong.length === 0;
  }
  await orders.stop();
  await reaches(async () => (await muster.unnumbered()) === 0, 10_000);
  const { lost, doubled, holes } = compare(orders.acknowledged, await muster.nodeEvents());
  const { length: refused } = orders.refused;
  say(
    `\n${orders.acknowledged.length} orders acknowledged: ${lost} lost, ${doubled} doubled, ${refused} refused, ${holes} holes`,
  );
  return allWell && lost + doubled + refused + holes === 0;
}

/** Runs one drill and returns what went wrong. */
async function run(drill: Drill, door: Console, orders: OrderStream): Promise<readonly string[]> {
  const reds = new Set<string>();
  const watch = new AbortController();
  const watching = watchBystander(door, reds, watch.signal);
  const wrong: string[] = [];
  await drill.breakIt(muster).catch((error: unknown) => wrong.push(wordsOf(error)));
  const before = orders.acknowledged.length;
  const servedMs = await reaches(() => Promise.resolve(orders.acknowledged.length > before + 3), drill.servesWithinMs);
  const greenMs = await reaches(() => isGreen(door), drill.greenWithinMs);
  await sleep(SETTLE_MS);
  const lateMs = await reaches(() => isGreen(door), drill.greenWithinMs);
  watch.abort();
  await watching;
  if (servedMs === undefined) wrong.push(`no orders within ${drill.servesWithinMs / 1000} s`);
  if (greenMs === undefined || lateMs === undefined) wrong.push(`not green within ${drill.greenWithinMs / 1000} s`);
  if (drill.hitsBystander !== true && reds.size > 0) wrong.push(`${BYSTANDER} turned red: ${[...reds].join(', ')}`);
  const right = (servedMs ?? 0) + (greenMs ?? 0) + ((lateMs ?? 0) > LOOK_EVERY_MS ? SETTLE_MS + (lateMs ?? 0) : 0);
  say(
    `| ${drill.name} | ${seconds(servedMs)} | ${seconds(right)} | ${wrong.length === 0 ? 'right' : wrong.join('; ')} |`,
  );
  return wrong;
}

async function watchBystander(door: Console, reds: Set<string>, signal: AbortSignal): Promise<void> {
  while (!signal.aborted) {
    const status = await statusOfBystander(door).catch(() => undefined);
    if (status?.colour === 'red') reds.add(status.reason);
    await sleep(LOOK_EVERY_MS);
  }
}

async function statusOfBystander(door: Console): Promise<Status | undefined> {
  return (await door.nodes()).find(({ name }) => name === BYSTANDER)?.status;
}

async function isGreen(door: Console): Promise<boolean> {
  return (await statusOfBystander(door))?.colour === 'green';
}

/** How long until it held; undefined when it did not in time. What throws does not hold. */
async function reaches(holds: () => Promise<boolean>, withinMs: number): Promise<number | undefined> {
  const startedMs = performance.now();
  while (performance.now() - startedMs < withinMs) {
    if (await holds().catch(() => false)) return performance.now() - startedMs;
    await sleep(LOOK_EVERY_MS);
  }
  return undefined;
}

/** A second node service, for the orders. Returns its port. */
async function startNode(): Promise<number> {
  let port = 8_122;
  while (!(await isPortFree(port))) port += 1;
  const program = join(root, 'apps/node/dist/main.js');
  const where = ['--port', String(port), '--bind', '127.0.0.1', '--data', join(folder, 'node')];
  const child = spawn(process.execPath, [program, ...where, '--access-key-file', await muster.accessKeyFile()], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  node = child;
  await new Promise<void>((resolve, reject) => {
    child.stdout.on('data', (chunk: Buffer) => {
      if (chunk.includes('Listening on')) resolve();
    });
    child.once('exit', () => reject(new Error('The node service did not start')));
  });
  return port;
}

async function cleanUp(): Promise<void> {
  if (node !== undefined && node.exitCode === null) {
    const ended = once(node, 'exit');
    node.kill('SIGTERM');
    await ended;
  }
  await muster.end('SIGINT');
  await rm(folder, { recursive: true, force: true });
}

function seconds(ms: number | undefined): string {
  return ms === undefined ? '–' : (ms / 1000).toFixed(1);
}
