import type { DataSource } from 'typeorm';
import * as z from 'zod/mini';
import { queryPrepared } from './database.js';
import { onDatabase } from './failures.js';
import { COLUMNS, type Stored, storedFrom } from './stored.js';

/** A place in the feed: after the event of this epoch, transaction and serial number. */
export interface FeedPlace {
  readonly epoch: number;
  readonly xid: string;
  readonly pos: string;
}

export const FEED_START: FeedPlace = { epoch: 0, xid: '0', pos: '0' };

/** One page of the feed. The function is inlined, so the plan is that of its statement. */
export const FEED_PAGE = `select ${COLUMNS}, e.epoch, e.xid::text as xid, e.pos::text as pos
  from feed($1, $2::xid8, $3, $4) e`;

const Place = z.object({ epoch: z.number(), xid: z.string(), pos: z.string() });

/**
 * The next events in commit order. It ends at the oldest write transaction that is still open anywhere on the server, so
 * it may lag but never passes an event by. For the relay; everybody else reads by position.
 */
export async function readFeed(
  database: DataSource,
  after: FeedPlace,
  limit: number,
): Promise<{ events: Stored[]; end: FeedPlace }> {
  const rows = await onDatabase(() => database.query<unknown[]>(FEED_PAGE, [after.epoch, after.xid, after.pos, limit]));
  const last = rows.at(-1);
  return { events: rows.map(storedFrom), end: last === undefined ? after : Place.parse(last) };
}

/** An event that the relay has given its position. */
export type Numbered = Stored & { readonly position: number };

const NUMBERED = `select ${COLUMNS} from events e where e.position > $1 order by e.position limit $2`;
const NUMBERED_OF = `select ${COLUMNS} from events e where e.position > $1 and e.stream_id = $3 order by e.version limit $2`;

/** The next numbered events, by position; those of one stream when it is named. */
export async function readNumbered(
  database: DataSource,
  after: number,
  limit: number,
  stream?: string,
): Promise<Numbered[]> {
  const rows = await (stream === undefined
    ? queryPrepared(database, 'numbered', NUMBERED, [after, limit])
    : queryPrepared(database, 'numbered-of', NUMBERED_OF, [after, limit, stream]));
  // Selected by their position, so they have one.
  return rows.map(storedFrom) as Numbered[];
}

/** Every committed event after a position, those that have none yet last. */
export async function readRest(
  tx: { query<T>(sql: string, values: unknown[]): Promise<T> },
  after: number,
): Promise<Numbered[]> {
  const rows = await tx.query<unknown[]>(
    `select ${COLUMNS} from events e where e.position > $1 or e.position is null
     order by e.position nulls last, e.epoch, e.xid, e.pos`,
    [after],
  );
  // They get the positions that the relay is about to give them.
  let next = after;
  return rows.map((row) => {
    const stored = storedFrom(row);
    next = stored.position ?? next + 1;
    return { ...stored, position: next };
  });
}
