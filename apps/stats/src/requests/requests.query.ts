import { cursorOfRequest, type RequestFilter, requestOfCursor, type RequestView } from '@muster/contracts';
import { onDatabase } from '@muster/event-store';
import type { DataSource } from 'typeorm';
import { COLUMNS, trackedOf } from './requests.table.js';
import type { Tracked } from './tracked.js';

export interface PageWanted {
  readonly filter: RequestFilter;
  readonly before?: string | undefined;
  readonly limit: number;
}

/** One page of requests, newest first, and where the next one begins. Throws an Outage. */
export async function readPage(
  database: DataSource,
  { filter, before, limit }: PageWanted,
): Promise<{ requests: RequestView[]; older: string | null }> {
  const values: unknown[] = [];
  const value = (given: unknown): string => `$${values.push(given)}`;
  const where = conditions(filter, value);
  if (before !== undefined) {
    const { acceptedAt, requestId } = requestOfCursor(before);
    where.push(`(accepted_at, request_id) < (${value(acceptedAt)}::timestamptz, ${value(requestId)}::uuid)`);
  }
  const sql = `select ${COLUMNS} from requests ${where.length > 0 ? `where ${where.join(' and ')}` : ''}
                order by accepted_at desc, request_id desc limit ${value(limit + 1)}`;
  const rows = await onDatabase(() => database.query<unknown[]>(sql, values));
  const requests = rows.slice(0, limit).map((row) => trackedOf(row).view);
  const last = requests.at(-1);
  return { requests, older: last !== undefined && rows.length > limit ? cursorOfRequest(last) : null };
}

/** One request with its facts; undefined when it is not kept. Throws an Outage. */
export async function readOne(database: DataSource, requestId: string): Promise<Tracked | undefined> {
  const [row] = await onDatabase(() =>
    database.query<unknown[]>(`select ${COLUMNS} from requests where request_id = $1`, [requestId]),
  );
  return row === undefined ? undefined : trackedOf(row);
}

function conditions(filter: RequestFilter, value: (given: unknown) => string): string[] {
  const { node, model, key, state, from, to } = filter;
  const where: string[] = [];
  if (node !== undefined) where.push(`node_id = ${value(node)}`);
  if (model !== undefined) where.push(`model = ${value(model)}`);
  if (key !== undefined) where.push(`key_id = ${value(key)}`);
  if (state !== undefined) where.push(`state = ${value(state)}`);
  if (from !== undefined) where.push(`accepted_at >= ${value(from)}::timestamptz`);
  if (to !== undefined) where.push(`accepted_at <= ${value(to)}::timestamptz`);
  return where;
}
