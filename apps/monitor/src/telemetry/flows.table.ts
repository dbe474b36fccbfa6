import * as z from 'zod/mini';
import type { Seen } from './node-telemetry.js';
import type { Queries } from './queries.js';

/** How far the flow of a node was taken in: where its log goes on, and, once it was linked, what of it was seen. */
export interface KeptFlow {
  readonly lastN: number;
  readonly seen?: Seen | undefined;
}

const count = z.coerce.number().check(z.int(), z.gte(0));
const Rows = z.array(
  z.object({
    node_id: z.uuid(),
    last_n: count,
    run: z.nullable(z.uuid()),
    sample: count,
    numbering: z.nullable(z.uuid()),
    line: count,
  }),
);
const Written = z.array(z.object({ node_id: z.uuid() }));

/** What is known of the flows of these nodes. A node that is not there was never watched. */
export async function readFlows(queries: Queries, nodeIds: readonly string[]): Promise<Map<string, KeptFlow>> {
  const rows = Rows.parse(
    await queries.query(
      'select node_id, last_n, run, sample, numbering, line from node_flows where node_id = any($1::uuid[])',
      [nodeIds],
    ),
  );
  return new Map(
    rows.map(({ node_id: nodeId, last_n: lastN, run, sample, numbering, line }) => [
      nodeId,
      { lastN, ...(run !== null && numbering !== null && { seen: { run, sample, numbering, line } }) },
    ]),
  );
}

/**
 * Writes how far flows were taken in. Returns the nodes for which that was done: not where another holder wrote under a higher
 * token.
 */
export async function writeFlows(
  queries: Queries,
  flows: readonly (KeptFlow & { readonly nodeId: string; readonly token: number })[],
): Promise<ReadonlySet<string>> {
  const written = await queries.query<unknown>(
    `insert into node_flows (node_id, token, last_n, run, sample, numbering, line)
      select * from unnest($1::uuid[], $2::bigint[], $3::bigint[], $4::uuid[], $5::bigint[], $6::uuid[], $7::bigint[])
      on conflict (node_id) do update
        set (token, last_n, run, sample, numbering, line) =
          (excluded.token, excluded.last_n, excluded.run, excluded.sample, excluded.numbering, excluded.line)
        where node_flows.token <= excluded.token
      returning node_id`,
    [
      flows.map(({ nodeId }) => nodeId),
      flows.map(({ token }) => token),
      flows.map(({ lastN }) => lastN),
      flows.map(({ seen }) => seen?.run ?? null),
      flows.map(({ seen }) => seen?.sample ?? 0),
      flows.map(({ seen }) => seen?.numbering ?? null),
      flows.map(({ seen }) => seen?.line ?? 0),
    ],
  );
  return new Set(Written.parse(written).map(({ node_id: nodeId }) => nodeId));
}
