import { execFile, spawn } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { chmod, mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { promisify } from 'node:util';
import { type Figures, routes } from '@muster/contracts';
import { tinyModel } from '@muster/testing';
import * as z from 'zod';
import { Console } from '../drills/console.js';
import { compare } from '../drills/ledger.js';
import { OrderStream } from '../drills/orders.js';
import { load } from '../drills/request-load.js';
import { LivePage } from '../drills/scale/live-page.js';
import { isPortFree } from '../start/ports.js';
import { CannotGoOn, say } from '../terminal.js';
import { addition } from './addition.js';
import { type Engine, findEngine, NO_ENGINE, NoEngine } from './engine.js';
import { visit } from './outsider.js';
import { type ImageSize, sizesTable } from './sizes.js';
import { SERVICES, Stack } from './stack.js';

// The life of `npm run release:check [-- --no-build] [-- --no-browser]`: builds the images, starts them as docker-compose.yml says, opens
// the console in a browser, restarts service by service under orders and requests, runs several of each and kills some, takes all
// down and up again. Base images come by the variables of docker-compose.yml. Ends with 1 when something was lost, late or
// wrong, with 3 where there is no container engine.
const root = process.env['MUSTER_ROOT'] ?? join(import.meta.dirname, '../../..');
const asked = new Set(process.argv.slice(2));
const SERVING = { name: 'Local Node', slots: 4 };
const FURTHER = ['node-b', 'node-c', 'node-d'] as const;
const CLIENTS = 8;
const ENGINE_WITHIN_MS = 300_000;
const GREEN_WITHIN_MS = 90_000;
/** A monitor that dies lets go its nodes after 10 s at the latest; the next one takes them and dials. */
const TAKEN_OVER_WITHIN_MS = 15_000;
const SCALE = { gateway: 2, router: 2, monitor: 3, registry: 2, stats: 2 } as const;
const RESTARTED = ['registry', 'monitor', 'stats', 'webhooks', 'router', 'gateway', 'nats', 'postgres'] as const;
/** The person whom the browser test makes. */
const account = { name: 'Ada', password: 'correct horse battery' };

const wrong: string[] = [];
const closes: (() => Promise<void> | void)[] = [];
for (const signal of ['SIGINT', 'SIGTERM'] as const)
  process.once(signal, () => void cleanUp().then(() => process.exit(1)));
try {
  const engine = await findEngine();
  say(engine.versions);
  await check(engine);
  for (const each of wrong) say(`WRONG: ${each}`);
  say(wrong.length === 0 ? 'The containers hold.' : `${wrong.length} things went wrong.`);
  process.exitCode = wrong.length === 0 ? 0 : 1;
} catch (error) {
  if (!(error instanceof CannotGoOn)) throw error;
  say(error.message);
  process.exitCode = error instanceof NoEngine ? NO_ENGINE : 1;
} finally {
  await cleanUp();
}

async function check(engine: Engine): Promise<void> {
  const { stack, code, ports } = await prepare(engine);
  closes.push(() => stack.forget());
  if (!asked.has('--no-build')) {
    const startedMs = performance.now();
    await stack.compose('build');
    say(`Images built in ${seconds(performance.now() - startedMs)} s`);
  }
  say(sizesTable(await sizesOf(stack)));

  const startedMs = performance.now();
  await stack.up();
  say(`All healthy ${seconds(performance.now() - startedMs)} s after "up"`);
  const address = `http://localhost:${ports.console}`;
  const door = new Console(() => address);
  if (asked.has('--no-browser')) await door.must('POST', '/api/first-account', { code, ...account });
  else await browse(address, code);
  await door.must('POST', '/api/session', account);

  const ids = await prepareNodes(door);
  const key = await makeKey(door);
  const seen = new Set<string>();
  const orders = new OrderStream(door, ids.at(-1) ?? '');
  const ended = new AbortController();
  const loading = load({
    ...{ url: `http://localhost:${ports.api}/v1`, key, model: 'tiny', clients: CLIENTS, isFresh: true },
    signal: ended.signal,
    onCompleted: (requestId) => seen.add(requestId),
  });
  // What it may read begins when it is made: the orders are the facts that it waits for.
  await letIn(door, ports.bus);
  await restartEach(stack, door, ids, orders);
  await scaleOut(stack, door, address, ids);
  ended.abort();
  const endings = await loading;
  await orders.stop();
  say(`Clients: ${[...endings].map(([ending, count]) => `${count} ${ending}`).join(', ')}`);
  await settled(door);
  await hold(stack, orders, seen);

  const before = await facts(stack);
  await stack.down(false);
  const againMs = performance.now();
  await stack.up();
  say(`Taken down and healthy again ${seconds(performance.now() - againMs)} s after "up"`);
  await door.must('POST', '/api/session', account);
  await green(door, ids, 'every node is green again after down and up');
  await hold(stack, orders, seen);
  const after = await facts(stack);
  if (after < before) wrong.push(`${before - after} facts are gone after down and up`);
}

/** The project with its secrets, models and ports; nothing is started yet. */
async function prepare(engine: Engine) {
  const folder = await mkdtemp(join(tmpdir(), 'muster-check-'));
  closes.push(() => rm(folder, { recursive: true, force: true }));
  const secretsFile = join(folder, 'secrets');
  await promisify(execFile)(process.execPath, [join(root, 'tools/setup/compose-init.mjs'), secretsFile]);
  const secrets = await readFile(secretsFile, 'utf8');
  const secretOf = (name: string) => new RegExp(`^${name}=(.*)$`, 'm').exec(secrets)?.[1] ?? '';
  const models = join(folder, 'models');
  await mkdir(models);
  await writeFile(join(models, 'tiny.gguf'), tinyModel());
  // The engine reaches the models by their own path, and the containers' user is another one.
  await Promise.all([chmod(models, 0o755), chmod(join(models, 'tiny.gguf'), 0o644)]);
  const { version } = z
    .object({ version: z.string() })
    .parse(JSON.parse(await readFile(join(root, 'package.json'), 'utf8')));
  const ports = { console: await freePort(18_080), api: await freePort(18_090), bus: await freePort(18_422) };
  const stack = await Stack.prepare({
    engine,
    root,
    secrets,
    addition: addition({
      ...{ names: FURTHER, accessKey: secretOf('MUSTER_ACCESS_KEY'), modelsFolder: models },
      ...{ version, busPort: ports.bus },
    }),
    settings: {
      CONSOLE_PORT: String(ports.console),
      API_PORT: String(ports.api),
      PUBLIC_URL: `http://localhost:${ports.console}`,
      MUSTER_API_URL: `http://localhost:${ports.api}/v1`,
      MODELS_FOLDER: models,
    },
  });
  return { stack, code: secretOf('MUSTER_FIRST_CODE'), ports };
}

async function sizesOf(stack: Stack): Promise<ImageSize[]> {
  const sizeOf = async (image: string) =>
    Number(await stack.docker('image', 'inspect', '--format', '{{.Size}}', image));
  const baseBytes = await sizeOf(process.env['NODE_IMAGE'] ?? 'node:24-bookworm-slim').catch(() => 0);
  return Promise.all(
    SERVICES.map(async (service) => ({ name: service, bytes: await sizeOf(await stack.imageOf(service)), baseBytes })),
  );
}

/** The browser test of a running system, as `npm test` runs it too. */
async function browse(address: string, code: string): Promise<void> {
  const args = [join(root, 'tools/dist/test/main.js'), 'e2e', 'running-system'];
  const env = { ...process.env, MUSTER_E2E_ADDRESS: address, MUSTER_E2E_CODE: code };
  const child = spawn(process.execPath, args, { env, stdio: ['ignore', 'inherit', 'inherit'], cwd: root });
  const [exitCode] = (await once(child, 'exit')) as [number | null];
  if (exitCode !== 0) throw new CannotGoOn('The browser test of the containers failed');
}

/** Registers the nodes that are not found by themselves, and has the first serve a model. Returns all ids. */
async function prepareNodes(door: Console): Promise<string[]> {
  const local = await until('the Local Node appears', GREEN_WITHIN_MS, async () =>
    (await door.nodes()).find(({ name }) => name === SERVING.name),
  );
  const ids = [local.nodeId];
  for (const name of FURTHER) {
    const nodeId = await door.register(name, name, 8_022);
    await door.must('POST', `/api/nodes/${nodeId}/activate`);
    ids.push(nodeId);
  }
  await until('the executor is started', GREEN_WITHIN_MS, async () => {
    const parameters = { slots: SERVING.slots, contextTokens: 512 };
    const body = { modelId: 'tiny.gguf', parameters };
    return (await door.call('POST', `/api/nodes/${local.nodeId}/executors`, body)).status < 300 ? true : undefined;
  });
  await until('the executor is online', ENGINE_WITHIN_MS, async () =>
    (await door.nodes()).some(({ executors }) => executors.some(({ state }) => state === 'online')) ? true : undefined,
  );
  return ids;
}

/** An outsider comes to the bus in its container, reads, and is revoked. */
async function letIn(door: Console, port: number): Promise<void> {
  const { inAfterMs, facts, outAfterMs, isRefusedAfterwards } = await visit(door, `127.0.0.1:${port}`);
  say(
    `An outsider was let in by NATS ${seconds(inAfterMs)} s after it was made, read ${facts} facts, and was out ${seconds(outAfterMs)} s after it was revoked`,
  );
  if (!isRefusedAfterwards) wrong.push('an outsider that was revoked is let in again');
}

/** Each service is restarted while orders and requests go on, and is healthy before the next one is. */
async function restartEach(stack: Stack, door: Console, ids: readonly string[], orders: OrderStream): Promise<void> {
  say('| restarted | healthy again after, s | orders again after, s |\n| --- | ---: | ---: |');
  for (const service of RESTARTED) {
    const startedMs = performance.now();
    await stack.compose('restart', service);
    const before = orders.acknowledged.length;
    const served = until('orders are carried out again', GREEN_WITHIN_MS, () =>
      Promise.resolve(orders.acknowledged.length > before + 2 ? performance.now() - startedMs : undefined),
    );
    await stack.healthy();
    const healthyMs = performance.now() - startedMs;
    say(`| ${service} | ${seconds(healthyMs)} | ${seconds(await served)} |`);
  }
  await green(door, ids.slice(0, -1), 'every node is green again after the restarts');
}

/** Several of each: shared out evenly, and what is killed is taken over. */
async function scaleOut(stack: Stack, door: Console, address: string, ids: readonly string[]): Promise<void> {
  await stack.up(SCALE);
  const watched = ids.slice(0, -1);
  const spread = await until('the shards are spread evenly over three monitors', 60_000, async () => {
    const held = await leases(stack);
    return held.length === SCALE.monitor && Math.max(...held) <= 22 ? held : undefined;
  });
  say(`Shards held by each monitor: ${spread.join(', ')}`);
  await green(door, watched, 'every node is green under three monitors');
  const pages = [...watched, ...watched].map((nodeId) => new LivePage(address, door.cookie, nodeId));
  for (const page of pages) closes.push(() => page.close());
  await sleep(5_000);

  const [, victim = ''] = await stack.containers('monitor');
  await stack.docker('kill', victim);
  const killedMs = performance.now();
  await until('the shards of the killed monitor are taken over', 2 * TAKEN_OVER_WITHIN_MS, async () => {
    const held = await leases(stack);
    return held.length === SCALE.monitor - 1 && held.reduce((sum, shards) => sum + shards, 0) === 64 ? true : undefined;
  });
  const takenMs = performance.now() - killedMs;
  await green(door, watched, 'every node is green after a monitor was killed');
  const greenMs = performance.now() - killedMs;
  say(
    `A monitor was killed: shards taken over after ${seconds(takenMs)} s, all nodes green after ${seconds(greenMs)} s`,
  );
  if (takenMs > TAKEN_OVER_WITHIN_MS) wrong.push('the shards were taken over too late');

  for (const service of ['gateway', 'registry', 'stats'] as const) {
    const [first = ''] = await stack.containers(service);
    await stack.docker('kill', first);
  }
  const [firstRouter = ''] = await stack.containers('router');
  await stack.docker('stop', '--time', '20', firstRouter);
  await until('every page is back', 30_000, () =>
    Promise.resolve(pages.every(({ backMs }) => backMs !== undefined) ? true : undefined),
  );
  await sleep(5_000);
  const resumed = pages.filter(({ connections }) => connections > 1);
  const holes = pages.reduce((sum, page) => sum + page.holes, 0);
  const away = resumed.map(({ lostMs = 0, backMs = 0 }) => backMs - lostMs);
  say(
    `A gateway was killed: ${resumed.length} of ${pages.length} pages came back, the slowest after ${seconds(Math.max(0, ...away))} s; ${pages.reduce((sum, { samples }) => sum + samples, 0)} samples, ${holes} holes`,
  );
  if (resumed.length === 0) wrong.push('no page was at the gateway that was killed');
  if (holes > 0) wrong.push('a page has a hole');
  await stack.up(SCALE);
}

/** What was acknowledged is there: each order once, each request as completed; and the figures add up. */
async function hold(stack: Stack, orders: OrderStream, seen: ReadonlySet<string>): Promise<void> {
  const rows = await stack.query(
    `select coalesce(command_id::text, ''), stream_id, version from registry.events where stream_id like 'node-%' order by stream_id, version`,
  );
  const stored = rows.map(([command = '', stream = '', version = '0']) => ({
    command_id: command === '' ? null : command,
    stream_id: stream,
    version: Number(version),
  }));
  const { lost, doubled, holes } = compare(orders.acknowledged, stored);
  say(
    `${orders.acknowledged.length} orders acknowledged: ${lost} lost, ${doubled} doubled, ${orders.refused.length} refused, ${holes} holes`,
  );
  if (lost + doubled + holes > 0) wrong.push('acknowledged orders are lost or doubled');
  const completed = new Set(
    (await stack.query(`select request_id from stats.requests where state = 'completed'`)).map(([id = '']) => id),
  );
  const missing = [...seen].filter((id) => !completed.has(id)).length;
  say(`${seen.size} requests completed for their clients, of which ${missing} are not counted as that`);
  if (missing > 0) wrong.push('requests that were completed are not counted as that');
}

async function settled(door: Console): Promise<void> {
  const { conservation, handled } = await until('the figures have settled', 90_000, async () => {
    const read = routes.readFigures.reply.parse(JSON.parse(await door.must('GET', '/api/figures')));
    const figures: Figures | null = read.figures;
    if (figures === null) return undefined;
    const { inFlight, queued } = figures.conservation;
    return inFlight + queued + figures.pending === 0 ? figures : undefined;
  });
  const { accepted, completed, failed, cancelled, refused, lost } = conservation;
  say(
    `Figures: ${accepted} accepted = ${completed} completed + ${failed} failed + ${cancelled} cancelled + ${refused} refused + ${lost} lost; ${handled.allTime} handled`,
  );
  if (accepted !== completed + failed + cancelled + refused + lost) wrong.push('the figures do not add up');
}

async function leases(stack: Stack): Promise<number[]> {
  const rows = await stack.query(
    `select count(*) from monitor.leases where expires_at > clock_timestamp() and holder is not null group by holder`,
  );
  return rows.map(([shards = '0']) => Number(shards));
}

async function facts(stack: Stack): Promise<number> {
  const [[count = '0'] = []] = await stack.query('select count(*) from registry.events');
  return Number(count);
}

async function makeKey(door: Console): Promise<string> {
  const made = await door.must('POST', '/api/keys', { keyId: randomUUID(), name: 'check', permissions: ['inference'] });
  return z.object({ key: z.string() }).parse(JSON.parse(made)).key;
}

async function green(door: Console, ids: readonly string[], what: string): Promise<void> {
  await until(what, GREEN_WITHIN_MS, async () => {
    const nodes = await door.nodes();
    // A node whose slots are all in use is amber, and well.
    const well = ids.every((id) => {
      const status = nodes.find(({ nodeId }) => nodeId === id)?.status;
      return status?.colour === 'green' || status?.reason === 'all-slots-in-use' || status?.reason === 'queued';
    });
    return well ? true : undefined;
  });
}

async function freePort(from: number): Promise<number> {
  let port = from;
  while (!(await isPortFree(port))) port += 1;
  return port;
}

/** What `read` gives once it gives something. What throws is asked again. */
async function until<T>(what: string, withinMs: number, read: () => Promise<T | undefined>): Promise<T> {
  const deadlineMs = performance.now() + withinMs;
  let last: unknown;
  for (;;) {
    const value = await read().catch((error: unknown) => void (last = error));
    if (value !== undefined && value !== null) return value as T;
    if (performance.now() > deadlineMs) throw new Error(`Not within ${withinMs / 1_000} s: ${what}`, { cause: last });
    await sleep(250);
  }
}

async function cleanUp(): Promise<void> {
  for (const close of closes.splice(0).reverse()) await Promise.resolve(close()).catch(() => undefined);
}

function seconds(ms: number): string {
  return (ms / 1000).toFixed(1);
}
