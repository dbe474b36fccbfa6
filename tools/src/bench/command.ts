import { randomUUID } from 'node:crypto';
import { type Decider, factFamilies, type FactMeta, type NodeEvent } from '@muster/contracts';
import { EventStore, handlerFor, openDatabase } from '@muster/event-store';
import * as z from 'zod/mini';
import { say } from '../terminal.js';
import { compare, machine, quantile, type Turn } from './rounds.js';
import { benchDatabase } from './stores.js';

// `npm run bench -- command`: how long a command takes on a node with many facts, against one with few, in turns.
const COMMANDS = 200;
const LONG_NODES = 10;
const [SHORT, LONG] = [10, 1_000];

type Named = { readonly name: string };
const named: Decider<Named, { nodeId: string; name: string }, NodeEvent> = {
  initial: { name: '' },
  evolve: (node, event) => ('name' in event.data ? { name: event.data.name } : node),
  decide: ({ nodeId, name }, { name: from }) => [renamed(nodeId, name, from)],
};
const renamed = (nodeId: string, name: string, from: string): NodeEvent => ({
  type: 'NodeRenamed',
  data: { nodeId, name, from, at: '2026-11-23T12:00:00.000Z' },
});
const meta = (): FactMeta => ({
  actor: { kind: 'account', id: randomUUID(), name: 'Zoë' },
  commandId: randomUUID(),
  correlationId: randomUUID(),
});

const server = await benchDatabase();
try {
  say(machine());
  const database = await openDatabase({ url: server.url, schema: 'registry', applicationName: 'bench' });
  try {
    await measure(new EventStore(database));
  } finally {
    await database.destroy();
  }
} finally {
  await server.stop();
}

async function measure(store: EventStore): Promise<void> {
  const snapshot = { reducer: 'named-1', schema: z.object({ name: z.string() }) };
  const handle = handlerFor(store, factFamilies.node, named, { snapshot });
  const nodeWith = async (facts: number): Promise<string> => {
    const nodeId = randomUUID();
    for (let version = 0; version < facts;) {
      const events = Array.from({ length: Math.min(100, facts - version) }, (_, index) =>
        renamed(nodeId, `gpu-${version + index + 1}`, `gpu-${version + index}`),
      );
      ({ version } = await store.append(`node-${nodeId}`, version, events, meta()));
    }
    return nodeId;
  };
  const nodesWith = (facts: number, count: number) => Promise.all(Array.from({ length: count }, () => nodeWith(facts)));
  /** The turn as long as if each command had taken as long as the one in the middle. */
  const turnOf = async (nodes: readonly string[]): Promise<Turn> => {
    const tookMs: number[] = [];
    const [serverBefore, cpu] = [await server.cpuMs(), process.cpuUsage()];
    for (let n = 0; n < COMMANDS; n += 1) {
      const nodeId = nodes[n % nodes.length] ?? '';
      const began = performance.now();
      await handle(nodeId, { nodeId, name: `new-${randomUUID().slice(0, 8)}` }, meta());
      tookMs.push(performance.now() - began);
    }
    const { user, system } = process.cpuUsage(cpu);
    const cpuMs = (await server.cpuMs()) - serverBefore + (user + system) / 1000;
    return { units: COMMANDS, wallMs: quantile(tookMs, 0.5) * COMMANDS, cpuMs };
  };

  const long = await nodesWith(LONG, LONG_NODES);
  await compare(
    `a command, p50 of ${COMMANDS}`,
    { name: `node with ${LONG} facts and more`, turn: () => turnOf(long) },
    [
      {
        name: `node with ${SHORT} facts`,
        // A command adds a fact, so these are new each time.
        turn: async () => turnOf(await nodesWith(SHORT, COMMANDS)),
        bar: 0.5,
        by: 'clock',
      },
    ],
  );
}
