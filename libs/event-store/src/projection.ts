import type { FactFamily } from '@muster/contracts';
import type { EntityManager } from 'typeorm';
import { BrokenFact, isOutage, isRace, onDatabase } from './failures.js';
import { type Numbered, readNumbered } from './feed.js';
import { park, parkedStreams } from './parked.js';
import type { EventStore } from './store.js';
import { familyIn, type FactOf, readFact } from './stored.js';

/** A read model: how the facts of some families fill its tables. */
export interface Projection<Family extends FactFamily = FactFamily> {
  /** Names its checkpoint. Another name begins anew from the first fact. */
  readonly name: string;
  readonly families: readonly Family[];
  project(fact: FactOf<Family>, tx: EntityManager): Promise<unknown>;
  /** All tables that it writes to, by the names they have in the database: what a rebuild fills anew. */
  readonly tables: readonly string[];
  /** Told after each commit what `project` gave for the facts that were taken in, one after the other. */
  readonly committed?: (results: readonly unknown[]) => void;
}

export interface ProjectionOptions<Result> {
  /** Needed for a rebuild. */
  readonly tables?: readonly string[];
  readonly committed?: (results: readonly Result[]) => void;
}

/**
 * Declares a read model. `project` writes through `tx` alone: its writes and the checkpoint are one transaction, so each
 * fact takes effect once however often it is read.
 */
export const projection = <Family extends FactFamily, Result>(
  name: string,
  families: Family | readonly Family[],
  project: (fact: FactOf<Family>, tx: EntityManager) => Promise<Result>,
  { tables = [], committed }: ProjectionOptions<Result> = {},
): Projection<Family> => ({
  name,
  families: isList(families) ? families : [families],
  project,
  tables,
  // What `project` gave is what comes back.
  ...(committed ? { committed: committed as (results: readonly unknown[]) => void } : {}),
});

const isList = <T>(value: T | readonly T[]): value is readonly T[] => Array.isArray(value);

export const PAGE = 200;

export interface Step {
  /** How far it has come. */
  readonly position: number;
  /** How many facts were looked at; a full page means that more may be there. */
  readonly read: number;
  readonly parked: readonly Numbered[];
}

/** The position up to which a projection has taken facts in; 0 before the first. */
export async function checkpointOf(tx: Pick<EntityManager, 'query'>, name: string, side?: string): Promise<number> {
  const table = side === undefined ? 'checkpoints' : `${side}.checkpoints`;
  const [row] = await tx.query<{ position: string }[]>(`select position from ${table} where projection = $1`, [name]);
  return Number(row?.position ?? 0);
}

export interface StepOptions {
  /** The schema with the tables on the side that are filled in place of the live ones. */
  readonly side?: string;
  /** Facts after this position are left for later. */
  readonly until?: number;
}

/** Takes in the next page of the store's own facts. See takeIn. */
export async function takeStep<Family extends FactFamily>(
  store: EventStore,
  projected: Projection<Family>,
  { side, until = Number.MAX_SAFE_INTEGER }: StepOptions = {},
): Promise<Step> {
  const rows = await onDatabase(async () => {
    const from = await checkpointOf(store.database, projected.name, side);
    return readNumbered(store.database, from, PAGE);
  });
  const due = rows.filter(({ position }) => position <= until);
  return takeIn(store, projected, due, side === undefined ? {} : { side });
}

/**
 * Takes in facts that follow one another from the checkpoint on; those that are behind it already are passed over. Facts and
 * checkpoint move in one transaction, and a checkpoint that another process has moved in the meantime undoes the whole step. A
 * fact that cannot be read, or that `project` fails on, parks its stream: its later facts wait with it, others go on. Throws
 * an Outage when the database is away.
 */
export async function takeIn<Family extends FactFamily>(
  store: EventStore,
  projected: Projection<Family>,
  rows: readonly Numbered[],
  { side }: Pick<StepOptions, 'side'> = {},
): Promise<Step> {
  const attempt = async (some: readonly Numbered[], poison?: Poison): Promise<Step> => {
    const results: unknown[] = [];
    const step = await onDatabase(() =>
      store.database.transaction(async (tx) => {
        if (side !== undefined) await lookAside(tx, side);
        return page(store, projected, tx, some, results, poison);
      }),
    );
    if (side === undefined && results.length > 0) projected.committed?.(results);
    return step;
  };
  try {
    return await attempt(rows);
  } catch (error) {
    if (!(error instanceof FoldFailed)) throw error;
    const at = rows.findIndex(({ position }) => position === error.position);
    // What came before it is taken in first; then it is parked, unless it passes now.
    if (error.ahead > 0) return attempt(rows.slice(0, at));
    return attempt(rows.slice(at, at + 1), { position: error.position, reason: error.message });
  }
}

/**
 * Takes in runs of facts of several projections in one transaction, that of `tx` when given. A stream is parked only at a fact
 * that cannot be read; what `project` throws is thrown, and nothing has changed.
 */
export async function takeTogether(
  store: EventStore,
  runs: readonly { readonly projected: Projection; readonly rows: readonly Numbered[] }[],
  side: string | undefined,
  tx?: EntityManager,
): Promise<void> {
  const take = async (all: EntityManager) => {
    if (side !== undefined) await lookAside(all, side);
    for (const { projected, rows } of runs) await page(store, projected, all, rows, []);
  };
  await (tx ? take(tx) : onDatabase(() => store.database.transaction(take)));
}

/** For the rest of the transaction tables are looked for in the schema on the side first. */
export const lookAside = (tx: EntityManager, side: string): Promise<unknown> =>
  tx.query(`select set_config('search_path', $1 || ',' || current_schema(), true)`, [side]);

/** `project` threw on this fact, which rolled back the page it was in. */
class FoldFailed extends Error {
  constructor(
    readonly position: number,
    /** How many facts of the page come before it. */
    readonly ahead: number,
    options: ErrorOptions,
  ) {
    super(options.cause instanceof Error ? options.cause.message : String(options.cause), options);
  }
}

/** The fact at this position failed before: it is parked without another try. */
interface Poison {
  readonly position: number;
  readonly reason: string;
}

/** Takes one fact in; why it can not be read, if so. What `project` throws goes on as FoldFailed, or as the outage it is. */
async function fold(run: () => Promise<void>, position: number, ahead: number): Promise<string | undefined> {
  try {
    await run();
    return undefined;
  } catch (error) {
    if (error instanceof BrokenFact) return error.reason;
    if (isOutage(error) || isRace(error)) throw error;
    throw new FoldFailed(position, ahead, { cause: error });
  }
}

async function page<Family extends FactFamily>(
  store: EventStore,
  { name, families, project }: Projection<Family>,
  tx: EntityManager,
  rows: readonly Numbered[],
  results: unknown[],
  poison?: Poison,
): Promise<Step> {
  const from = await checkpointOf(tx, name);
  const due = rows.filter(({ position }) => position > from);
  const last = due.at(-1);
  if (last === undefined || !(await advance(tx, name, from, last.position)))
    return { position: from, read: 0, parked: [] };

  const waiting = new Set(await parkedStreams(tx, name));
  const parked: Numbered[] = [];
  for (const [ahead, row] of due.entries()) {
    const family = familyIn(families, row.stream);
    if (family === undefined || waiting.has(row.stream)) continue;
    const take = async () => {
      const result = await project(readFact(family, row, store.upcast), tx);
      if (result !== undefined) results.push(result);
    };
    const reason = poison?.position === row.position ? poison.reason : await fold(take, row.position, ahead);
    if (reason === undefined) continue;
    await park(tx, name, row, reason);
    waiting.add(row.stream);
    parked.push(row);
  }
  return { position: last.position, read: due.length, parked };
}

/** Moves the checkpoint from where it was read. False when another process moved it first: the page is done already. */
async function advance(tx: EntityManager, name: string, from: number, to: number): Promise<boolean> {
  await tx.query('insert into checkpoints (projection, position) values ($1, 0) on conflict do nothing', [name]);
  const [, moved] = await tx.query<[unknown, number]>(
    'update checkpoints set position = $3 where projection = $1 and position = $2',
    [name, from, to],
  );
  return moved === 1;
}
