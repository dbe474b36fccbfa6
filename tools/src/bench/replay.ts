import { randomUUID } from 'node:crypto';
import { factFamilies, type NodeEvent } from '@muster/contracts';
import { EventStore, openDatabase, readFact, readNumbered } from '@muster/event-store';
import pg from 'pg';
import { say } from '../terminal.js';
import { compare, machine, type Turn } from './rounds.js';
import { benchDatabase } from './stores.js';

// `npm run bench -- replay`: every fact read in order, made today's, checked and folded, against reading the same pages alone.
const STREAMS = 3_000;
const PER_STREAM = 100;
const PAGE = 500;
const TURN_MS = 2_000;
const LAST = STREAMS * PER_STREAM;

const database = await benchDatabase();
try {
  say(machine());
  const store = new EventStore(await openDatabase({ url: database.url, schema: 'registry', applicationName: 'bench' }));
  const raw = new pg.Client({ connectionString: database.url, options: '-c search_path=registry' });
  await raw.connect();
  try {
    say(`Writing ${LAST} facts …`);
    await fill(raw);
    const names = new Map<string, string>();
    await compare(
      `replay of ${LAST} facts, pages of ${PAGE}`,
      { name: 'read, made today’s, checked, folded', turn: () => turnOf((after) => folded(store, names, after)) },
      [{ name: 'the same pages read and counted', turn: () => turnOf((after) => counted(raw, after)), bar: 0.6 }],
    );
  } finally {
    await raw.end();
    await store.database.destroy();
  }
} finally {
  await database.stop();
}

async function fill(client: pg.Client): Promise<void> {
  const [meta, at] = [
    { actor: { kind: 'account', id: randomUUID(), name: 'Zoë' }, commandId: randomUUID(), correlationId: randomUUID() },
    '2026-11-23T12:00:00.000Z',
  ];
  await client.query(
    `insert into events (stream_id, version, position, id, type, schema_version, data, meta)
     select 'node-' || s.id, v.n, (v.n - 1) * $1 + s.n, gen_random_uuid(),
       case v.n when 1 then 'NodeRegistered' else 'NodeRenamed' end, 1,
       case v.n
         when 1 then jsonb_build_object('nodeId', s.id, 'name', 'gpu-01', 'host', 'gpu-01.lab', 'port', 8022, 'found', 'by-hand', 'at', $3::text)
         else jsonb_build_object('nodeId', s.id, 'name', 'gpu-' || v.n, 'from', 'gpu-' || (v.n - 1), 'at', $3::text)
       end, $4
     from (select n, gen_random_uuid() as id from generate_series(1, $1::int) n) s, generate_series(1, $2::int) v(n)`,
    [STREAMS, PER_STREAM, at, JSON.stringify(meta)],
  );
  await client.query('vacuum analyze events');
}

/** The last name of each node, as a read model in memory would keep it. */
function evolve(names: Map<string, string>, event: NodeEvent): void {
  if ('name' in event.data) names.set(event.data.nodeId, event.data.name);
}

async function folded(store: EventStore, names: Map<string, string>, after: number): Promise<number> {
  const page = await readNumbered(store.database, after, PAGE);
  for (const stored of page) evolve(names, readFact(factFamilies.node, stored, store.upcast));
  return page.length;
}

async function counted(client: pg.Client, after: number): Promise<number> {
  const { rowCount } = await client.query(
    `select e.stream_id, e.version, e.id, e.position, e.at, e.type, e.schema_version, e.data, e.meta
     from events e where e.position > $1 order by e.position limit $2`,
    [after, PAGE],
  );
  return rowCount ?? 0;
}

/** Reads on, and from the begin again, for the time of a turn. Processor time is that of this process and of the server. */
async function turnOf(readPage: (after: number) => Promise<number>): Promise<Turn> {
  const [serverBefore, cpu, began] = [await database.cpuMs(), process.cpuUsage(), performance.now()];
  let [units, position] = [0, 0];
  while (performance.now() - began < TURN_MS) {
    const read = await readPage(position);
    units += read;
    position = read === 0 ? 0 : position + read;
  }
  const { user, system } = process.cpuUsage(cpu);
  const wallMs = performance.now() - began;
  return { units, wallMs, cpuMs: (await database.cpuMs()) - serverBefore + (user + system) / 1000 };
}
