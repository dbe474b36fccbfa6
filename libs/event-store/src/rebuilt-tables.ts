import { createHash } from 'node:crypto';
import type { EntityManager } from 'typeorm';

/** A hash over all rows of the tables, whatever their order. */
export async function hashOf(tx: Pick<EntityManager, 'query'>, tables: readonly string[]): Promise<string> {
  const hash = createHash('sha256');
  for (const [index, table] of tables.entries()) {
    // A sum over two hashes of each row: it takes one pass over the table and no memory, and no sorting.
    const [row] = await tx.query<Record<'rows' | 'one' | 'other', string>[]>(
      `select count(*) as rows, coalesce(sum(hashtextextended(t::text, 1)), 0) as one,
              coalesce(sum(hashtextextended(t::text, 2)), 0) as other from ${table} t`,
    );
    hash.update(`${index} ${row?.rows} ${row?.one} ${row?.other}\n`);
  }
  return hash.digest('hex');
}

/**
 * Makes a table what another one is that has the same columns. A row that is the same already is not touched, so what refers
 * to it stays.
 */
export async function replaceWith(tx: Pick<EntityManager, 'query'>, table: string, other: string): Promise<void> {
  const columns = await tx.query<{ name: string; key: boolean }[]>(
    `select quote_ident(a.attname) as name, coalesce(a.attnum = any(i.indkey), false) as key
       from pg_attribute a left join pg_index i on i.indrelid = a.attrelid and i.indisprimary
      where a.attrelid = $1::regclass and a.attnum > 0 and not a.attisdropped and a.attgenerated = '' order by a.attnum`,
    [table],
  );
  const names = columns.map(({ name }) => name);
  const keys = columns.filter(({ key }) => key).map(({ name }) => name);
  if (keys.length === 0) throw new Error(`The table ${table} has no primary key`);
  const list = (of: readonly string[], prefix = '') => of.map((name) => `${prefix}${name}`).join(', ');
  await tx.query(
    `delete from ${table} t where not exists
       (select 1 from ${other} o where (${list(keys, 'o.')}) = (${list(keys, 't.')}))`,
  );
  const rest = names.filter((name) => !keys.includes(name));
  const update =
    rest.length === 0
      ? 'nothing'
      : `update set ${rest.map((name) => `${name} = excluded.${name}`).join(', ')}
         where (${list(rest, 't.')}) is distinct from (${list(rest, 'excluded.')})`;
  await tx.query(
    `insert into ${table} as t (${list(names)}) overriding system value select ${list(names)} from ${other}
     on conflict (${list(keys)}) do ${update}`,
  );
}
