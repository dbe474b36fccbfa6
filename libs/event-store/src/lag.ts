import type { DataSource } from 'typeorm';
import * as z from 'zod/mini';
import { onDatabase } from './failures.js';

/** How far the bus is behind the table. */
export interface Lag {
  /** Committed and not yet on the bus; counted up to 10,000 a stream. */
  readonly events: number;
  /** The age of the oldest of them. */
  readonly seconds: number;
  /** The session whose open transaction holds everything back, once it has done so for 2 s. */
  readonly heldBy: { readonly pid: number; readonly applicationName: string; readonly seconds: number } | undefined;
}

const COUNTED = 10_000;
const HELD_AFTER_SECONDS = 2;

const Waiting = z.object({ events: z.coerce.number(), seconds: z.coerce.number() });
const Holder = z.object({ pid: z.number(), application_name: z.string(), seconds: z.coerce.number() });

/** How far a stream of the bus is: up to this position, of the event streams whose names begin so. */
export interface Published {
  readonly position: number;
  readonly prefixes: readonly string[];
}

/** Reads what waits to be numbered, and what waits in these publishers. */
export async function readLag(database: DataSource, publishers: readonly Published[]): Promise<Lag> {
  const waiting = async (from: string, values: unknown[]) => {
    const [row] = await database.query<unknown[]>(
      `select count(*) as events, coalesce(extract(epoch from clock_timestamp() - min(w.at)), 0) as seconds
       from (select e.at from ${from} limit ${COUNTED}) w`,
      values,
    );
    return Waiting.parse(row);
  };
  return onDatabase(async () => {
    const counts = await Promise.all([
      waiting('events e, relay r where (e.epoch, e.xid, e.pos) > (r.epoch, r.xid, r.pos)', []),
      ...publishers.map(({ position, prefixes }) =>
        waiting(`events e where e.position > $1 and split_part(e.stream_id, '-', 1) = any($2)`, [position, prefixes]),
      ),
    ]);
    return {
      events: counts.reduce((sum, { events }) => sum + events, 0),
      seconds: Math.max(...counts.map(({ seconds }) => seconds)),
      heldBy: await readHolder(database),
    };
  });
}

/** The session with the oldest write transaction, once that is 2 s old. */
export async function readHolder(database: DataSource): Promise<Lag['heldBy']> {
  const [row] = await database.query<unknown[]>(
    `select pid, application_name, extract(epoch from clock_timestamp() - xact_start) as seconds from pg_stat_activity
     where backend_xid is not null and clock_timestamp() - xact_start > $1 * interval '1 second'
     order by xact_start limit 1`,
    [HELD_AFTER_SECONDS],
  );
  if (row === undefined) return undefined;
  const { pid, application_name, seconds } = Holder.parse(row);
  return { pid, applicationName: application_name, seconds };
}
