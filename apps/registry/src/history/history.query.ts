import {
  cursorOf,
  factFamilies,
  type Fact,
  type FactFamilyName,
  type FleetNode,
  type HealthEvent,
  HistoryEntry,
  type HistoryFilter,
  type HistoryPage,
  type LastTold,
  type NodeView,
  placeOfCursor,
  viewThen,
  wordsOf,
} from '@muster/contracts';
import { onDatabase } from '@muster/event-store';
import type { DataSource } from 'typeorm';

const COLUMNS = 'id, family, stream, version, position, at, type, data, meta, subject';

/** Facts may be heavy (a certificate, for one): a page ends before it would not fit into one message of the bus. */
const MOST_PAGE_BYTES = 384 * 1024;

export interface PageWanted {
  readonly filter: HistoryFilter;
  readonly families: readonly FactFamilyName[];
  readonly before: string | undefined;
  readonly limit: number;
}

/** One page of the timeline, newest first. Throws an Outage. */
export async function readPage(database: DataSource, wanted: PageWanted): Promise<HistoryPage> {
  const { filter, families, before, limit } = wanted;
  const values: unknown[] = [];
  const value = (given: unknown): string => `$${values.push(given)}`;
  const where = [`family = any(${value(families)})`, ...conditions(filter, value)];
  if (before !== undefined) {
    const { at, position, id } = placeOfCursor(before);
    where.push(`(at, position, id) < (${value(at)}::timestamptz, ${value(position)}::bigint, ${value(id)}::uuid)`);
  }
  const sql = `select ${COLUMNS} from history where ${where.join(' and ')}
                order by at desc, position desc, id desc limit ${value(limit + 1)}`;
  const rows = await onDatabase(() => database.query<Row[]>(sql, values));
  const entries: HistoryEntry[] = [];
  let bytes = 0;
  for (const row of rows.slice(0, limit)) {
    const entry = entryOf(row);
    bytes += Buffer.byteLength(JSON.stringify(entry));
    if (entries.length > 0 && bytes > MOST_PAGE_BYTES) break;
    entries.push(entry);
  }
  const last = entries.at(-1);
  return { entries, older: last !== undefined && rows.length > entries.length ? cursorOf(last) : null };
}

function conditions(filter: HistoryFilter, value: (given: unknown) => string): string[] {
  const { node, account, family, kind, actor, from, to, text } = filter;
  const where: string[] = [];
  if (node !== undefined) where.push(`node_id = ${value(node)}`);
  if (account !== undefined) {
    const id = value(account);
    where.push(
      `(account_id = ${id}::uuid or (actor_id = ${id}::text and actor_kind = 'account')
        or (actor_kind = 'key' and meta->'actor'->'owner'->>'id' = ${id}::text))`,
    );
  }
  if (family !== undefined) where.push(`family = ${value(family)}`);
  if (kind !== undefined) where.push(`type = ${value(kind)}`);
  if (actor !== undefined) where.push(`(actor_id = ${value(actor)} or actor_key = ${value(actor.toLowerCase())})`);
  if (from !== undefined) where.push(`at >= ${value(from)}::timestamptz`);
  if (to !== undefined) where.push(`at <= ${value(to)}::timestamptz`);
  // Held against the index of three letters each, so that words which stand nowhere are not looked for in every entry.
  for (const word of wordsOf(text ?? '')) where.push(`searched like ${value(`%${word.replace(/[\\%_]/g, '\\$&')}%`)}`);
  return where;
}

type Row = Omit<HistoryEntry, 'position' | 'at'> & { readonly position: string; readonly at: Date };

const entryOf = ({ position, at, ...row }: Row): HistoryEntry =>
  HistoryEntry.parse({ ...row, position: Number(position), at: at.toISOString() });

const TOLD = { changed: 'NodeStatusChanged', connected: 'NodeConnected', lost: 'NodeLost' } as const;
type Told = keyof typeof TOLD;

interface ExecutorRow {
  readonly data: object;
  readonly at: string;
  readonly position: number;
}

type ThenRow = { readonly node: FleetNode; readonly executors: readonly ExecutorRow[] | null } & Record<
  Told,
  object | null
> &
  Record<`${Told}_at`, Date | null> &
  Record<`${Told}_position`, string | null>;

/** The last fact of a node's health of one type up to the time: one step down an index. */
const lastOf = (told: Told): string => `
  left join lateral (
    select data, at, position from history
     where family = 'health' and node_id = subjects.id::uuid and type = '${TOLD[told]}' and at <= $1::timestamptz
     order by at desc, position desc limit 1) ${told} on true`;
const columnsOf = (told: Told): string =>
  `${told}.data as ${told}, ${told}.at as ${told}_at, ${told}.position as ${told}_position`;

/** The last change of each of a node's executors up to the time. */
const EXECUTORS = `
  left join lateral (
    select jsonb_agg(jsonb_build_object('data', data, 'at', at, 'position', position) order by data->>'model') as all_of_them
      from (select distinct on (data->>'executorId') data, at, position from history
             where family = 'health' and node_id = subjects.id::uuid and type = 'ExecutorChanged' and at <= $1::timestamptz
             order by data->>'executorId', at desc, position desc) each_last) executors on true`;

/**
 * The fleet as it was known at a time, by name. Each entry of the timeline keeps what its fact made of the node, so this
 * looks up four entries a node and folds nothing, however long the timeline is. Throws an Outage.
 */
export async function readFleetAt(database: DataSource, at: string): Promise<NodeView[]> {
  const rows = await onDatabase(() =>
    database.query<ThenRow[]>(
      `select decided.node_after as node, executors.all_of_them as executors,
              ${columnsOf('changed')}, ${columnsOf('connected')}, ${columnsOf('lost')}
         from history_subjects subjects
        cross join lateral (
          select node_after from history
           where family = 'node' and node_id = subjects.id::uuid and at <= $1::timestamptz
           order by at desc, position desc limit 1) decided
        ${lastOf('changed')} ${lastOf('connected')} ${lastOf('lost')} ${EXECUTORS}
        where subjects.kind = 'node' and decided.node_after is not null
        order by decided.node_after->>'name', subjects.id`,
      [at],
    ),
  );
  return rows.map((row) =>
    viewThen(row.node, {
      changed: toldIn(row, 'changed'),
      connected: toldIn(row, 'connected'),
      lost: toldIn(row, 'lost'),
      executors: (row.executors ?? []).flatMap(changeIn),
    } as LastTold),
  );
}

/** The fact behind it, or nothing when there is none or it is of a shape that is not known any more. */
function toldIn(row: ThenRow, told: Told): Fact<HealthEvent> | undefined {
  const { [told]: data, [`${told}_at` as const]: at, [`${told}_position` as const]: position } = row;
  if (data === null || at === null) return undefined;
  const parsed = factFamilies.health.schema.safeParse({ type: TOLD[told], data });
  if (!parsed.success) return undefined;
  return { ...parsed.data, at: at.toISOString(), position: Number(position) } as Fact<HealthEvent>;
}

const changeIn = ({ data, at, position }: ExecutorRow): LastTold['executors'] => {
  const parsed = factFamilies.health.schema.safeParse({ type: 'ExecutorChanged', data });
  if (!parsed.success) return [];
  return [{ ...parsed.data, at: new Date(at).toISOString(), position } as LastTold['executors'][number]];
};
