import { createHash, randomBytes, randomUUID } from 'node:crypto';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { type Bus, connectBus, seal } from '@muster/bus';
import { type Certificate, Executor, NodeState } from '@muster/contracts';
import { freePort } from '../ports.js';
import { answers, type Child, child } from './child.js';
import { heapArguments } from '../start/memory.js';
import { profiled } from './profiled.js';
import { benchNats } from './stores.js';
import { registeredNode, tellFacts } from './tell-facts.js';

export interface BedNode {
  readonly name: string;
  readonly host: string;
  readonly port: number;
  readonly certificate: Certificate;
  readonly ticket: string;
  readonly slots: number;
}

export interface RouterBed {
  readonly url: string;
  readonly key: string;
  /** The router's own process. */
  readonly pid: number;
  stop(): Promise<void>;
}

const at = new Date().toISOString();

/**
 * The router as `npm start` runs it, as a process of its own on a NATS of its own, with all that a request costs switched on: the key
 * is checked, facts are told, nodes are spoken to over TLS with their pinned certificate and their ticket.
 */
export async function routerBed(folder: string, nodes: readonly BedNode[]): Promise<RouterBed> {
  const nats = await benchNats();
  const stops: (() => Promise<void>)[] = [() => nats.stop()];
  const stop = async () => {
    for (const each of stops.reverse()) await each();
  };
  try {
    const bus = await connectBus({ servers: nats.url, name: 'bench' });
    stops.push(() => bus.close());
    await bus.assertStreams();
    const secret = randomBytes(32).toString('base64url');
    const key = await tell(bus, secret, nodes);
    const port = await freePort();
    const url = `http://127.0.0.1:${port}`;
    const router: Child = await child(
      'router',
      process.execPath,
      [...heapArguments('router'), ...profiled(), join(import.meta.dirname, '../../../apps/router/dist/main.js')],
      () => answers(`${url}/health/ready`),
      {
        ...process.env,
        NATS_URL: nats.url,
        PORT: String(port),
        MUSTER_SECRET: secret,
        MUSTER_ROUTER_DATA: join(folder, 'router'),
        LOG_LEVEL: 'warn',
        NODE_OPTIONS: '',
      },
    );
    stops.push(() => router.stop());
    await sleep(500);
    return { url, key, pid: router.pid, stop };
  } catch (error) {
    await stop();
    throw error;
  }
}

/** Says on the bus what registry and monitor would say. Returns a key for the model `bench`. */
async function tell(bus: Bus, secret: string, nodes: readonly BedNode[]): Promise<string> {
  const ownerId = randomUUID();
  const keyId = randomUUID();
  const key = `msk_${randomBytes(32).toString('base64url')}`;
  await tellFacts(bus, [
    [
      `account-${ownerId}`,
      { type: 'AccountCreated', data: { accountId: ownerId, name: 'Bench', permissions: [], at } },
    ],
    [
      `key-${keyId}`,
      {
        type: 'ApiKeyCreated',
        data: {
          keyId,
          ownerId,
          name: 'bench',
          prefix: key.slice(0, 10),
          hash: createHash('sha256').update(key).digest('hex'),
          permissions: ['inference'],
          at,
        },
      },
    ],
  ]);
  const ids = nodes.map(() => randomUUID());
  await tellFacts(
    bus,
    nodes.flatMap((node, n) => registeredNode(ids[n] ?? '', node)),
  );
  for (const [n, { slots, ticket }] of nodes.entries())
    await bus.bucket('NODES', NodeState).put(ids[n] ?? '', {
      nodeId: ids[n] ?? '',
      monitorId: 'bench',
      token: 1,
      status: { colour: 'green', reason: 'healthy', words: '', clears: '', since: at },
      link: { phase: 'up', since: at, frames: 'in-time' },
      executors: [
        Executor.parse({ executorId: 'bench', model: 'bench', state: 'online', slots, inFlight: 0, queued: 0 }),
      ],
      ticket: seal(secret, ticket),
    });
  return key;
}
