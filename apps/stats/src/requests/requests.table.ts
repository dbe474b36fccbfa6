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

/** The facts as they are kept. */
const keptOf = ({ facts, bodies }: Tracked): string =>
  `[${facts.map(({ type }, n) => `{"type":"${type}","data":${bodies[n] ?? ''}}`).join()}]`;

/**
 * What the end of a request says, where that is all that is to be kept of it and Postgres reads it as we do: JSON may name letters that no
 * text of Postgres can hold, always with a backslash. Undefined of any other request.
 */
function wholeEndOf({ view, facts, bodies }: Tracked): string | undefined {
  const [start, end] = facts;
  const [, body] = bodies;
  if (facts.length !== 2 || start?.type !== 'RequestStarted' || end?.type !== 'RequestFinished') return undefined;
  if (view.state === 'lost' || body === undefined || body.includes('\\')) return undefined;
  return isRepeated(start, end) ? body : undefined;
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

/** The columns beside the facts, each with its type, its name in an end, and what it holds as an element of an array literal of Postgres. */
const columns: readonly (readonly [
  name: string,
  type: string,
  inEnd: string,
  of: (view: RequestView) => string | number | undefined,
])[] = [
  ['request_id', 'uuid', 'requestId', ({ requestId }) => requestId],
  ['accepted_at', 'timestamptz', 'acceptedAt', ({ acceptedAt }) => acceptedAt],
  ['ended_at', 'timestamptz', 'at', ({ endedAt }) => endedAt],
  ['state', 'text', 'outcome', ({ state }) => state],
  ['router', 'uuid', 'router', ({ router }) => router],
  ['node_id', 'uuid', 'nodeId', ({ nodeId }) => nodeId],
  ['model', 'text', 'model', ({ model }) => quoted(model)],
  ['key_id', 'uuid', 'keyId', ({ keyId }) => keyId],
  ['total_ms', 'double precision', 'totalMs', ({ totalMs }) => totalMs],
];
const names = columns.map(([name]) => name);

/** Text that may hold anything, in an array literal (Postgres manual, 8.15.6). */
const quoted = (text: string): string => `"${text.replaceAll(/["\\]/g, '\\$&')}"`;

const INTO = `insert into requests (${names.join(', ')}, facts)`;
const OR_UPDATE = `
on conflict (request_id) do update set ${[...names.slice(1), 'facts'].map((name) => `${name} = excluded.${name}`).join(', ')}`;

/** How many of them there were not before: of a row that is updated the system column xmax is not 0. */
const counted = (write: string): string =>
  `with written as (${write} returning xmax = 0 as is_new) select count(*) filter (where is_new)::int as new from written`;

const WRITE = counted(`${INTO}
select * from rows from (${columns.map(([, type], n) => `unnest($${n + 1}::${type}[])`).join(', ')},
                         json_array_elements($${columns.length + 1}::json))
${OR_UPDATE}`);

const WRITE_ENDS = counted(`${INTO}
select ${columns.map(([, , inEnd]) => `data."${inEnd}"`).join(', ')},
       json_build_array('${REPEATED}', json_build_object('type', 'RequestFinished', 'data', fact))
  from json_array_elements($1::json) as fact,
       json_to_record(fact) as data(${columns.map(([, type, inEnd]) => `"${inEnd}" ${type}`).join(', ')})
${OR_UPDATE}`);

/**
 * Writes requests as they are now, with the words that their facts came with. Of most the end says everything: it alone is sent,
 * and Postgres takes the columns out of it. Of the others each column is one array, so that the driver has nothing to take apart.
 * Returns how many of them there were not before.
 */
export async function writeRequests(tx: Queries, requests: readonly Tracked[]): Promise<number> {
  const ends: string[] = [];
  const others: Tracked[] = [];
  for (const tracked of requests) {
    const end = wholeEndOf(tracked);
    if (end === undefined) others.push(tracked);
    else ends.push(end);
  }
  let added = 0;
  if (ends.length > 0) added += await write(tx, WRITE_ENDS, [`[${ends.join()}]`]);
  if (others.length === 0) return added;
  const values = columns.map(([, , , of]) => `{${others.map(({ view }) => of(view) ?? 'NULL').join()}}`);
  return added + (await write(tx, WRITE, [...values, `[${others.map(keptOf).join()}]`]));
}

async function write(tx: Queries, sql: string, values: readonly string[]): Promise<number> {
  const [row] = await tx.query<{ new: number }[]>(sql, [...values]);
  return row?.new ?? 0;
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
