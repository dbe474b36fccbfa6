import { Grouping } from '@muster/contracts';
import type { DataSource, EntityManager } from 'typeorm';
import * as z from 'zod/mini';
import { Cell, StoredCell } from './cell.js';
import type { CellChange } from './ledger.js';
import { type Level, levelNames, levels, slotOf } from './levels.js';
import { KnownNames, type Scope, scopesOf, scopeKey } from './scope.js';

type Queries = Pick<EntityManager, 'query'> | Pick<DataSource, 'query'>;

/** In the place of a grouping: a change that is to be added to its cell of each. Older releases noted one change for each. */
const TOGETHER = 'together';
const Ids = z.tuple([z.string(), z.string(), z.string()]);

const Slot = z.coerce.number();
const By = z.union([Grouping, z.literal(TOGETHER)]);
// Compiled: each holds hundreds of numbers.
const ChangeRow = z.compile(z.object({ slot: Slot, by: By, id: z.string(), cell: StoredCell }));
const CellRow = z.compile(
  z.object({
    level: z.enum(levelNames as [Level, ...Level[]]),
    ...{ slot: Slot, by: Grouping, id: z.string(), cell: StoredCell },
  }),
);

/** Notes what is to be added to the cells, beside the facts that it comes from. */
export async function writeChanges(tx: Queries, changes: readonly CellChange[]): Promise<void> {
  if (changes.length === 0) return;
  const rows = changes.map(({ slotMs, together: { node, model, key }, cell }) => ({
    ...{ slot: slotMs, by: TOGETHER, id: JSON.stringify([node, model, key]), cell: cell.stored() },
  }));
  await tx.query(
    `insert into cell_changes (slot, by, id, cell)
     select * from json_to_recordset($1::json) as r(slot bigint, by text, id text, cell json)`,
    [JSON.stringify(rows)],
  );
}

/** The scopes of a change, by its grouping and id. */
function scopesIn({ by, id }: { by: z.infer<typeof By>; id: string }): Scope[] {
  if (by !== TOGETHER) return [{ by, id }];
  const [node, model, key] = Ids.parse(JSON.parse(id));
  return scopesOf({ node, model, key });
}

/** So many changes are added up in one transaction. */
const ADDED_AT_ONCE = 5_000;

/** Adds changes up into the cells of every level, those of slots before this moment; true when more are left. */
export async function addUp(tx: Queries, beforeMs: number): Promise<boolean> {
  const [taken] = await tx.query<[unknown[], number]>(
    `delete from cell_changes where change in (
       select change from cell_changes where slot < $1 order by change limit $2) returning slot, by, id, cell`,
    [beforeMs, ADDED_AT_ONCE],
  );
  const sums = new Map<string, Sum>();
  for (const row of taken) {
    const { slot, by, id, cell: stored } = ChangeRow.parse(row);
    const cell = Cell.from(stored);
    for (const scope of scopesIn({ by, id })) sumIn(sums, { level: FINEST, slot, ...scope }).merge(cell);
  }
  for (const { slot: fineSlot, by, id, sum } of [...sums.values()])
    for (const level of levelNames)
      if (level !== FINEST) sumIn(sums, { level, slot: slotOf(level, fineSlot), by, id }).merge(sum);
  const places = JSON.stringify([...sums.values()].map(({ level, slot, by, id }) => ({ level, slot, by, id })));
  const known = await tx.query<unknown[]>(
    `select c.level, c.slot, c.by, c.id, c.cell from cells c
       join json_to_recordset($1::json) as r(level text, slot bigint, by text, id text) using (level, slot, by, id)`,
    [places],
  );
  for (const row of known) {
    const { level, slot, by, id, cell } = CellRow.parse(row);
    sumIn(sums, { level, slot, by, id }).merge(Cell.from(cell));
  }
  const rows = [...sums.values()].map(({ sum, ...place }) => ({ ...place, cell: sum.stored() }));
  await tx.query(
    `insert into cells (level, slot, by, id, cell)
     select * from json_to_recordset($1::json) as r(level text, slot bigint, by text, id text, cell json)
     on conflict (level, slot, by, id) do update set cell = excluded.cell`,
    [JSON.stringify(rows)],
  );
  return taken.length === ADDED_AT_ONCE;
}

/** The changes are of the slots of this one. */
const FINEST = '10s';

interface CellPlace extends Scope {
  readonly level: Level;
  readonly slot: number;
}

type Sum = CellPlace & { readonly sum: Cell };

function sumIn(sums: Map<string, Sum>, place: CellPlace): Cell {
  const key = `${place.level} ${place.slot} ${scopeKey(place)}`;
  const known = sums.get(key);
  if (known !== undefined) return known.sum;
  const sum = new Cell();
  sums.set(key, { ...place, sum });
  return sum;
}

/** Removes cells that are older than their level is kept; the hours for at least so long. */
export async function removeCells(tx: Queries, nowMs: number, hoursKeptMs: number): Promise<void> {
  for (const level of levelNames) {
    const keptMs = level === '1h' ? Math.max(hoursKeptMs, levels[level].keptMs) : levels[level].keptMs;
    if (!Number.isFinite(keptMs)) continue;
    await tx.query('delete from cells where level = $1 and slot < $2', [level, nowMs - keptMs]);
  }
}

/** The ids that have a name of their own so far. */
export async function readNames(tx: Queries): Promise<KnownNames> {
  const rows = await tx.query<unknown[]>(
    `select by, id from cells where level = 'all' union select by, id from cell_changes`,
  );
  const names = new KnownNames();
  for (const row of rows)
    for (const scope of scopesIn(z.object({ by: By, id: z.string() }).parse(row))) names.add(scope);
  return names;
}

/** More cells than this make one answer too dear: the newest are read, and it is told that there are more. */
const MOST_READ = 50_000;

export interface CellsRead {
  readonly cells: readonly { readonly slotMs: number; readonly id: string; readonly cell: Cell }[];
  readonly more: boolean;
}

/** The cells of a level from one slot on, changes that are not added up yet among them; several of one slot and id are to be merged. */
export async function readCells(tx: Queries, level: Level, fromMs: number, by: Grouping): Promise<CellsRead> {
  const rows = await tx.query<unknown[]>(
    `select slot, by, id, cell from cells where level = $1 and slot >= $2 and by = $3
      union all select slot, by, id, cell from cell_changes where slot >= $2 and by in ($3, '${TOGETHER}')
      order by slot desc limit $4`,
    [level, fromMs, by, MOST_READ],
  );
  const cells = rows.flatMap((row) => {
    const { slot, by: of, id, cell: stored } = ChangeRow.parse(row);
    const cell = Cell.from(stored);
    const own = scopesIn({ by: of, id }).filter((scope) => scope.by === by);
    return own.map((scope) => ({ slotMs: slotOf(level, slot), id: scope.id, cell }));
  });
  return { cells, more: rows.length === MOST_READ };
}
