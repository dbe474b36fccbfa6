import {
  type Batch,
  type Bus,
  type FactBatch,
  PlaceMoved,
  type Stoppable,
  type StreamPlace,
  type TakeOptions,
} from '@muster/bus';
import type { FactFamily } from '@muster/contracts';
import type { DataSource, EntityManager } from 'typeorm';
import * as z from 'zod/mini';
import { onDatabase } from './failures.js';

/** A read model of facts that another service tells: how a stream of the bus fills its tables. */
export interface StreamProjection<Family extends FactFamily> {
  /** Names its place in the stream. Another name begins anew with the first fact that is kept. */
  readonly name: string;
  readonly family: Family;
  /** Takes in facts that follow one another. Writes through `tx` alone; not called without facts. */
  project(facts: FactBatch<Family>['facts'], tx: EntityManager, batch: FactBatch<Family>): Promise<unknown>;
  /** How many facts go into one transaction at most; 500 unless told otherwise. */
  readonly most?: number;
  readonly deadLetter?: NonNullable<TakeOptions['deadLetter']>;
  /** Told after each commit, once for each batch. */
  readonly onTaken?: (batch: FactBatch<Family>) => void;
}

const Row = z.object({ life: z.string(), sequence: z.coerce.number() });

const placeIn = (row: unknown): StreamPlace | undefined => {
  if (row === undefined) return undefined;
  const place = Row.parse(row);
  return place.life === '' ? undefined : place;
};

/** How far a read model has come in its stream; undefined before the first fact. */
export async function streamPlaceOf(
  database: Pick<DataSource, 'query'>,
  name: string,
): Promise<StreamPlace | undefined> {
  const rows = await onDatabase(() =>
    database.query<unknown[]>('select life, sequence from stream_places where reader = $1', [name]),
  );
  return placeIn(rows[0]);
}

/**
 * Fills a read model from the bus. What the facts do and the place that the tables then stand for are one transaction, which
 * begins only where that place is: each fact takes effect once, by however many processes it is read and however often. For
 * failures see `Bus.takeFacts`.
 */
export const startStreamProjection = <Family extends FactFamily>(
  bus: Pick<Bus, 'takeFacts'>,
  database: DataSource,
  { name, family, project, onTaken, ...options }: StreamProjection<Family>,
): Stoppable =>
  bus.takeFacts(family, { ...options, name, place: () => streamPlaceOf(database, name) }, async (batch) => {
    await onDatabase(() =>
      database.transaction(async (tx) => {
        await movePlace(tx, name, batch);
        if (batch.facts.length > 0) await project(batch.facts, tx, batch);
      }),
    );
    onTaken?.(batch);
  });

/** Moves the place, which nobody else can do then until the transaction ends. Throws PlaceMoved when it is not where the facts begin. */
export async function movePlace(
  tx: EntityManager,
  name: string,
  { from, to }: Pick<Batch<unknown>, 'from' | 'to'>,
): Promise<void> {
  await tx.query(`insert into stream_places (reader, life, sequence) values ($1, '', 0) on conflict do nothing`, [
    name,
  ]);
  const [, moved] = await tx.query<[unknown, number]>(
    'update stream_places set life = $4, sequence = $5 where reader = $1 and life = $2 and sequence = $3',
    [name, from?.life ?? '', from?.sequence ?? 0, to.life, to.sequence],
  );
  if (moved !== 1) throw new PlaceMoved(name);
}
