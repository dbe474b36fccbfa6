import { spawn } from 'node:child_process';
import { randomBytes, randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { join } from 'node:path';
import { type Bus, connectBus } from '@muster/bus';
import { allPermissions, type Caller, type HistoryFilter, Outage, ReadFleetAt, ReadHistory } from '@muster/contracts';
import pg from 'pg';
import { say } from '../terminal.js';
import { machine } from './rounds.js';
import { benchDatabase, benchNats } from './stores.js';

// `npm run bench -- history`: the timeline at 100,000 facts, asked of a registry that has just started and of one that is warm.
const FACTS = 100_000;
const NODES = [100, 1_000] as const;
const TIMES = 25;
const PROGRAM = join(process.env['MUSTER_ROOT'] ?? join(import.meta.dirname, '../../..'), 'apps/registry/dist/main.js');
const START = '2026-01-01T00:00:00Z';

const database = await benchDatabase();
const nats = await benchNats();
const secret = randomBytes(32).toString('base64url');
try {
  say(machine());
  say('| timeline | asked for | first answer of a new process, ms | then: median (worst) of 25, ms |');
  say('| --- | --- | ---: | ---: |');
  for (const nodes of NODES) {
    await withRegistry(async () => fill(nodes));
    await measure(nodes);
  }
} finally {
  await nats.stop();
  await database.stop();
}

async function measure(nodes: number): Promise<void> {
  const facts = `${FACTS.toLocaleString('en-GB')} facts of ${nodes.toLocaleString('en-GB')} nodes`;
  const [beginning, middle, end] = [0.001, 0.5, 1].map((share) => new Date(Date.parse(START) + share * FACTS * 1_000));
  const questions: [string, (bus: Bus) => Promise<unknown>][] = [
    ['the fleet at the end', (bus) => fleetAt(bus, end)],
    ['the fleet half way', (bus) => fleetAt(bus, middle)],
    ['the fleet at the beginning', (bus) => fleetAt(bus, beginning)],
    ['the newest 100 entries', (bus) => history(bus, {})],
    ['words that stand nowhere', (bus) => history(bus, { text: 'no such words' })],
  ];
  for (const [words, ask] of questions)
    await withRegistry(async (bus) => {
      const took: number[] = [];
      for (let time = 0; time <= TIMES; time += 1) {
        const startedMs = performance.now();
        await ask(bus);
        took.push(performance.now() - startedMs);
      }
      const [first = 0, ...later] = took;
      later.sort((one, other) => one - other);
      const [median = 0, worst = 0] = [later[Math.floor(TIMES / 2)], later.at(-1)];
      say(`| ${facts} | ${words} | ${first.toFixed(0)} | ${median.toFixed(0)} (${worst.toFixed(0)}) |`);
    });
}

function caller(): Caller {
  return {
    actor: { kind: 'gateway', id: 'bench', name: 'Bench' },
    permissions: [...allPermissions],
    commandId: randomUUID(),
    correlationId: randomUUID(),
  };
}

async function fleetAt(bus: Bus, at: Date | undefined): Promise<number> {
  let nodes = 0;
  for await (const part of bus.askStream(ReadFleetAt, { at: (at ?? new Date()).toISOString() }, caller()))
    nodes += part.nodes.length;
  if (nodes === 0) throw new Error('There was no node to be found');
  return nodes;
}

function history(bus: Bus, filter: HistoryFilter): Promise<unknown> {
  return bus.ask(ReadHistory, { filter }, caller());
}

/** A registry as its own process, ready to answer, which ends with `use`. */
async function withRegistry(use: (bus: Bus) => Promise<void>): Promise<void> {
  const child = spawn(process.execPath, [PROGRAM], {
    env: {
      ...process.env,
      ...{ DATABASE_URL: database.url, NATS_URL: nats.url, MUSTER_SECRET: secret },
      ...{ MUSTER_LOCAL_NODE: 'off', LOG_LEVEL: 'error' },
    },
    stdio: ['ignore', 'inherit', 'inherit'],
  });
  const bus = await connectBus({ servers: nats.url, name: 'bench' });
  try {
    for (;;) {
      // Another order than those that are measured, so that the first of them is the first.
      try {
        await bus.ask(ReadHistory, { filter: { family: 'settings' }, limit: 1 }, caller());
        break;
      } catch (error) {
        if (!(error instanceof Outage) || child.exitCode !== null) throw error;
      }
    }
    await use(bus);
  } finally {
    await bus.close();
    child.kill('SIGTERM');
    if (child.exitCode === null) await once(child, 'exit');
  }
}

/** Writes the timeline as taking in these facts one by one would have: each node registered, then its health, turn by turn. */
async function fill(nodes: number): Promise<void> {
  const client = new pg.Client({ connectionString: database.url });
  await client.connect();
  try {
    await client.query(`set search_path to registry; truncate history, history_subjects`);
    await client.query(
      `create temporary table made as
         select n, gen_random_uuid() as id from generate_series(0, ${nodes - 1}) n`,
    );
    await client.query(`insert into history_subjects (kind, id, name) select 'node', id::text, 'gpu-' || n from made`);
    const status = `jsonb_build_object('colour', case when i % 2 = 0 then 'green' else 'red' end,
      'reason', case when i % 2 = 0 then 'healthy' else 'refused' end, 'words', case when i % 2 = 0 then 'Healthy' else
      'Connection refused' end, 'clears', '', 'since', '${START}')`;
    const node = `jsonb_build_object('nodeId', id, 'name', 'gpu-' || n, 'host', 'gpu-' || n || '.lab', 'port', 8022,
      'activated', true, 'activation', jsonb_build_object('at', '${START}', 'by', 'Ada'), 'registeredAt', '${START}', 'version', 2)`;
    await client.query(
      `insert into history (id, family, stream, version, position, at, type, data, meta, subject, node_id,
                            actor_kind, actor_id, actor_key, searched, node_after)
       select gen_random_uuid(), family, family || '-' || id, i / ${nodes} + 1, i + 1,
              '${START}'::timestamptz + make_interval(secs => i), type,
              case when type = 'NodeActivated' then jsonb_build_object('nodeId', id, 'at', '${START}')
                   else jsonb_build_object('nodeId', id, 'at', '${START}', 'to', ${status}) end,
              jsonb_build_object('actor', jsonb_build_object('kind', 'gateway', 'id', 'monitor', 'name', 'Monitor'),
                                 'commandId', id, 'correlationId', id),
              jsonb_build_object('kind', 'node', 'id', id, 'name', 'gpu-' || n), id,
              'gateway', 'monitor', 'monitor', 'gpu-' || n || ': healthy' || chr(10) || 'monitor',
              case when family = 'node' then ${node} end
         from (select i, case when i < ${nodes} or i % 10 = 0 then 'node' else 'health' end as family,
                      case when i < ${nodes} or i % 10 = 0 then 'NodeActivated' else 'NodeStatusChanged' end as type
                 from generate_series(0, ${FACTS - 1}) i) facts
         join made on made.n = (i + i / ${nodes}) % ${nodes}`,
    );
    await client.query('analyze history; analyze history_subjects');
  } finally {
    await client.end();
  }
}
