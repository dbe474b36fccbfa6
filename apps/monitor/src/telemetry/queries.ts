import type { EntityManager } from 'typeorm';

/** Whatever runs a statement: the database, or a transaction in it. */
export type Queries = Pick<EntityManager, 'query'>;

/** The moment so many days ago, `$1` of them. */
export const daysAgo = `clock_timestamp() - make_interval(days => $1)`;

/** However much is due, as after the retention was shortened, each statement stays well below the time that it may take. */
const AT_ONCE = 10_000;

/** Deletes those rows of a table that `which` calls `gone`, a part at a time, until none is left. `$1` in it is the value. */
export async function deleteInParts(queries: Queries, table: string, which: string, value: number): Promise<void> {
  for (let deleted = AT_ONCE; deleted === AT_ONCE;)
    [, deleted] = await queries.query<[unknown, number]>(
      `delete from ${table} where ctid = any(array(select gone.ctid ${which} limit ${AT_ONCE}))`,
      [value],
    );
}
