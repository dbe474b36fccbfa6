import { randomUUID } from 'node:crypto';
import { type Decider, factFamilies, type FactMeta, type NodeEvent } from '@muster/contracts';
import { EventStore, handlerFor, openDatabase } from '@muster/event-store';
import * as z from 'zod/mini';
import { say } from '../terminal.js';
import { benchDatabase } from './database.js';
import { machine, quantile } from './rounds.js';

// `npm run bench -- command`: how long a command takes on a node with many facts, against one with few, in turns.
const ROUNDS = 9;
const COMMANDS = 40;
const LONG_NODES = 10;
const [SHORT, LONG] = [10, 1_000];
const BAR = 2;

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
  const p50Of = async (nodes: readonly string[]): Promise<number> => {
    const tookMs: number[] = [];
    for (let n = 0; n < COMMANDS; n += 1) {
      const began = performance.now();
      await handle(
        nodes[n % nodes.length] ?? '',
        { nodeId: nodes[n % nodes.length] ?? '', name: `new-${randomUUID().slice(0, 8)}` },
        meta(),
      );
      tookMs.push(performance.now() - began);
    }
    return quantile(tookMs, 0.5);
  };

  const [long, ratios, shorts, longs]: [string[], number[], number[], number[]] = [
    await nodesWith(LONG, LONG_NODES),
    [],
    [],
    [],
  ];
  for (let round = -1; round < ROUNDS; round += 1) {
    // A command adds a fact, so the short ones are new each time.
    const short = await nodesWith(SHORT, COMMANDS);
    const [shortMs, longMs] = [await p50Of(short), await p50Of(long)];
    if (round < 0) continue;
    shorts.push(shortMs);
    longs.push(longMs);
    ratios.push(longMs / shortMs);
  }
  const spread = (quantile(shorts, 0.75) - quantile(shorts, 0.25)) / quantile(shorts, 0.5);
  const median = quantile(ratios, 0.5);
  say(
    `| a command, p50 of ${COMMANDS}, ${ROUNDS} rounds | ms | ratio: median (worst) | bar | |\n| --- | ---: | ---: | ---: | --- |`,
  );
  say(`| node with ${SHORT} facts | ${quantile(shorts, 0.5).toFixed(2)} | | | |`);
  const verdict = spread > 0.35 ? 'noisy, no verdict' : median <= BAR ? 'reached' : 'missed';
  const words = `${median.toFixed(2)} (${Math.max(...ratios).toFixed(2)})`;
  say(`| node with ${LONG} facts and more | ${quantile(longs, 0.5).toFixed(2)} | ${words} | ≤ ${BAR} | ${verdict} |\n`);
}
