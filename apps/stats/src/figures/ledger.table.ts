import type { DataSource, EntityManager } from 'typeorm';
import * as z from 'zod/mini';
import { readOpen } from '../requests/requests.table.js';
import { readNames } from './cells.table.js';
import { Ledger } from './ledger.js';
import { Totals } from './totals.js';

type Queries = Pick<EntityManager, 'query'> | Pick<DataSource, 'query'>;

const Row = z.object({ version: z.coerce.number(), totals: Totals });

/** Somebody else has counted since the ledger was read: it is read anew, and what was to be counted is counted again. */
export class LedgerMoved extends Error {
  override readonly name = 'LedgerMoved';
}

/** The ledger as it is kept, and its version. `first` is what an empty one begins with. */
export async function readLedger(tx: Queries, first: () => Totals): Promise<{ version: number; ledger: Ledger }> {
  await tx.query('insert into ledger (version, totals) values (0, $1) on conflict do nothing', [
    JSON.stringify(first()),
  ]);
  const [row] = await tx.query<unknown[]>('select version, totals from ledger');
  const { version, totals } = Row.parse(row);
  return { version, ledger: new Ledger(totals, await readOpen(tx), await readNames(tx)) };
}

/** Keeps the totals as the version after this one. Throws LedgerMoved when the kept one is another. */
export async function writeTotals(tx: Queries, version: number, totals: Totals): Promise<void> {
  const [, moved] = await tx.query<[unknown, number]>(
    'update ledger set version = version + 1, totals = $2 where version = $1',
    [version, JSON.stringify(totals)],
  );
  if (moved !== 1) throw new LedgerMoved('Somebody else has counted meanwhile');
}
