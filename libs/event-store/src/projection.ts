import { type FactFamily, streamOf } from '@muster/contracts';
import type { EntityManager } from 'typeorm';
import { BrokenFact, isOutage, isRace, onDatabase } from './failures.js';
import { readNumbered } from './feed.js';
import { park, parkedStreams } from './parked.js';
import type { EventStore } from './store.js';
import { type FactOf, readFact, type Stored } from './stored.js';

/** A read model: how the facts of one family fill its tables. */
export interface Projection<Family extends FactFamily = FactFamily> {
  /** Names its checkpoint. Another name begins anew from the first fact. */
  readonly name: string;
  readonly family: Family;
  project(fact: FactOf<Family>, tx: EntityManager): Promise<unknown>;
  /** All tables that it writes to, by the names they have in the database: what a rebuild fills anew. */
  readonly tables: readonly string[];
}

/**
 * Declares a read model. `project` writes through `tx` alone: its writes and the checkpoint are one transaction, so each
 * fact takes effect once however often it is read. `tables` is needed for a rebuild.
 */
export const projection = <Family extends FactFamily>(
  name: string,
  family: Family,
  project: (fact: FactOf<Family>, tx: EntityManager) => Promise<unknown>,
  { tables = [] }: { tables?: readonly string[] } = {},
): Projection<Family> => ({ name, family, project, tables });

const PAGE = 200;

export interface Step {
  /** How far it has come. */
  readonly position: number;
  /** How many facts were looked at; a full page means that more may be there. */
  readonly read: number;
  readonly parked: readonly Stored[];
}

/** The position up to which a projection has taken facts in; 0 before the first. */
export async function checkpointOf(tx: Pick<EntityManager, 'query'>, name: string): Promise<number> {
  const [row] = await tx.query<{ position: string }[]>('select position from checkpoints where projection = $1', [
    name,
  ]);
  return Number(row?.position ?? 0);
}

/**
 * Takes in the next page of facts, up to `until` when given. Facts and checkpoint move in one transaction, and a checkpoint
 * that another process has moved in the meantime undoes the whole step. A fact that cannot be read, or that `project` fails
 * on, parks its stream: its later facts wait with it, others go on. Throws an Outage when the database is away.
 */
export async function takeStep<Family extends FactFamily>(
  store: EventStore,
  projected: Projection<Family>,
  { side, until = Number.MAX_SAFE_INTEGER }: { side?: string; until?: number } = {},
): Promise<Step> {
  const attempt = (limit: number, poison?: { position: number; reason: string }) =>
    onDatabase(() =>
      store.database.transaction(async (tx) => {
        if (side !== undefined)
          await tx.query(`select set_config('search_path', $1 || ',' || current_schema(), true)`, [side]);
        return page(store, projected, tx, { limit, until, ...(poison ? { poison } : {}) });
      }),
    );
  try {
    return await attempt(PAGE);
  } catch (error) {
    if (!(error instanceof FoldFailed)) throw error;
    // What came before it is taken in first; then it is parked, unless it passes now.
    if (error.ahead > 0) return attempt(error.ahead);
    return attempt(1, { position: error.position, reason: error.message });
  }
}

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

/** Whether a stream holds facts of the family. A stream of no family at all belongs to none. */
const belongs = (family: FactFamily, stream: string): boolean => stream.startsWith(streamOf(family, ''));

/** Takes one fact in; why it can not be read, if so. What `project` throws goes on as FoldFailed, or as the outage it is. */
async function fold(run: () => Promise<unknown>, position: number, ahead: number): Promise<string | undefined> {
  try {
    await run();
    return undefined;
  } catch (error) {
    if (error instanceof BrokenFact) return error.reason;
    if (isOutage(error) || isRace(error)) throw error;
    throw new FoldFailed(position, ahead, { cause: error });
  }
}

interface PageOptions {
  readonly limit: number;
  readonly until: number;
  /** The fact at this position failed before: it is parked without another try. */
  readonly poison?: { readonly position: number; readonly reason: string };
}

async function page<Family extends FactFamily>(
  store: EventStore,
  { name, family, project }: Projection<Family>,
  tx: EntityManager,
  { limit, until, poison }: PageOptions,
): Promise<Step> {
  const from = await checkpointOf(tx, name);
  const rows = (await readNumbered(tx, from, limit)).filter(({ position }) => position <= until);
  const last = rows.at(-1);
  if (last === undefined || !(await advance(tx, name, from, last.position)))
    return { position: from, read: 0, parked: [] };

  const waiting = new Set(await parkedStreams(tx, name));
  const parked: Stored[] = [];
  for (const [ahead, row] of rows.entries()) {
    if (!belongs(family, row.stream) || waiting.has(row.stream)) continue;
    const reason =
      poison?.position === row.position
        ? poison.reason
        : await fold(() => project(readFact(family, row, store.upcast), tx), row.position, ahead);
    if (reason === undefined) continue;
    await park(tx, name, row, reason);
    waiting.add(row.stream);
    parked.push(row);
  }
  return { position: last.position, read: rows.length, parked };
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
