import type { FactFamily } from '@muster/contracts';
import type { DataSource, EntityManager } from 'typeorm';
import * as z from 'zod/mini';
import { BrokenFact, isOutage, onDatabase } from './failures.js';
import type { Projection } from './projection.js';
import type { EventStore } from './store.js';
import { COLUMNS, familyIn, readFact, type Stored, storedFrom } from './stored.js';

/** A stream that waits, because one of its facts could not be taken in. */
export interface Parked {
  readonly projection: string;
  readonly stream: string;
  /** The fact that it waits at. */
  readonly position: number;
  readonly version: number;
  readonly reason: string;
  readonly since: string;
  /** How often it was tried, the first time included. */
  readonly tries: number;
  readonly triedAt: string;
  /** The fact as it was read. */
  readonly fact: { readonly type: string; readonly data: unknown; readonly meta: unknown; readonly at: string };
}

const RawFact = z.object({ type: z.string(), data: z.unknown(), meta: z.unknown(), at: z.string() });

const Row = z.object({
  projection: z.string(),
  stream_id: z.string(),
  position: z.coerce.number(),
  version: z.number(),
  reason: z.string(),
  at: z.date(),
  tries: z.number(),
  tried_at: z.date(),
  fact: RawFact,
});

/** Reasons come from what was stored by hand or by another release: they are cut before they are shown. */
const REASON_CHARACTERS = 500;

/** Every stream that waits, in any projection or in the relay: something that somebody should look at. Up to 1,000. */
export async function listParked(database: Pick<DataSource, 'query'>): Promise<Parked[]> {
  const rows = await onDatabase(() =>
    database.query<unknown[]>(
      `select projection, stream_id, position, version, reason, at, tries, tried_at, fact
       from parked order by projection, position limit 1000`,
    ),
  );
  return rows.map((row) => {
    const { stream_id, at, tried_at, ...rest } = Row.parse(row);
    return { ...rest, stream: stream_id, since: at.toISOString(), triedAt: tried_at.toISOString() };
  });
}

/** How many streams wait, for a check of readiness. */
export async function countParked(database: Pick<DataSource, 'query'>): Promise<number> {
  const [row] = await onDatabase(() => database.query<{ count: string }[]>('select count(*) from parked'));
  return Number(row?.count ?? 0);
}

/** The streams that wait in one projection. */
export async function parkedStreams(tx: Pick<EntityManager, 'query'>, name: string): Promise<string[]> {
  const rows = await tx.query<{ stream_id: string }[]>('select stream_id from parked where projection = $1', [name]);
  return rows.map((row) => row.stream_id);
}

/** Parks a stream at this fact. */
export async function park(
  tx: Pick<EntityManager, 'query'>,
  name: string,
  { stream, version, position, type, data, meta, at }: Stored,
  reason: string,
): Promise<void> {
  await tx.query(
    `insert into parked (projection, stream_id, position, version, reason, fact) values ($1, $2, $3, $4, $5, $6)
     on conflict (projection, stream_id) do nothing`,
    [name, stream, position, version, cut(reason), JSON.stringify({ type, data, meta, at })],
  );
}

const cut = (reason: string): string => reason.slice(0, REASON_CHARACTERS);

/** The facts of one stream from a position on, up to another, in order. */
export type ReadWaiting = (
  stream: string,
  from: number,
  to: number,
  tx: Pick<EntityManager, 'query'>,
) => Promise<readonly Stored[]>;

/** What waits of a stream of the store's own. */
const readOwn: ReadWaiting = async (stream, from, to, tx) => {
  const rows = await tx.query<unknown[]>(
    `select ${COLUMNS} from events e where e.stream_id = $1 and e.position between $2 and $3 order by e.version`,
    [stream, from, to],
  );
  return rows.map(storedFrom);
};

/** How a retry ended: the stream goes on, waits further for this reason, or was not parked at all. */
export type Retried =
  | { readonly outcome: 'goes-on'; readonly taken: number }
  | { readonly outcome: 'still-parked'; readonly reason: string }
  | { readonly outcome: 'not-parked' };

/**
 * Takes in what waits of a parked stream, all or nothing, and lets the stream go on. When it still fails it stays parked, with
 * the new reason and one more try. `read` is called in an open transaction, so it has 5 s. Throws an Outage.
 */
export async function retryParked<Family extends FactFamily>(
  store: EventStore,
  { name, families, project, committed }: Projection<Family>,
  stream: string,
  read: ReadWaiting = readOwn,
): Promise<Retried> {
  const results: unknown[] = [];
  const retry = async (tx: EntityManager): Promise<Retried> => {
    // With the checkpoint held no fact of the stream can arrive between the last one taken in here and the end of its wait.
    const [checkpoint] = await tx.query<{ position: string }[]>(
      'select position from checkpoints where projection = $1 for update',
      [name],
    );
    const [waiting] = await tx.query<{ position: string }[]>(
      'select position from parked where projection = $1 and stream_id = $2 for update',
      [name, stream],
    );
    if (waiting === undefined) return { outcome: 'not-parked' };
    const rows = await read(stream, Number(waiting.position), Number(checkpoint?.position ?? 0), tx);
    const family = familyIn(families, stream);
    for (const row of family === undefined ? [] : rows) {
      const result = await project(readFact(family as Family, row, store.upcast), tx);
      if (result !== undefined) results.push(result);
    }
    await tx.query('delete from parked where projection = $1 and stream_id = $2', [name, stream]);
    return { outcome: 'goes-on', taken: rows.length };
  };
  try {
    const retried = await onDatabase(() => store.database.transaction(retry));
    if (results.length > 0) committed?.(results);
    return retried;
  } catch (error) {
    if (isOutage(error)) throw error;
    const reason = cut(reasonFor(error));
    await onDatabase(() =>
      store.database.query(
        `update parked set tries = tries + 1, tried_at = clock_timestamp(), reason = $3
         where projection = $1 and stream_id = $2`,
        [name, stream, reason],
      ),
    );
    return { outcome: 'still-parked', reason };
  }
}

/** Why a fact can not go on, for the table of parked streams. */
export const reasonFor = (error: unknown): string =>
  error instanceof BrokenFact ? error.reason : error instanceof Error ? error.message : String(error);
