import type { DataSource, EntityManager } from 'typeorm';
import * as z from 'zod/mini';
import { BrokenFact, onDatabase } from './failures.js';
import type { Stored } from './stored.js';

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

/** A reason as it is kept. */
export const cut = (reason: string): string => reason.slice(0, REASON_CHARACTERS);

/** Why a fact can not go on, for the table of parked streams. */
export const reasonFor = (error: unknown): string =>
  error instanceof BrokenFact ? error.reason : error instanceof Error ? error.message : String(error);
