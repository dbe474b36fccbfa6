import { createHash } from 'node:crypto';
import { Refusal } from '@muster/contracts';
import type { EntityManager } from 'typeorm';
import { connectBeside } from './database.js';
import { isOutage, isRace, onDatabase } from './failures.js';
import { type Numbered, readNumbered, readRest } from './feed.js';
import { checkpointOf, PAGE, type Projection, takeIn, takeTogether } from './projection.js';
import { hashOf, replaceWith } from './rebuilt-tables.js';
import type { EventStore } from './store.js';

/** Where a projection's facts come from, as a rebuild reads them: those after a position, in order, none left out. */
export type ReadFacts = (after: number, limit: number) => Promise<readonly Numbered[]>;

export interface Lane {
  readonly projected: Projection;
  /** The store's own facts unless told otherwise. */
  readonly read?: ReadFacts;
}

/** Tables that facts can be replayed into. */
export interface Rebuildable {
  /** What a person calls it by. */
  readonly name: string;
  /** One for each store that its facts lie in. The facts of several are replayed in the order of their times. */
  readonly lanes: readonly Lane[];
  /**
   * `behind`: projections fill the tables a moment after the facts. `with-append`: they are written in the transaction of the
   * facts themselves, which therefore wait while the last few are made up for. Such a one has one lane.
   */
  readonly filled: 'behind' | 'with-append';
}

export interface Rebuilt {
  /** Up to which position live and rebuilt tables stand, in the store of the first lane. */
  readonly position: number;
  /** Whether the live tables were what a replay of all facts makes of them. */
  readonly same: boolean;
  readonly liveHash: string;
  readonly rebuiltHash: string;
  /** Streams that could not be replayed to their end. */
  readonly parked: number;
}

export interface RebuildOptions {
  /** Told after each page: how many facts are replayed, of how many that are known of. */
  readonly onProgress?: (done: number, of: number) => void;
  /** Ends the rebuild before the swap: then nothing has changed. */
  readonly signal?: AbortSignal;
}

/** The live tables go on meanwhile: each try has only what they took in during the last one to make up for. */
const MAX_TRIES = 100;
const NAME = /^[a-z_][a-z0-9_]*$/;

/** One projection of a store's own facts, to be rebuilt by itself. */
export const rebuildable = (projected: Projection): Rebuildable => ({
  name: projected.name,
  lanes: [{ projected }],
  filled: 'behind',
});

/**
 * Replays every fact into tables on the side while the live ones are read and filled on, then puts the result in their
 * place in one transaction, and tells whether that changed anything. Streams that were parked are tried again by it. Throws
 * the Refusal `rebuild-running` while another process rebuilds the same.
 */
export async function rebuild(
  store: EventStore,
  what: Rebuildable,
  { onProgress, signal }: RebuildOptions = {},
): Promise<Rebuilt> {
  const tables = [...new Set(what.lanes.flatMap(({ projected }) => projected.tables))];
  if (tables.length === 0 || !tables.every((table) => NAME.test(table)))
    throw new Error(`The projection ${what.name} does not say which tables it fills`);
  const { database } = store;
  const side = `rebuild_${createHash('sha256').update(what.name).digest('hex').slice(0, 16)}`;

  return onDatabase(async () => {
    const alone = await connectBeside(database, 'rebuild');
    try {
      const { rows } = await alone.query<{ locked: boolean }>(
        `select pg_try_advisory_lock(hashtextextended('muster ' || $1 || current_schema(), 0)) as locked`,
        [side],
      );
      if (rows[0]?.locked !== true) throw new Refusal('rebuild-running');
      // One that was killed may have left its tables there, and what this one leaves the next one drops.
      await database.query(`drop schema if exists ${side} cascade`);
      try {
        await database.query(`create schema ${side}`);
        for (const table of [...tables, 'checkpoints', 'parked'])
          await database.query(`create table ${side}.${table} (like ${table} including all)`);
        for (let tries = 1; tries <= MAX_TRIES; tries += 1) {
          await replay(store, what, side, onProgress, signal);
          const swapped = await database.transaction((tx) => swap(store, tx, side, what, tables));
          if (swapped !== undefined) return swapped;
        }
        throw new Error(`The projection ${what.name} moves faster than it can be rebuilt`);
      } finally {
        await database.query(`drop schema if exists ${side} cascade`).catch(() => undefined);
      }
    } finally {
      await alone.end();
    }
  });
}

/** How far a lane is replayed for now: as far as the live tables are. */
async function targetOf({ database }: EventStore, { filled }: Rebuildable, { projected }: Lane): Promise<number> {
  if (filled === 'behind') return checkpointOf(database, projected.name);
  const [row] = await database.query<{ position: string }[]>('select position from relay');
  return Number(row?.position ?? 0);
}

/** Brings the tables on the side to where the live ones are now. */
async function replay(
  store: EventStore,
  what: Rebuildable,
  side: string,
  onProgress: RebuildOptions['onProgress'],
  signal: AbortSignal | undefined,
): Promise<void> {
  const readers = await Promise.all(
    what.lanes.map(async (lane) => {
      const until = await targetOf(store, what, lane);
      const from = await checkpointOf(store.database, lane.projected.name, side);
      return new LaneReader(store, lane, from, until);
    }),
  );
  for (;;) {
    signal?.throwIfAborted();
    for (const reader of readers) await reader.fill();
    const runs = inOrder(readers, PAGE);
    if (runs.length === 0) return;
    try {
      await takeTogether(store, runs, side);
    } catch (error) {
      if (isOutage(error) || isRace(error)) throw error;
      // One of the facts can not be taken in: run by run, so that its stream alone is parked.
      for (const { projected, rows } of runs)
        for (let left = rows; left.length > 0;) {
          const { position } = await takeIn(store, projected, left, { side });
          left = left.filter((row) => row.position > position);
        }
    }
    const sum = (of: (reader: LaneReader) => number) => readers.reduce((total, reader) => total + of(reader), 0);
    onProgress?.(
      sum(({ position }) => position),
      sum(({ until }) => until),
    );
  }
}

/** Facts of one lane that follow one another. */
export interface Run {
  readonly projected: Projection;
  readonly rows: readonly Numbered[];
}

/** Reads a lane page by page. */
class LaneReader {
  readonly projected: Projection;
  waiting: Numbered[] = [];
  #readTo: number;

  constructor(
    private readonly store: EventStore,
    private readonly lane: Lane,
    /** Handed on up to here. */
    public position: number,
    readonly until: number,
  ) {
    this.projected = lane.projected;
    this.#readTo = position;
  }

  /** Reads on when nothing waits. */
  async fill(): Promise<void> {
    if (this.waiting.length > 0 || this.#readTo >= this.until) return;
    const { read = (after, limit) => readNumbered(this.store.database, after, limit) } = this.lane;
    const rows = await read(this.#readTo, PAGE);
    this.waiting = rows.filter(({ position }) => position <= this.until);
    this.#readTo = rows.at(-1)?.position ?? this.until;
  }
}

/** Takes up to so many facts from the lanes, the earliest first: in runs, each of one lane. Ends where a lane has to be read on. */
function inOrder(readers: readonly LaneReader[], most: number): Run[] {
  const runs: { projected: Projection; rows: Numbered[] }[] = [];
  const open = new Set(readers.filter(({ waiting }) => waiting.length > 0));
  for (let taken = 0; taken < most && open.size > 0; taken += 1) {
    const [first] = [...open].sort((a, b) => timeOf(a) - timeOf(b));
    const row = first?.waiting.shift();
    if (first === undefined || row === undefined) break;
    const run = runs.at(-1);
    if (run?.projected === first.projected) run.rows.push(row);
    else runs.push({ projected: first.projected, rows: [row] });
    first.position = row.position;
    // What that lane has behind it may be earlier than what the others have.
    if (first.waiting.length === 0) break;
  }
  return runs;
}

const timeOf = ({ waiting }: LaneReader): number => Date.parse(waiting[0]?.at ?? '');

/** Undefined when the live tables have gone on since the ones on the side were filled. */
async function swap(
  store: EventStore,
  tx: EntityManager,
  side: string,
  { lanes, filled }: Rebuildable,
  tables: readonly string[],
): Promise<Rebuilt | undefined> {
  const names = lanes.map(({ projected }) => projected.name);
  if (filled === 'with-append') await takeRest(store, tx, side, lanes[0], tables);
  else {
    await tx.query('select 1 from checkpoints where projection = any($1) order by projection for update', [names]);
    for (const name of names)
      if ((await checkpointOf(tx, name)) !== (await checkpointOf(tx, name, side))) return undefined;
  }
  const liveHash = await hashOf(tx, tables);
  const rebuiltHash = await hashOf(
    tx,
    tables.map((table) => `${side}.${table}`),
  );
  for (const table of tables) await replaceWith(tx, table, `${side}.${table}`);
  await tx.query('delete from parked where projection = any($1)', [names]);
  const parked = await tx.query<unknown[]>(`insert into parked select * from ${side}.parked returning stream_id`);
  const position = await checkpointOf(tx, names[0] ?? '', side);
  return { position, same: liveHash === rebuiltHash, liveHash, rebuiltHash, parked: parked.length };
}

/**
 * Takes in what was appended since, the facts that have no position yet among them. With the live tables locked nobody can
 * commit another one: whoever appends writes there too, and waits.
 */
async function takeRest(
  store: EventStore,
  tx: EntityManager,
  side: string,
  lane: Lane | undefined,
  tables: readonly string[],
): Promise<void> {
  if (lane === undefined) return;
  for (const table of tables) await tx.query(`lock table ${table} in share row exclusive mode`);
  const from = await checkpointOf(tx, lane.projected.name, side);
  const rest = await readRest(tx, from);
  const [path] = await tx.query<{ path: string }[]>(`select current_setting('search_path') as path`);
  await takeTogether(store, [{ projected: lane.projected, rows: rest }], side, tx);
  await tx.query(`select set_config('search_path', $1, true)`, [path?.path]);
}
