import { RequestEvent, RequestState, type RequestView } from '@muster/contracts';
import type { DataSource, EntityManager } from 'typeorm';
import * as z from 'zod/mini';
import { isRepeated, lose, startOf, takeFact, type Tracked } from './tracked.js';

type Queries = Pick<EntityManager, 'query'> | Pick<DataSource, 'query'>;

/** In the place of a beginning that says nothing but what the end says too: half of what would be kept of most requests. */
const REPEATED = 'RequestStarted';

const Row = z.object({
  state: RequestState,
  ended_at: z.nullable(z.date()),
  facts: z.array(z.union([z.literal(REPEATED), RequestEvent])),
});

/** The facts of a row, each in full. */
function factsOf(kept: z.infer<typeof Row>['facts']): RequestEvent[] {
  const whole = kept.filter((fact) => fact !== REPEATED);
  const end = whole.find((fact) => fact.type === 'RequestFinished');
  return end !== undefined && whole.length < kept.length ? [startOf(end), ...whole] : whole;
}

/** The facts as they are kept, the first two of most requests as one. */
function keptOf({ facts, bodies }: Tracked): string {
  const [start, end] = facts;
  const isShort =
    facts.length === 2 && start?.type === 'RequestStarted' && end?.type === 'RequestFinished' && isRepeated(start, end);
  if (isShort) return `["${REPEATED}",{"type":"RequestFinished","data":${bodies[1] ?? ''}}]`;
  return `[${facts.map(({ type }, n) => `{"type":"${type}","data":${bodies[n] ?? ''}}`).join()}]`;
}

/** A request as it was stored: what its facts tell, unless it was given up. */
export function trackedOf(row: unknown): Tracked {
  const { state, ended_at: endedAt, facts } = Row.parse(row);
  const tracked = factsOf(facts).reduce<Tracked | undefined>((before, fact) => takeFact(before, fact), undefined);
  if (tracked === undefined) throw new Error('A request without a fact is none');
  return state === 'lost' ? lose(tracked, endedAt?.toISOString() ?? tracked.view.acceptedAt) : tracked;
}

export const COLUMNS = 'state, ended_at, facts';

/** Every request that is under way. */
export async function readOpen(tx: Queries): Promise<Tracked[]> {
  const rows = await tx.query<unknown[]>(
    `select ${COLUMNS} from requests where state in ('queued', 'running') order by accepted_at, request_id`,
  );
  return rows.map(trackedOf);
}

/** What is kept of these requests, by their ids. */
export async function readStored(tx: Queries, requestIds: ReadonlySet<string>): Promise<Map<string, Tracked>> {
  if (requestIds.size === 0) return new Map();
  const rows = await tx.query<unknown[]>(`select ${COLUMNS} from requests where request_id = any($1::uuid[])`, [
    `{${[...requestIds].join()}}`,
  ]);
  return new Map(rows.map(trackedOf).map((tracked) => [tracked.view.requestId, tracked]));
}

/** The columns beside the facts, each with its type and with what it holds as an element of an array literal of Postgres. */
const columns: readonly (readonly [
  name: string,
  type: string,
  of: (view: RequestView) => string | number | undefined,
])[] = [
  ['request_id', 'uuid', ({ requestId }) => requestId],
  ['accepted_at', 'timestamptz', ({ acceptedAt }) => acceptedAt],
  ['ended_at', 'timestamptz', ({ endedAt }) => endedAt],
  ['state', 'text', ({ state }) => state],
  ['router', 'uuid', ({ router }) => router],
  ['node_id', 'uuid', ({ nodeId }) => nodeId],
  ['model', 'text', ({ model }) => quoted(model)],
  ['key_id', 'uuid', ({ keyId }) => keyId],
  ['total_ms', 'double precision', ({ totalMs }) => totalMs],
];
const names = columns.map(([name]) => name);

/** Text that may hold anything, in an array literal (Postgres manual, 8.15.6). */
const quoted = (text: string): string => `"${text.replaceAll(/["\\]/g, '\\$&')}"`;

const WRITE = `
insert into requests (${names.join(', ')}, facts)
select * from rows from (${columns.map(([, type], n) => `unnest($${n + 1}::${type}[])`).join(', ')},
                         json_array_elements($${columns.length + 1}::json))
on conflict (request_id) do update set ${[...names.slice(1), 'facts'].map((name) => `${name} = excluded.${name}`).join(', ')}`;

/**
 * Writes requests as they are now: each column as one array, and the facts with the words that they came with, so that the
 * driver has nothing to take apart and Postgres is sent no name of a field twice.
 */
export async function writeRequests(tx: Queries, requests: readonly Tracked[]): Promise<void> {
  if (requests.length === 0) return;
  const values = columns.map(([, , of]) => `{${requests.map(({ view }) => of(view) ?? 'NULL').join()}}`);
  await tx.query(WRITE, [...values, `[${requests.map(keptOf).join()}]`]);
}

/** How many requests that are kept ended since then, and how many of them took longer than the threshold. */
export async function countDelayed(
  tx: Queries,
  since: string,
  thresholdMs: number,
): Promise<{ of: number; count: number }> {
  const [row] = await tx.query<unknown[]>(
    `select count(*)::int as "of", count(*) filter (where total_ms > $2)::int as count
       from requests where ended_at >= $1 and state in ('completed', 'failed', 'cancelled', 'refused')`,
    [since, thresholdMs],
  );
  return z.object({ of: z.number(), count: z.number() }).parse(row);
}

/** How many requests ended in each second since then. */
export async function endedBySecond(tx: Queries, since: string): Promise<{ atMs: number; times: number }[]> {
  const rows = await tx.query<{ at_ms: string; times: string }[]>(
    `select floor(extract(epoch from ended_at))::bigint * 1000 as at_ms, count(*) as times
       from requests where ended_at >= $1 and state in ('completed', 'failed', 'cancelled', 'refused') group by 1`,
    [since],
  );
  return rows.map(({ at_ms: atMs, times }) => ({ atMs: Number(atMs), times: Number(times) }));
}

/** The newest requests in number that are kept, however young they are. */
export const MOST_REQUESTS = 1_000_000;
const REMOVED_AT_ONCE = 5_000;

/** Removes ended requests that were accepted before then, or that are more than are kept; true when some are left to be removed. */
export async function removeRequests(tx: Queries, before: string, most = MOST_REQUESTS): Promise<boolean> {
  const [, removed] = await tx.query<[unknown, number]>(
    `delete from requests where request_id in (
       select request_id from requests
        where accepted_at < greatest($1::timestamptz, coalesce(
                (select accepted_at from requests order by accepted_at desc, request_id desc offset $2 limit 1), '-infinity'))
          and state not in ('queued', 'running')
        order by accepted_at, request_id limit $3)`,
    [before, most, REMOVED_AT_ONCE],
  );
  return removed === REMOVED_AT_ONCE;
}
