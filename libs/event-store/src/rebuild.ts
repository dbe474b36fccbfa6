import { createHash } from 'node:crypto';
import type { FactFamily } from '@muster/contracts';
import type { EntityManager } from 'typeorm';
import { onDatabase } from './failures.js';
import { checkpointOf, type Projection, takeStep } from './projection.js';
import type { EventStore } from './store.js';

export interface Rebuilt {
  /** Up to which position both tables stand. */
  readonly position: number;
  /** Whether the live tables were what a replay of all facts makes of them. */
  readonly same: boolean;
  readonly liveHash: string;
  readonly rebuiltHash: string;
}

/** The live tables go on meanwhile: each try has only what they took in during the last one to make up for. */
const MAX_TRIES = 100;
const NAME = /^[a-z_][a-z0-9_]*$/;

/**
 * Replays every fact into tables on the side while the live ones are read and filled on, then puts the result in their
 * place in one transaction, and tells whether that changed anything. Streams that were parked are tried again by it.
 */
export async function rebuild<Family extends FactFamily>(
  store: EventStore,
  projected: Projection<Family>,
): Promise<Rebuilt> {
  const { name, tables } = projected;
  if (tables.length === 0 || !tables.every((table) => NAME.test(table)))
    throw new Error(`The projection ${name} does not say which tables it fills`);
  const { database } = store;
  const side = `rebuild_${createHash('sha256').update(name).digest('hex').slice(0, 16)}`;
  const beside = ['checkpoints', 'parked'];

  return onDatabase(async () => {
    await database.query(`drop schema if exists ${side} cascade`);
    try {
      await database.query(`create schema ${side}`);
      for (const table of [...tables, ...beside])
        await database.query(`create table ${side}.${table} (like ${table} including all)`);
      for (let tries = 1; ; tries += 1) {
        const until = await checkpointOf(database, name);
        while ((await takeStep(store, projected, { side, until })).read > 0) continue;
        const swapped = await database.transaction((tx) => swap(tx, side, projected));
        if (swapped !== undefined) return swapped;
        if (tries === MAX_TRIES) throw new Error(`The projection ${name} moves faster than it can be rebuilt`);
      }
    } finally {
      await database.query(`drop schema if exists ${side} cascade`);
    }
  });
}

/** Undefined when the live tables have gone on since the ones on the side were filled. */
async function swap(tx: EntityManager, side: string, { name, tables }: Projection): Promise<Rebuilt | undefined> {
  await tx.query('select 1 from checkpoints where projection = $1 for update', [name]);
  const position = await checkpointOf(tx, name);
  const [there] = await tx.query<{ position: string }[]>(
    `select position from ${side}.checkpoints where projection = $1`,
    [name],
  );
  if (Number(there?.position ?? 0) !== position) return undefined;

  const liveHash = await hashOf(tx, tables);
  const rebuiltHash = await hashOf(
    tx,
    tables.map((table) => `${side}.${table}`),
  );
  for (const table of tables) {
    await tx.query(`delete from ${table}`);
    await tx.query(`insert into ${table} overriding system value select * from ${side}.${table}`);
  }
  await tx.query('delete from parked where projection = $1', [name]);
  await tx.query(`insert into parked select * from ${side}.parked where projection = $1`, [name]);
  return { position, same: liveHash === rebuiltHash, liveHash, rebuiltHash };
}

/** SHA-256 over all rows of the tables, in an order of their own. */
async function hashOf(tx: EntityManager, tables: readonly string[]): Promise<string> {
  const hash = createHash('sha256');
  for (const [index, table] of tables.entries()) {
    const rows = await tx.query<{ row: string }[]>(`select t::text as row from ${table} t order by 1`);
    for (const { row } of rows) hash.update(`${index} ${row}\n`);
  }
  return hash.digest('hex');
}
