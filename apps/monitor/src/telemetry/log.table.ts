import { LogEntry } from '@muster/contracts';
import * as z from 'zod/mini';
import { daysAgo, deleteInParts, type Queries } from './queries.js';

export interface KeptEntry {
  readonly nodeId: string;
  readonly entry: LogEntry;
}

const Rows = z.array(z.object({ entry: z.string() }));
const Numbers = z.array(z.object({ n: z.nullable(z.coerce.number()) }));

/** The time that an entry shows, as the database can hold it: the clock of a node may say anything. */
const shownAt = (entry: LogEntry): string => {
  const ms = Date.parse(entry.kind === 'line' ? entry.line.at : entry.at);
  return new Date(Math.min(Math.max(ms, 0), Date.UTC(9999, 0))).toISOString();
};

/** Adds entries; one that is there already stays as it is. */
export async function insertEntries(queries: Queries, kept: readonly KeptEntry[]): Promise<void> {
  if (kept.length === 0) return;
  await queries.query(
    `insert into node_log (node_id, n, shown_at, entry)
      select * from unnest($1::uuid[], $2::bigint[], $3::timestamptz[], $4::text[]) on conflict (node_id, n) do nothing`,
    [
      kept.map(({ nodeId }) => nodeId),
      kept.map(({ entry }) => entry.n),
      kept.map(({ entry }) => shownAt(entry)),
      kept.map(({ entry }) => JSON.stringify(entry)),
    ],
  );
}

const parsed = (answer: unknown): LogEntry[] =>
  Rows.parse(answer).flatMap(({ entry }) => LogEntry.safeParse(JSON.parse(entry)).data ?? []);

/** Up to `limit` entries with numbers from `from` on and below `below`, oldest first: the first of them, or the last. */
export async function readEntries(
  queries: Queries,
  nodeId: string,
  { from, below, limit, end }: { from: number; below: number; limit: number; end: 'first' | 'last' },
): Promise<LogEntry[]> {
  const entries = parsed(
    await queries.query(
      `select entry from node_log where node_id = $1 and n >= $2 and n < $3
        order by n ${end === 'first' ? 'asc' : 'desc'} limit $4`,
      [nodeId, from, below, limit],
    ),
  );
  return end === 'first' ? entries : entries.reverse();
}

/** The number of the last entry that shows a time up to `at`; undefined when all are later. */
export async function entryAt(queries: Queries, nodeId: string, at: string): Promise<number | undefined> {
  const [row] = Numbers.parse(
    await queries.query(
      'select n from node_log where node_id = $1 and shown_at <= $2 order by shown_at desc, n desc limit 1',
      [nodeId, at],
    ),
  );
  return row?.n ?? undefined;
}

/** The number of the oldest entry that is kept; undefined when there is none. */
export async function oldestEntry(queries: Queries, nodeId: string): Promise<number | undefined> {
  const [row] = Numbers.parse(await queries.query('select min(n) as n from node_log where node_id = $1', [nodeId]));
  return row?.n ?? undefined;
}

/** Lets go of what was kept for longer than so many days, and of all but the last so many entries of each node. */
export async function trimLog(queries: Queries, days: number, entries: number): Promise<void> {
  await deleteInParts(queries, 'node_log', `from node_log gone where kept_at < ${daysAgo}`, days);
  await deleteInParts(
    queries,
    'node_log',
    'from node_flows flow join node_log gone on gone.node_id = flow.node_id and gone.n <= flow.last_n - $1',
    entries,
  );
}
