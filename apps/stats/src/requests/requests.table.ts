import { RequestEvent, RequestState } from '@muster/contracts';
import type { DataSource, EntityManager } from 'typeorm';
import * as z from 'zod/mini';
import { lose, takeFact, type Tracked } from './tracked.js';

type Queries = Pick<EntityManager, 'query'> | Pick<DataSource, 'query'>;

const Row = z.object({
  state: RequestState,
  ended_at: z.nullable(z.date()),
  facts: z.array(RequestEvent),
});

/** A request as it was stored: what its facts tell, unless it was given up. */
export function trackedOf(row: unknown): Tracked {
  const { state, ended_at: endedAt, facts } = Row.parse(row);
  const tracked = facts.reduce<Tracked | undefined>(takeFact, undefined);
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
export async function readStored(tx: Queries, requestIds: readonly string[]): Promise<Map<string, Tracked>> {
  if (requestIds.length === 0) return new Map();
  const rows = await tx.query<unknown[]>(`select ${COLUMNS} from requests where request_id = any($1::uuid[])`, [
    requestIds,
  ]);
  return new Map(rows.map(trackedOf).map((tracked) => [tracked.view.requestId, tracked]));
}

const rowOf = ({ view, facts }: Tracked) => ({
  request_id: view.requestId,
  accepted_at: view.acceptedAt,
  ended_at: view.endedAt,
  state: view.state,
  router: view.router,
  node_id: view.nodeId,
  model: view.model,
  key_id: view.keyId,
  total_ms: view.totalMs,
  facts,
});

/** Writes requests as they are now. */
export async function writeRequests(tx: Queries, requests: readonly Tracked[]): Promise<void> {
  if (requests.length === 0) return;
  await tx.query(
    `insert into requests (request_id, accepted_at, ended_at, state, router, node_id, model, key_id, total_ms, facts)
     select * from json_to_recordset($1::json) as r(request_id uuid, accepted_at timestamptz, ended_at timestamptz,
       state text, router uuid, node_id uuid, model text, key_id uuid, total_ms double precision, facts json)
     on conflict (request_id) do update set accepted_at = excluded.accepted_at, ended_at = excluded.ended_at,
       state = excluded.state, node_id = excluded.node_id, model = excluded.model, key_id = excluded.key_id,
       total_ms = excluded.total_ms, facts = excluded.facts`,
    [JSON.stringify(requests.map(rowOf))],
  );
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
