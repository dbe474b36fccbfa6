import type { FactFamily } from '@muster/contracts';
import type { EntityManager } from 'typeorm';
import { isOutage, onDatabase } from './failures.js';
import { cut, reasonFor } from './parked.js';
import type { Projection } from './projection.js';
import type { EventStore } from './store.js';
import { COLUMNS, familyIn, readFact, type Stored, storedFrom } from './stored.js';

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
