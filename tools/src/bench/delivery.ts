import { randomUUID } from 'node:crypto';
import { setImmediate, setTimeout as sleep } from 'node:timers/promises';
import { type Bus, connectBus } from '@muster/bus';
import { type Fact, factFamilies, type FactMeta, type NodeEvent, toCloudEvent } from '@muster/contracts';
import { EventStore, openDatabase, startRelay } from '@muster/event-store';
import { jetstream, jetstreamManager } from '@nats-io/jetstream';
import { connect, headers } from '@nats-io/transport-node';
import { say } from '../terminal.js';
import { compare, machine, quantile, type Turn } from './rounds.js';
import { benchDatabase, benchNats } from './stores.js';

// `npm run bench -- delivery`: from the commit of a fact to its effect in a consumer; and how fast a backlog reaches the bus.
const SAMPLES = 1_000;
const BACKLOG = 20_000;
const WINDOW = 256;
const [P50_MS, P99_MS] = [15, 100];

const fact = (nodeId: string): NodeEvent => ({
  type: 'NodeRenamed',
  data: { nodeId, name: 'gpu-01', from: 'gpu-02', at: '2026-11-23T12:00:00.000Z' },
});
const meta = (): FactMeta => ({
  actor: { kind: 'account', id: randomUUID(), name: 'Zoë' },
  commandId: randomUUID(),
  correlationId: randomUUID(),
});

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
  const store = new EventStore(await openDatabase({ url: server.url, schema: 'registry', applicationName: 'bench' }));
  const bus = await connectBus({ servers: natsUrl, name: 'bench' });
  try {
    await bus.assertStreams();
    await latency(store, bus);
    await backlog(store, bus, natsUrl);
  } finally {
    await bus.close();
    await store.database.destroy();
  }
}

/** One fact at a time, some 20 a second: nothing else is on its way. */
async function latency(store: EventStore, bus: Bus): Promise<void> {
  const relay = startRelay(store, bus, { streams: ['FLEET'] });
  const committed = new Map<string, number>();
  const tookMs: number[] = [];
  const consumer = await bus.consumeFacts(factFamilies.node, { durable: 'bench' }, async ({ stream }) => {
    while (!committed.has(stream)) await setImmediate();
    tookMs.push(performance.now() - (committed.get(stream) ?? 0));
  });
  for (let n = 0; n < SAMPLES; n += 1) {
    const nodeId = randomUUID();
    await store.append(`node-${nodeId}`, 0, [fact(nodeId)], meta());
    committed.set(`node-${nodeId}`, performance.now());
    while (tookMs.length <= n) await sleep(5);
    await sleep(20);
  }
  await consumer.stop();
  await relay.stop();
  const [p50, p99] = [quantile(tookMs, 0.5), quantile(tookMs, 0.99)];
  const verdict = p50 <= P50_MS && p99 <= P99_MS ? 'reached' : 'missed';
  say(
    `| from commit to effect, ${SAMPLES} facts one by one | p50, ms | p99, ms | bar | |\n| --- | ---: | ---: | --- | --- |`,
  );
  say(`| relay, bus, consumer | ${p50.toFixed(1)} | ${p99.toFixed(1)} | ${P50_MS} and ${P99_MS} | ${verdict} |\n`);
}

/** The relay finds so many facts that wait; the comparator publishes messages that are alike into a stream that is alike. */
async function backlog(store: EventStore, bus: Bus, natsUrl: string): Promise<void> {
  const { host, username, password } = new URL(natsUrl);
  const connection = await connect({ servers: host, user: username, pass: password });
  const manager = await jetstreamManager(connection);
  await manager.streams.add({ name: 'BENCH', subjects: ['bench.>'] });
  const js = jetstream(connection);
  const timed = async (act: () => Promise<unknown>): Promise<Turn> => {
    const [serverBefore, cpu, began] = [await server.cpuMs(), process.cpuUsage(), performance.now()];
    await act();
    const wallMs = performance.now() - began;
    const { user, system } = process.cpuUsage(cpu);
    return { units: BACKLOG, wallMs, cpuMs: (await server.cpuMs()) - serverBefore + (user + system) / 1000 };
  };

  const drained = async (): Promise<Turn> => {
    const { lastPosition } = await bus.tail('FLEET');
    await store.database.query(
      `insert into events (stream_id, version, id, command_id, type, schema_version, data, meta)
       select 'node-' || gen_random_uuid(), 1, gen_random_uuid(), gen_random_uuid(), 'NodeRenamed', 1, $2, $3
       from generate_series(1, $1)`,
      [BACKLOG, JSON.stringify(fact(randomUUID()).data), JSON.stringify(meta())],
    );
    return timed(async () => {
      const relay = startRelay(store, bus, { streams: ['FLEET'] });
      while ((await bus.tail('FLEET')).lastPosition < lastPosition + BACKLOG) await sleep(10);
      await relay.stop();
    });
  };
  const published = (): Promise<Turn> =>
    timed(async () => {
      let left = BACKLOG;
      while (left > 0) {
        const window = Array.from({ length: Math.min(WINDOW, left) }, () => {
          const nodeId = randomUUID();
          const recorded = {
            id: randomUUID(),
            stream: `node-${nodeId}`,
            version: 1,
            position: left,
            at: new Date().toISOString(),
          };
          const event = toCloudEvent({ ...fact(nodeId), ...recorded, meta: meta() } as Fact);
          const written = headers();
          for (const [name, value] of Object.entries(event.headers)) if (value !== undefined) written.set(name, value);
          return js.publish(`bench.${nodeId}`, event.body, { msgID: recorded.id, headers: written });
        });
        await Promise.all(window);
        left -= window.length;
      }
    });
  try {
    await compare(
      `${BACKLOG} facts to the bus`,
      { name: 'relay: numbered, read and published in order', turn: drained },
      [{ name: `JetStream publish of the same, ${WINDOW} at once`, turn: published, bar: 0.7, by: 'clock' }],
    );
  } finally {
    await connection.close();
  }
}
