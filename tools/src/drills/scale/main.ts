import { randomUUID } from 'node:crypto';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { type Bus, connectBus } from '@muster/bus';
import { type Figures, NodeState, routes } from '@muster/contracts';
import { SimulatedNode } from '@muster/testing';
import * as z from 'zod';
import { say } from '../../terminal.js';
import { Console } from '../console.js';
import { compare } from '../ledger.js';
import { DrilledMuster } from '../muster.js';
import { OrderStream } from '../orders.js';
import { load } from '../request-load.js';
import { Front } from './front.js';
import { type Instance, Instances } from './instances.js';
import { LivePage } from './live-page.js';

// The life of `npm run drills:scale`: the system with two registries, three monitors, two stats, two gateways and two routers,
// under orders and requests. A monitor is killed, another one is stopped for a while and comes back, so that it does not know that
// it has lost its nodes; the others of each service are killed or ended. Ends with 1 when a node was held twice or without
// a monitor for too long, when anything acknowledged is lost, a page has a hole, or a sum does not agree.
const root = process.env['MUSTER_ROOT'] ?? join(import.meta.dirname, '../../../..');
/** The monitor lets ten nodes a minute be looked at, and registering one looks at it. */
const NODES = 9;
const SLOTS = 2;
const CLIENTS = 24;
const WATCH_EVERY_MS = 10;
/** A monitor that dies lets go its nodes after 10 s at the latest; the next one takes them and dials. */
const TAKEN_OVER_WITHIN_MS = 15_000;
const PAUSED_MS = 20_000;
const SETTLED_WITHIN_MS = 60_000;
const account = { name: 'drill', password: 'a password for drills' };

const folder = await mkdtemp(join(tmpdir(), 'muster-scale-'));
process.env['MUSTER_ENGINE'] = 'keep';
const muster = new DrilledMuster(root, join(folder, 'data'));
const instances = new Instances(root, muster);
const closes: (() => Promise<void> | void)[] = [];
for (const signal of ['SIGINT', 'SIGTERM'] as const)
  process.once(signal, () => void cleanUp().then(() => process.exit(1)));
try {
  process.exitCode = (await drill()) ? 0 : 1;
} finally {
  await cleanUp();
}

async function drill(): Promise<boolean> {
  await muster.start();
  const accessKey = (await readFile(await muster.accessKeyFile(), 'utf8')).trim();
  const nodes: SimulatedNode[] = [];
  closes.push(async () => void (await Promise.all(nodes.map((node) => node.stop()))));
  // Each with a certificate of its own: one is registered once.
  for (let n = 1; n <= NODES; n += 1) nodes.push(await SimulatedNode.start({ accessKey, name: `simulated-${n}` }));
  for (const node of nodes) serve(node);

  const monitors = [await instances.start('monitor'), await instances.start('monitor')];
  const second = {
    registry: await instances.start('registry'),
    stats: await instances.start('stats'),
    gateway: await instances.start('gateway'),
    router: await instances.start('router'),
  };
  const ports = await portsOf();
  const consoles = await Front.open([ports.console, second.gateway.port]);
  const api = await Front.open([ports.router, second.router.port]);
  closes.push(
    () => consoles.close(),
    () => api.close(),
  );
  const door = new Console(() => consoles.address);
  await door.must('POST', '/api/first-account', { code: muster.code, ...account });
  const ids: string[] = [];
  for (const [index, node] of nodes.entries()) {
    const nodeId = await door.register(`scaled ${index + 1}`, node.host, node.port);
    await door.must('POST', `/api/nodes/${nodeId}/activate`);
    ids.push(nodeId);
  }
  const allGreen = async () => (await statuses(door, ids)).every((colour) => colour === 'green' || colour === 'amber');
  await holds('every node is linked', SETTLED_WITHIN_MS, async () => (await linked(nodes)) && (await allGreen()));

  const bus = await openBus();
  const states = watchStates(bus);
  const links = watchLinks(nodes);
  const key = await makeKey(door);
  await holds('both routers know the key', 10_000, () => isKnown(`${api.address}/v1/models`, key, 4));
  const orders = new OrderStream(door, await unwatchedNode(door, nodes.length));
  const ended = new AbortController();
  const loading = load({
    url: `${api.address}/v1`,
    key,
    model: 'tiny',
    clients: CLIENTS,
    signal: ended.signal,
    isFresh: true,
  });
  // One after the other, so that each gateway has two.
  const pages = ids.slice(0, 4).map((nodeId) => new LivePage(consoles.address, door.cookie, nodeId));
  for (const page of pages) closes.push(() => page.close());
  await sleep(5_000);
  const wrong: string[] = [];

  // A monitor dies. Which nodes it held shows at the nodes.
  const [victim, other] = monitors as [Instance, Instance];
  const spread = await leases();
  say(`Shards held by each monitor: ${[...spread.values()].join(', ')}`);
  if (spread.size !== 3 || Math.max(...spread.values()) > 22) wrong.push('the shards are not spread evenly');
  const killedMs = performance.now();
  await instances.end(victim, 'SIGKILL');
  await sleep(200);
  const orphans = nodes.filter(({ links: open }) => open === 0);
  const taken = await reaches(TAKEN_OVER_WITHIN_MS, () => linked(orphans));
  const tookMs = taken === undefined ? undefined : performance.now() - killedMs;
  say(`A monitor was killed: ${orphans.length} nodes without a link, linked again after ${seconds(tookMs)} s`);
  if (tookMs === undefined) wrong.push('the nodes of the killed monitor were not taken over in time');
  await reaches(10_000, allGreen);

  // A monitor stands still for so long that it loses its nodes, and comes back without knowing.
  links.begin();
  other.process.kill('SIGSTOP');
  await sleep(PAUSED_MS);
  if (!(await linked(nodes))) wrong.push('the nodes of the monitor that stands still were not taken over');
  states.mark();
  other.process.kill('SIGCONT');
  // It gives up what it held, and is given its share again a moment later: for that moment a node has no link.
  await sleep(5_000);
  if ((await reaches(20_000, () => Promise.resolve(nodes.every(({ links: open }) => open === 1)))) === undefined)
    wrong.push('nodes have another number of links than one after the monitor came back');
  if (!(await states.newestHold())) wrong.push('the bucket holds a state of a monitor that has lost its node');
  say(
    `A monitor stood still for ${PAUSED_MS / 1000} s: ${states.late} of its late words came, none of them stayed; nodes had ${links.most} links at most while it stood`,
  );

  // The others of each service.
  await instances.end(second.gateway, 'SIGKILL');
  await instances.end(second.registry, 'SIGKILL');
  await muster.signal('stats', 'SIGKILL');
  const backBy = performance.now() + 10_000;
  while (pages.some(({ backMs }) => backMs === undefined) && performance.now() < backBy) await sleep(50);
  const away = pages.flatMap(({ lostMs, backMs }) =>
    lostMs === undefined || backMs === undefined ? [] : [backMs - lostMs],
  );
  await sleep(5_000);
  await instances.end(second.router, 'SIGTERM');
  await sleep(5_000);
  ended.abort();
  await orders.stop();
  const seen = await loading;
  const resumed = pages.filter(({ connections }) => connections > 1).length;
  const holes = pages.reduce((sum, page) => sum + page.holes, 0);
  say(
    `A gateway was killed: ${resumed} of ${pages.length} pages came back, the slowest after ${seconds(Math.max(0, ...away))} s; ${pages.reduce((sum, { samples }) => sum + samples, 0)} samples, ${holes} holes`,
  );
  if (resumed === 0) wrong.push('no page was at the gateway that was killed');
  if (holes > 0) wrong.push('a page has a hole');
  if (pages.some(({ backMs }) => backMs === undefined)) wrong.push('a page did not come back');

  await holds('the relay has numbered everything', 30_000, async () => (await muster.unnumbered()) === 0);
  const { lost, doubled, holes: gaps } = compare(orders.acknowledged, await muster.nodeEvents());
  say(
    `${orders.acknowledged.length} orders acknowledged: ${lost} lost, ${doubled} doubled, ${orders.refused.length} refused, ${gaps} holes`,
  );
  if (lost + doubled + gaps + orders.refused.length > 0) wrong.push('orders were lost, doubled or refused');
  wrong.push(...agree(seen, await settled(door)));
  say(`Two routers on ${NODES} nodes of ${SLOTS} slots: ${links.mostInFlight} requests at most at one node`);
  for (const each of wrong) say(`WRONG: ${each}`);
  say(wrong.length === 0 ? 'Everything held.' : `${wrong.length} things went wrong.`);
  return wrong.length === 0;
}

function serve(node: SimulatedNode): void {
  const load = { slots: SLOTS, inFlight: 0, queued: 0 };
  node.setExecutors({
    executorId: 'tiny',
    modelId: 'tiny.gguf',
    model: 'tiny',
    kind: 'chat',
    state: 'online',
    ...load,
  });
}

/** Orders go to a node of their own that nobody watches, so that they disturb no other figure. */
async function unwatchedNode(door: Console, number: number): Promise<string> {
  const local = (await door.nodes()).find(({ name }) => name === 'Local Node');
  if (local === undefined) throw new Error(`There is no Local Node beside ${number} others`);
  return local.nodeId;
}

async function statuses(door: Console, ids: readonly string[]): Promise<string[]> {
  const nodes = await door.nodes();
  return ids.map((id) => nodes.find(({ nodeId }) => nodeId === id)?.status.colour ?? 'none');
}

function linked(nodes: readonly SimulatedNode[]): Promise<boolean> {
  return Promise.resolve(nodes.every(({ links }) => links > 0));
}

/** How many shards each monitor holds. */
async function leases(): Promise<Map<string, number>> {
  const rows = z
    .array(z.object({ holder: z.string(), shards: z.coerce.number() }))
    .parse(
      await muster.ask(
        `select holder, count(*) as shards from monitor.leases where expires_at > clock_timestamp() group by holder`,
      ),
    );
  return new Map(rows.map(({ holder, shards }) => [holder, shards]));
}

/** The most links and requests that a node has had at one moment. */
function watchLinks(nodes: readonly SimulatedNode[]) {
  const watch = { most: 0, mostInFlight: 0, begin: () => void (watch.most = 0) };
  const timer = setInterval(() => {
    watch.most = Math.max(watch.most, ...nodes.map(({ links }) => links));
    watch.mostInFlight = Math.max(watch.mostInFlight, ...nodes.map(({ inFlight }) => inFlight));
  }, WATCH_EVERY_MS);
  closes.push(() => clearInterval(timer));
  return watch;
}

async function openBus(): Promise<Bus> {
  const { NATS_URL: servers = '' } = await instances.environmentOf('monitor');
  const bus = await connectBus({ servers, name: 'drill' });
  closes.push(() => bus.close());
  return bus;
}

/** Follows the states of the nodes, and counts those under a lower token than was seen before. */
function watchStates(bus: Bus) {
  const bucket = bus.bucket('NODES', NodeState);
  const highest = new Map<string, number>();
  let marked = false;
  const watch = {
    late: 0,
    mark: () => (marked = true),
    newestHold: async () => {
      for (const [nodeId, token] of highest) if (((await bucket.get(nodeId))?.token ?? token) < token) return false;
      return true;
    },
  };
  bucket.watch((change) => {
    if (change.change !== 'put') return;
    const { nodeId, token } = change.value;
    const before = highest.get(nodeId) ?? 0;
    if (token < before && marked) watch.late += 1;
    highest.set(nodeId, Math.max(before, token));
  });
  return watch;
}

async function makeKey(door: Console): Promise<string> {
  const made = await door.must('POST', '/api/keys', { keyId: randomUUID(), name: 'drill', permissions: ['inference'] });
  return z.object({ key: z.string() }).parse(JSON.parse(made)).key;
}

/** Whether so many calls one after the other are let in, each on a connection of its own: by whichever router. */
async function isKnown(url: string, key: string, calls: number): Promise<boolean> {
  for (let call = 1; call <= calls; call += 1) {
    const answer = await fetch(url, { headers: { authorization: `Bearer ${key}`, connection: 'close' } });
    await answer.body?.cancel();
    if (!answer.ok) return false;
  }
  return true;
}

async function portsOf(): Promise<{ console: number; router: number }> {
  const text = await readFile(join(muster.folder, 'ports.json'), 'utf8');
  return z.object({ console: z.number(), router: z.number() }).parse(JSON.parse(text));
}

async function settled(door: Console): Promise<Figures> {
  let figures: Figures | null = null;
  await holds('every request has ended in the figures', SETTLED_WITHIN_MS, async () => {
    ({ figures } = routes.readFigures.reply.parse(JSON.parse(await door.must('GET', '/api/figures'))));
    return figures !== null && figures.conservation.inFlight + figures.conservation.queued + figures.pending === 0;
  });
  if (figures === null) throw new Error('Nobody has counted');
  return figures;
}

/** What the clients saw beside what was counted. */
function agree(seen: ReadonlyMap<string, number>, { conservation, handled }: Figures): string[] {
  const { accepted, completed, failed, cancelled, refused, lost } = conservation;
  const sent = [...seen.values()].reduce((sum, count) => sum + count, 0);
  const of = (ending: string) => seen.get(ending) ?? 0;
  say(
    `Requests: ${sent} sent, ${accepted} counted; completed ${of('completed')} and ${completed}, failed ${of('failed')} and ${failed}, refused ${of('refused')} and ${refused}, cancelled ${of('cancelled')} and ${cancelled}, without an end ${of('unanswered')} and ${lost}`,
  );
  const sums: [boolean, string][] = [
    [accepted === completed + failed + cancelled + refused + lost, 'the figures do not add up'],
    [handled.allTime === completed + failed + cancelled + refused + lost, 'handled is not the sum of its parts'],
    [accepted === sent, 'other requests were counted than were sent'],
    [of('failed') === failed && of('refused') === refused, 'clients saw other endings than were counted'],
    [lost === 0 && of('unanswered') === 0, 'requests are without an end'],
  ];
  return sums.flatMap(([right, words]) => (right ? [] : [words]));
}

async function holds(what: string, withinMs: number, read: () => Promise<boolean>): Promise<void> {
  if ((await reaches(withinMs, read)) === undefined) throw new Error(`Not within ${withinMs / 1_000} s: ${what}`);
}

/** How long until it held; undefined when it did not in time. What throws does not hold. */
async function reaches(withinMs: number, read: () => Promise<boolean>): Promise<number | undefined> {
  const startedMs = performance.now();
  while (performance.now() - startedMs < withinMs) {
    if (await read().catch(() => false)) return performance.now() - startedMs;
    await sleep(50);
  }
  return undefined;
}

async function cleanUp(): Promise<void> {
  for (const close of closes.splice(0).reverse()) await Promise.resolve(close()).catch(() => undefined);
  await instances.endAll();
  await muster.end('SIGINT');
  await rm(folder, { recursive: true, force: true });
}

function seconds(ms: number | undefined): string {
  return ms === undefined ? '–' : (ms / 1000).toFixed(1);
}
