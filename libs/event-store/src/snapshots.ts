import { SCHEMA_VERSION } from '@muster/contracts';
import type { DataSource } from 'typeorm';
import * as z from 'zod/mini';
import { queryPrepared } from './database.js';
import { isOutage, onDatabase } from './failures.js';
import { COLUMNS, type Stored, storedFrom } from './stored.js';

/** How the state of a long stream is kept between commands. */
export interface SnapshotOptions<State> {
  /** Names the edition of `evolve`: raise its number with each change of what `evolve` does or of the state's shape. */
  readonly reducer: string;
  /** Reads a kept state. What it does not accept is left aside, and the stream is read from its first fact. */
  readonly schema: z.ZodMiniType<State>;
}

/** A stream as a command reads it: the last snapshot and what came after it, or all of it. */
export interface Read<State> {
  /** The state at `version`; undefined when everything is in `facts`. */
  readonly baseline: { readonly state: State; readonly version: number } | undefined;
  /** The facts after the baseline. */
  readonly facts: Stored[];
  /** What this command has left in the stream before the baseline, when it is a repeated one. */
  readonly earlier: Stored[];
}

/** Streams up to this long are always read whole. */
const KEPT_ABOVE = 200;
/** And longer ones get a new snapshot once so many facts have come since the last. */
const RENEWED_AFTER = 50;
/** A state that is longer than this is not kept. */
const MAX_STATE_BYTES = 256 * 1024;

// The facts of one command follow one another, at most 100 of them; only the first one carries the id in its column.
const READ = `
with base as materialized (
  select s.version, s.state from snapshots s where s.stream_id = $1 and s.reducer = $2
), first as materialized (
  select e.version from events e, base
  where e.command_id = $3 and e.stream_id = $1 and e.version <= base.version
)
select ${COLUMNS}, null::jsonb as state, false as earlier from events e
  where e.stream_id = $1 and e.version > coalesce((select version from base), 0)
union all
select ${COLUMNS}, null, true from events e, first, base
  where e.stream_id = $1 and e.version between first.version and least(first.version + 99, base.version)
    and e.meta->>'commandId' = $3::text
union all
select null, version, null, null, null, null, null, null, null, state, false from base
order by version`;

const Kept = z.object({ stream_id: z.null(), version: z.number(), state: z.unknown() });

/** Reads a stream from its snapshot on, in one call. */
export async function readFromSnapshot<State>(
  database: DataSource,
  stream: string,
  { reducer, schema }: SnapshotOptions<State>,
  commandId: string,
): Promise<Read<State>> {
  const values = [stream, edition(reducer), commandId];
  const rows = await onDatabase(() => queryPrepared(database, 'read-from-snapshot', READ, values));
  const [facts, earlier]: [Stored[], Stored[]] = [[], []];
  let kept: { version: number; state: unknown } | undefined;
  for (const row of rows) {
    const snapshot = Kept.safeParse(row);
    if (snapshot.success) kept = snapshot.data;
    else ((row as { earlier: boolean }).earlier ? earlier : facts).push(storedFrom(row));
  }
  if (kept === undefined) return { baseline: undefined, facts, earlier };
  const state = schema.safeParse(kept.state);
  if (state.success) return { baseline: { state: state.data, version: kept.version }, facts, earlier };
  await database.query('delete from snapshots where stream_id = $1', [stream]);
  return readFromSnapshot(database, stream, { reducer, schema }, commandId);
}

/**
 * Keeps the state of a stream when it has grown long enough since its last snapshot. It only saves time, so a database that is
 * away at that moment is passed over: the next command tries again.
 */
export async function keepSnapshot<State>(
  database: DataSource,
  stream: string,
  { reducer }: SnapshotOptions<State>,
  { state, version, since }: { readonly state: State; readonly version: number; readonly since: number },
): Promise<void> {
  if (version <= KEPT_ABOVE || version - since < RENEWED_AFTER) return;
  const text = JSON.stringify(state);
  if (Buffer.byteLength(text) > MAX_STATE_BYTES) return;
  try {
    await database.query(
      `insert into snapshots as s (stream_id, reducer, version, state) values ($1, $2, $3, $4)
       on conflict (stream_id) do update set reducer = excluded.reducer, version = excluded.version, state = excluded.state
       where s.reducer <> excluded.reducer or s.version < excluded.version`,
      [stream, edition(reducer), version, text],
    );
  } catch (error) {
    if (!isOutage(error)) throw error;
  }
}

/** Facts that an upcast makes into others fold into another state, so the edition of their shapes counts too. */
const edition = (reducer: string): string => `${reducer}/${SCHEMA_VERSION}`;
