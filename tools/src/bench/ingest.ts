import { type ChildProcess, spawn } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { connectBus } from '@muster/bus';
import { type RequestEvent, toRequestMessage } from '@muster/contracts';
import { AckPolicy, DeliverPolicy, type JetStreamManager, jetstream, jetstreamManager } from '@nats-io/jetstream';
import { connect, headers, type NatsConnection } from '@nats-io/transport-node';
import { Client } from 'pg';
import { freePort } from '../ports.js';
import { CannotGoOn, say } from '../terminal.js';
import { cpuMsOfFamily } from './cpu.js';
import { heapArguments } from '../start/memory.js';
import { profiled } from './profiled.js';
import { compare, machine, type Turn } from './rounds.js';
import { benchDatabase, benchNats } from './stores.js';

// `npm run bench -- ingest`: how many facts about requests are counted, each once, against consumers that only acknowledge.
const root = process.env['MUSTER_ROOT'] ?? join(import.meta.dirname, '../../..');
const REQUESTS = 30_000;
const FACTS = 2 * REQUESTS;
const WINDOW = 512;
const [NODES, MODELS, KEYS] = [4, 4, 8];
/** The bulk consumer acknowledges as often as the product commits at most. */
const BULK = 1_000;

const ids = (count: number): string[] => Array.from({ length: count }, () => randomUUID());
const [nodes, models, keys] = [ids(NODES), ids(MODELS), ids(KEYS)];
const router = randomUUID();
const pick = <T>(all: readonly T[], n: number): T => all[n % all.length] as T;

const server = await benchDatabase();
try {
  const nats = await benchNats();
  try {
    say(machine());
    await measure(nats.url);
  } finally {
    await nats.stop();
  }
} finally {
  await server.stop();
}

async function measure(natsUrl: string): Promise<void> {
  const bus = await connectBus({ servers: natsUrl, name: 'bench' });
  await bus.assertStreams();
  await bus.close();
  const { host, username, password } = new URL(natsUrl);
  const connection = await connect({ servers: host, user: username, pass: password });
  const database = new Client(server.url);
  await database.connect();
  const stats = await startStats(natsUrl);
  try {
    const manager = await jetstreamManager(connection);
    await tell(connection);
    const { state } = await manager.streams.info('REQUESTS');
    if (state.messages !== FACTS) throw new Error(`The stream has ${state.messages} facts`);
    await taken(database, state.last_seq);
    await compare(
      `${FACTS} facts about requests`,
      {
        name: 'stats: counted, each once, with its place',
        turn: () => counted(manager, stats, database, state.last_seq),
      },
      [
        { name: `acknowledged ${BULK} at a time`, turn: () => acknowledged(manager, connection, 'all'), bar: 0.4 },
        { name: 'acknowledged one by one', turn: () => acknowledged(manager, connection, 'each'), bar: 1.2 },
      ],
    );
  } finally {
    stats.kill('SIGTERM');
    await once(stats, 'exit');
    await database.end();
    await connection.close();
  }
}

/** The service as it runs. Resolves when it serves. */
async function startStats(natsUrl: string): Promise<ChildProcess> {
  const port = await freePort();
  const child = spawn(
    process.execPath,
    [...heapArguments('stats'), ...profiled(), join(root, 'apps/stats/dist/main.js')],
    {
      env: { ...process.env, DATABASE_URL: server.url, NATS_URL: natsUrl, PORT: String(port), LOG_LEVEL: 'error' },
      stdio: ['ignore', 'inherit', 'inherit'],
    },
  );
  for (let tries = 0; tries < 300; tries += 1) {
    const ready = await fetch(`http://127.0.0.1:${port}/health/ready`).catch(() => undefined);
    if (ready?.status === 200) return child;
    await sleep(100);
  }
  child.kill('SIGKILL');
  throw new CannotGoOn('stats did not start. Build it first: npm run build');
}

/**
 * The service counts the stream from its beginning, as it does when its database was set back: its tables are emptied and its
 * reader is taken away, so that it looks where it stands and begins anew. Its own processor time; on the clock from the new
 * reader on. A figure counts for nothing when what was counted is not what was told.
 */
async function counted(manager: JetStreamManager, stats: ChildProcess, database: Client, last: number): Promise<Turn> {
  // In the order in which the service locks them.
  await database.query(
    'truncate stats.stream_places, stats.requests, stats.cell_changes, stats.cells, stats.ledger restart identity',
  );
  const cpuMs = await cpuMsOfFamily(stats.pid ?? 0);
  for await (const { name } of manager.consumers.list('REQUESTS')) await manager.consumers.delete('REQUESTS', name);
  await taken(database, last);
  const endedMs = Date.now();
  const cpuMsAfter = await cpuMsOfFamily(stats.pid ?? 0);
  const [reader] = await manager.consumers.list('REQUESTS').next();
  await mustAgree(database);
  return { units: FACTS, wallMs: endedMs - Date.parse(reader?.created ?? ''), cpuMs: cpuMsAfter - cpuMs };
}

/** Resolves when the service stands at the end of the stream. */
async function taken(database: Client, last: number): Promise<void> {
  for (;;) {
    const { rows } = await database.query<{ sequence: string }>('select sequence from stats.stream_places');
    if (Number(rows[0]?.sequence ?? 0) >= last) return;
    await sleep(10);
  }
}

/** The same facts to a consumer of this process that does nothing with them. */
async function acknowledged(manager: JetStreamManager, connection: NatsConnection, how: 'all' | 'each'): Promise<Turn> {
  const durable = `bench-${randomUUID()}`;
  await manager.consumers.add('REQUESTS', {
    durable_name: durable,
    deliver_policy: DeliverPolicy.All,
    ack_policy: how === 'all' ? AckPolicy.All : AckPolicy.Explicit,
    max_ack_pending: -1,
  });
  const consumer = await jetstream(connection).consumers.get('REQUESTS', durable);
  const [cpu, began] = [process.cpuUsage(), performance.now()];
  const messages = await consumer.consume({ max_messages: 2 * BULK });
  let taken = 0;
  for await (const message of messages) {
    taken += 1;
    if (how === 'each' || taken % BULK === 0 || taken === FACTS) message.ack();
    if (taken === FACTS) break;
  }
  await connection.flush();
  const wallMs = performance.now() - began;
  const { user, system } = process.cpuUsage(cpu);
  await manager.consumers.delete('REQUESTS', durable);
  return { units: FACTS, wallMs, cpuMs: (user + system) / 1000 };
}

/** What a router tells of so many requests that each went to a node at once. */
async function tell(connection: NatsConnection): Promise<void> {
  const js = jetstream(connection);
  const messages = Array.from({ length: REQUESTS }, (_, n) => lifeOf(n)).flat();
  for (let first = 0; first < messages.length; first += WINDOW)
    await Promise.all(
      messages.slice(first, first + WINDOW).map((event) => {
        const { id, subject, headers: attributes, body } = toRequestMessage(event);
        const written = headers();
        for (const [name, value] of Object.entries(attributes)) written.set(name, value);
        return js.publish(subject, body, { msgID: id, headers: written });
      }),
    );
}

function lifeOf(n: number): RequestEvent[] {
  const acceptedMs = Date.now() - 1_000;
  const [totalMs, at] = [50 + ((n * 7_919) % 4_000), new Date(acceptedMs).toISOString()];
  const asked = {
    ...{ requestId: randomUUID(), router, endpoint: 'chat' as const, model: pick(models, n), keyId: pick(keys, n * 3) },
    stream: true,
  };
  const place = { nodeId: pick(nodes, n * 5), executorId: 'one' };
  const spent = { queueMs: 0, firstTokenMs: totalMs / 4, totalMs, tokensIn: n % 900, tokensOut: totalMs % 400 };
  return [
    { type: 'RequestStarted', data: { ...asked, ...place, at } },
    {
      type: 'RequestFinished',
      data: {
        ...{ ...asked, ...place, acceptedAt: at, outcome: 'completed', status: 200, ...spent },
        ...{ bytesIn: 900, bytesOut: 4_000, attempts: 1, at: new Date(acceptedMs + totalMs).toISOString() },
      },
    },
  ];
}

async function mustAgree(database: Client): Promise<void> {
  const { rows } = await database.query<{ accepted: number; completed: number; requests: number }>(
    `select (totals->>'accepted')::int as accepted, (totals->'ended'->>'completed')::int as completed,
            (select count(*)::int from stats.requests where state = 'completed') as requests from stats.ledger`,
  );
  const [row] = rows;
  if (row?.accepted !== REQUESTS || row.completed !== REQUESTS || row.requests !== REQUESTS)
    throw new Error(`Counted wrongly: ${JSON.stringify(row)}`);
}
