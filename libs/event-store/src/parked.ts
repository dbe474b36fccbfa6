import type { FactFamily } from '@muster/contracts';
import type { DataSource, EntityManager } from 'typeorm';
import * as z from 'zod/mini';
import { BrokenFact, onDatabase } from './failures.js';
import type { Projection } from './projection.js';
import type { EventStore } from './store.js';
import { COLUMNS, readFact, type Stored, storedFrom } from './stored.js';

/** A stream that waits, because one of its facts could not be taken in. */
export interface Parked {
  readonly projection: string;
  readonly stream: string;
  /** The fact that it waits at. */
  readonly position: number;
  readonly version: number;
  readonly reason: string;
  readonly since: string;
}

const Row = z.object({
  projection: z.string(),
  stream_id: z.string(),
  position: z.coerce.number(),
  version: z.number(),
  reason: z.string(),
  at: z.date(),
});

/** Reasons come from what was stored by hand or by another release: they are cut before they are shown. */
const REASON_CHARACTERS = 500;

/** Every stream that waits, in any projection or in the relay: something that somebody should look at. */
export async function listParked(database: Pick<DataSource, 'query'>): Promise<Parked[]> {
  const rows = await onDatabase(() =>
    database.query<unknown[]>(
      'select projection, stream_id, position, version, reason, at from parked order by projection, position limit 1000',
    ),
  );
  return rows.map((row) => {
    const { stream_id, at, ...rest } = Row.parse(row);
    return { ...rest, stream: stream_id, since: at.toISOString() };
  });
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
  { stream, version, position }: Stored,
  reason: string,
): Promise<void> {
  await tx.query(
    `insert into parked (projection, stream_id, position, version, reason) values ($1, $2, $3, $4, $5)
     on conflict (projection, stream_id) do nothing`,
    [name, stream, position, version, reason.slice(0, REASON_CHARACTERS)],
  );
}

/**
 * Takes in what waits of a parked stream, all or nothing, and lets the stream go on. Throws BrokenFact, or what `project`
 * threw, when it still fails: then it stays parked. False when it was not parked.
 */
export async function retryParked<Family extends FactFamily>(
  store: EventStore,
  { name, family, project }: Projection<Family>,
  stream: string,
): Promise<boolean> {
  return onDatabase(() =>
    store.database.transaction(async (tx) => {
      // With the checkpoint held, no fact of the stream can arrive between the last one taken in here and the end of its wait.
      const [checkpoint] = await tx.query<{ position: string }[]>(
        'select position from checkpoints where projection = $1 for update',
        [name],
      );
      const [waiting] = await tx.query<{ position: string }[]>(
        'select position from parked where projection = $1 and stream_id = $2 for update',
        [name, stream],
      );
      if (waiting === undefined) return false;
      const rows = await tx.query<unknown[]>(
        `select ${COLUMNS} from events e
         where e.stream_id = $1 and e.position between $2 and $3 order by e.version`,
        [stream, waiting.position, checkpoint?.position ?? 0],
      );
      for (const row of rows) await project(readFact(family, storedFrom(row), store.upcast), tx);
      await tx.query('delete from parked where projection = $1 and stream_id = $2', [name, stream]);
      return true;
    }),
  );
}

/** Why a fact can not go on, for the table of parked streams. */
export const reasonFor = (error: unknown): string =>
  error instanceof BrokenFact ? error.reason : error instanceof Error ? error.message : String(error);
