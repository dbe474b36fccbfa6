import { randomUUID } from 'node:crypto';
import { writeFile } from 'node:fs/promises';
import { APPEND_ONE, EventStore, openDatabase } from '@muster/event-store';
import pg from 'pg';
import { findOnPath } from '../programs/find.js';
import { run } from '../programs/run.js';
import { say } from '../terminal.js';
import { fetchEmmett } from './emmett.js';
import { inTemporaryFolder } from './folder.js';
import { compare, machine, type Side, type Turn } from './rounds.js';
import { benchDatabase } from './stores.js';

// `npm run bench -- append`: one fact to a new stream each time, in SQL by pgbench and from Node through the store.
const TURN_MS = 2_000;
const POOL = 16;
const DATA = { nodeId: randomUUID(), name: 'gpu-01', from: 'gpu-02', at: '2026-11-23T12:00:00.000Z' };
const meta = (commandId: string) => ({
  actor: { kind: 'account' as const, id: DATA.nodeId, name: 'Zoë' },
  commandId,
  correlationId: commandId,
});
const COLUMNS = 'stream_id, version, id, command_id, type, schema_version, data, meta';

const database = await benchDatabase();
try {
  say(machine());
  const store = await openDatabase({
    url: database.url,
    schema: 'registry',
    applicationName: 'bench',
    connections: POOL,
  });
  try {
    await inSql();
    await inTemporaryFolder((folder) => fromNode(new EventStore(store), folder));
  } finally {
    await store.destroy();
  }
} finally {
  await database.stop();
}

/** pgbench sends prepared statements over 8 connections; both scripts write the same row into the same table. */
async function inSql(): Promise<void> {
  const pgbench = await findOnPath('pgbench');
  if (pgbench === undefined) {
    say('pgbench is not on this machine (apt-get install postgresql-contrib): appending in SQL was not measured.\n');
    return;
  }
  const [data, fixed] = [JSON.stringify(DATA), JSON.stringify(meta(randomUUID()))];
  const stream = `'node-' || :a || '-' || :b`;
  const random = '\\set a random(1, 2000000000)\n\\set b random(1, 2000000000)\n';
  const values = [
    stream,
    '0',
    'gen_random_uuid()',
    'gen_random_uuid()',
    `'NodeRenamed'`,
    '1',
    `'${data}'`,
    `'${fixed}'`,
  ];
  const product = `${APPEND_ONE.replace(/\$(\d)/g, (_, place: string) => values[Number(place) - 1] ?? '')};\n`;
  const insert = `insert into events (${COLUMNS}) values (${stream}, 1, gen_random_uuid(), gen_random_uuid(),
    'NodeRenamed', 1, '${data}', '${fixed}');\n`;
  await inTemporaryFolder(async (folder) => {
    const side = async (name: string, file: string, sql: string): Promise<Side> => {
      const path = `${folder}/${file}`;
      await writeFile(path, random + sql.replaceAll('\n', ' '));
      return { name, turn: () => pgbenchTurn(pgbench, path) };
    };
    await compare('append in SQL, 8 clients', await side('append with its checks', 'append.sql', product), [
      { ...(await side('pgbench: insert of the same row', 'insert.sql', insert)), bar: 0.75 },
    ]);
  });
}

async function pgbenchTurn(pgbench: string, script: string): Promise<Turn> {
  const { hostname, port, username, password, pathname } = new URL(database.url);
  const flags = ['-n', '-M', 'prepared', '-c', '8', '-j', '1', '-T', String(TURN_MS / 1000), '-f', script];
  const cpuBefore = await database.cpuMs();
  const said = await run(pgbench, [...flags, '-h', hostname, '-p', port, '-U', username, pathname.slice(1)], {
    env: { ...process.env, PGPASSWORD: password, PGOPTIONS: '-c search_path=registry' },
  });
  const number = (words: RegExp): number => Number(words.exec(said)?.[1]);
  const units = number(/actually processed: (\d+)/);
  return {
    units,
    wallMs: (units / number(/tps = ([\d.]+)/)) * 1000,
    cpuMs: (await database.cpuMs()) - cpuBefore,
  };
}

/** This process and the server together: what is saved in one may cost in the other. */
async function fromNode(store: EventStore, folder: string): Promise<void> {
  const raw = new pg.Pool({ connectionString: database.url, max: POOL, options: '-c search_path=registry' });
  const emmett = await fetchEmmett(folder, database.url);
  const insert = {
    name: 'insert',
    text: `insert into events (${COLUMNS}) values ($1, $2, $3, $4, $5, $6, $7, $8)`,
  };
  const append = async (): Promise<void> => {
    const nodeId = randomUUID();
    await store.append(`node-${nodeId}`, 0, [{ type: 'NodeRenamed', data: { ...DATA, nodeId } }], meta(randomUUID()));
  };
  const insertRow = async (): Promise<void> => {
    const [nodeId, command] = [randomUUID(), randomUUID()];
    const [data, about] = [JSON.stringify({ ...DATA, nodeId }), JSON.stringify(meta(command))];
    const values = [`node-${nodeId}`, 1, randomUUID(), command, 'NodeRenamed', 1, data, about];
    await raw.query({ ...insert, values });
  };
  try {
    for (const callers of [8, 16]) {
      await compare(
        `append from Node, ${callers} callers`,
        { name: 'EventStore.append', turn: () => turnOf(callers, append) },
        [
          { name: 'raw pg: insert of the same row', turn: () => turnOf(callers, insertRow), bar: 0.7 },
          {
            name: `emmett-postgresql ${emmett.version}: appendToStream`,
            turn: () => turnOf(callers, () => emmett.append(`node-${randomUUID()}`, DATA)),
            bar: 2,
          },
        ],
      );
    }
  } finally {
    await emmett.close();
    await raw.end();
  }
}

async function turnOf(callers: number, act: () => Promise<unknown>): Promise<Turn> {
  let units = 0;
  const [serverBefore, ownBefore] = [await database.cpuMs(), process.cpuUsage()];
  const began = performance.now();
  await Promise.all(
    Array.from({ length: callers }, async () => {
      while (performance.now() - began < TURN_MS) {
        await act();
        units += 1;
      }
    }),
  );
  const wallMs = performance.now() - began;
  const { user, system } = process.cpuUsage(ownBefore);
  return { units, wallMs, cpuMs: (await database.cpuMs()) - serverBefore + (user + system) / 1000 };
}
