import { fork } from 'node:child_process';
import { randomBytes, randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { loadavg } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { MusterClient } from '@muster/client';
import { EventStore, openDatabase } from '@muster/event-store';
import * as z from 'zod';
import { freePort } from '../ports.js';
import { allocator, heapArguments } from '../start/memory.js';
import type { ServiceName } from '../start/services.js';
import { CannotGoOn, say } from '../terminal.js';
import { answers, child } from './child.js';
import { type Delay, liveBars, liveFigures, type LiveRound } from './live-figures.js';
import { playedFleet } from './played-fleet.js';
import { machine } from './rounds.js';
import { benchDatabase, benchNats } from './stores.js';
import { registeredNode } from './tell-facts.js';

// `npm run bench -- live [nodes] [sockets]`: how long a sample takes from its node to the browser, 1,000 nodes and 100 sockets unless told otherwise.
const [NODES, SOCKETS] = [Number(process.argv[3] ?? 1_000), Number(process.argv[4] ?? 100)];
const ROUNDS = 5;
const ROUND_MS = 15_000;
const SETTLE_MS = 15_000;
/** Since the bench began, so that it ends within five minutes in any case. */
const READY_BY_MS = 170_000;
/** A session may have 20. */
const SOCKETS_A_SESSION = 20;
const root = process.env['MUSTER_ROOT'] ?? join(import.meta.dirname, '../../..');
const Seen = z.object({
  ...{ product: z.array(z.number()), direct: z.array(z.number()) },
  ...{ open: z.number(), refused: z.optional(z.string()) },
});
type Seen = z.infer<typeof Seen>;

const stops: (() => Promise<unknown>)[] = [];
try {
  say(machine());
  const take = await browsers();
  await sleep(SETTLE_MS);
  const rounds: LiveRound[] = [];
  await take();
  for (let n = 0; n < ROUNDS; n += 1) {
    await sleep(ROUND_MS);
    rounds.push(await take());
  }
  tell(rounds);
} finally {
  for (const stop of stops.reverse()) await stop();
}

function tell(rounds: readonly LiveRound[]): void {
  const { product, direct, added, verdict } = liveFigures(rounds, SOCKETS * (ROUND_MS / 1_000));
  const row = (name: string, { p50, p99, worstP50, worstP99 }: Delay) =>
    `| ${name} | ${[p50, worstP50, p99, worstP99].map((ms) => ms.toFixed(1)).join(' | ')} |`;
  say(`| ${NODES} nodes, ${SOCKETS} sockets | p50, ms | of the worst round | p99, ms | of the worst round |`);
  say('| --- | ---: | ---: | ---: | ---: |');
  say(row('node, monitor, bus, Gateway, browser', product));
  say(row('node, browser', direct));
  say(
    `\np50 at most ${liveBars.p50Ms} ms, p99 at most ${liveBars.p99Ms} ms, and the p50 at most ${liveBars.addedMs} ms above the direct one, ` +
      `which it is by ${added.median.toFixed(1)} ms (worst round ${added.worst.toFixed(1)}): ${verdict}. ` +
      `Load average ${(loadavg()[0] ?? 0).toFixed(1)}.\n`,
  );
}

/** The system with its fleet and the process of the browsers; resolves when every socket is shown samples. Gives what came since it was last asked. */
async function browsers(): Promise<() => Promise<Seen>> {
  const fleet = await playedFleet(NODES, 0);
  stops.push(() => fleet.stop());
  const nodeIds = fleet.ports.map(() => randomUUID());
  const { gateway, cookies } = await system(fleet, nodeIds);
  const process = fork(join(import.meta.dirname, 'live-browser.js'), [], { execArgv: [] });
  stops.push(() => Promise.resolve(process.kill('SIGKILL')));
  await once(process, 'message');
  const watched = Array.from({ length: SOCKETS }, (_, n) => {
    const node = Math.floor((n * NODES) / SOCKETS);
    const direct = `ws://127.0.0.1:${fleet.directPort}/${node}`;
    return { cookie: cookies[Math.floor(n / SOCKETS_A_SESSION)] ?? '', nodeId: nodeIds[node] ?? '', direct };
  });
  process.send({ order: 'listen', gateway, watched });
  const take = async () => {
    const answer = once(process, 'message', { signal: AbortSignal.timeout(20_000) });
    process.send({ order: 'take' });
    const seen = Seen.parse((await answer)[0]);
    if (seen.refused !== undefined) throw new Error(`A socket was refused: ${seen.refused}`);
    return seen;
  };
  await holds('every socket is shown samples', async () => ({ now: (await take()).open, of: 2 * SOCKETS }));
  return take;
}

/** Registry, monitor and Gateway as `npm start` runs them, on a database and a bus of their own, with the whole fleet registered and linked. */
async function system(
  { accessKey, ports, certificate }: Awaited<ReturnType<typeof playedFleet>>,
  nodeIds: readonly string[],
): Promise<{ gateway: string; cookies: string[] }> {
  const database = await benchDatabase();
  stops.push(() => database.stop());
  const nats = await benchNats();
  stops.push(() => nats.stop());
  await registered(
    database.url,
    nodeIds.flatMap((nodeId, n) => [
      registeredNode(nodeId, { name: `node ${n + 1}`, host: '127.0.0.1', port: ports[n] ?? 0, certificate }),
    ]),
  );
  const code = randomBytes(8).toString('hex');
  const shared = {
    ...process.env,
    ...{ DATABASE_URL: database.url, NATS_URL: nats.url, MUSTER_SECRET: randomBytes(32).toString('base64url') },
    ...{ HOST: '127.0.0.1', MUSTER_LOCAL_NODE: 'off', MUSTER_DIAL_LOOPBACK: 'on' },
    ...{ LOG_LEVEL: 'warn', LOG_FORMAT: 'json', WEB_ROOT: join(root, 'apps/web/dist/browser') },
  };
  const service = async (name: ServiceName, more: NodeJS.ProcessEnv = {}) => {
    const port = await freePort();
    const url = `http://127.0.0.1:${port}`;
    const started = await child(
      name,
      process.execPath,
      [...heapArguments(name), join(root, `apps/${name}/dist/main.js`)],
      () => answers(`${url}/health/ready`),
      { ...shared, ...allocator(name), PORT: String(port), ...more },
    );
    stops.push(() => started.stop());
    return url;
  };
  await service('registry', { MUSTER_FIRST_CODE: code, MUSTER_ACCESS_KEY: accessKey });
  await service('monitor');
  const gateway = await service('gateway');
  const client = new MusterClient({ address: gateway });
  const [name, password] = ['ada', 'correct horse battery staple'];
  await client.call('createFirstAccount', { body: { code, name, password } });
  const cookies: string[] = [];
  for (let n = 0; n < SOCKETS; n += SOCKETS_A_SESSION) {
    const session = new MusterClient({ address: gateway });
    await session.call('signIn', { body: { name, password } });
    cookies.push(session.cookie ?? '');
    if (n === 0)
      await holds('all nodes are healthy', async () => {
        const { nodes } = await session.call('listNodes');
        return { now: nodes.filter(({ status }) => status.reason === 'healthy').length, of: NODES };
      });
  }
  return { gateway, cookies };
}

/** Writes the facts of each node where the registry keeps them, as if it had done so before: by itself it looks at 60 addresses a minute. */
async function registered(url: string, nodes: readonly ReturnType<typeof registeredNode>[]): Promise<void> {
  const store = new EventStore(await openDatabase({ url, schema: 'registry', applicationName: 'bench' }));
  try {
    for (const facts of nodes) {
      const [stream = ''] = facts[0] ?? [];
      const id = randomUUID();
      const meta = {
        actor: { kind: 'gateway' as const, id: 'bench', name: 'Bench' },
        commandId: id,
        correlationId: id,
      };
      const events = facts.map(([, event]) => event);
      await store.append(stream, 0, events, meta);
    }
  } finally {
    await store.database.destroy();
  }
}

async function holds(what: string, look: () => Promise<{ now: number; of: number }>): Promise<void> {
  for (let seen = await look(); seen.now < seen.of; seen = await look()) {
    if (performance.now() > READY_BY_MS)
      throw new CannotGoOn(`Waited too long until ${what}: ${seen.now} of ${seen.of}`);
    await sleep(500);
  }
}
