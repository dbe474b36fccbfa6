import type { Bus, Stoppable, StreamPlace } from '@muster/bus';
import { type Fact, type FactFamily, Outage, SCHEMA_VERSION } from '@muster/contracts';
import * as z from 'zod/mini';
import { onDatabase } from './failures.js';
import type { Numbered } from './feed.js';
import { checkpointOf, PAGE, type Projection, takeIn } from './projection.js';
import type { ReadFacts } from './rebuild.js';
import type { ReadWaiting } from './retry-parked.js';
import type { EventStore } from './store.js';
import { streamPlaceOf } from './stream-projection.js';

/** The service that keeps facts for ever, as its orders give them: also those that the bus has no more. */
export interface Owner {
  /** Throws an Outage when it does not answer. */
  readonly after: ReadFacts;
  readonly waiting: ReadWaiting;
}

export interface ForeignOptions {
  /** The family of the bus whose facts these are; all that its service's store numbers. */
  readonly family: FactFamily;
  readonly owner: Owner;
  /** A stream could not go on: somebody should look at it. */
  readonly onParked?: (projection: string, fact: Numbered) => void;
}

/** A row as another service tells it. */
export const foreignRow = (fact: Omit<Numbered, 'schemaVersion'>): Numbered => ({
  ...fact,
  schemaVersion: SCHEMA_VERSION,
});

/** Reads the facts as they are: what cannot be read as one parks its stream, as in a projection of the store's own facts. */
const asTheyAre = (family: FactFamily): FactFamily => ({
  ...family,
  schema: z.looseObject({ type: z.string(), data: z.unknown() }),
});

/**
 * Keeps a projection of another service's facts up to date from the bus. Their positions are dense in the owner's store: where
 * one is missing, because the bus lost it or has let it go with its age, the owner is asked for what comes between, and
 * until it answers nothing later is taken in. So is it once at the start, for facts that are too old to be on the bus.
 */
export function startForeignProjection(
  bus: Pick<Bus, 'takeFacts'>,
  store: EventStore,
  projected: Projection,
  { family, owner, onParked }: ForeignOptions,
): Stoppable {
  const { database } = store;
  const { name } = projected;
  let caughtUp = false;

  const take = async (rows: readonly Numbered[]) => {
    for (let left = rows; left.length > 0;) {
      const step = await takeIn(store, projected, left);
      for (const fact of step.parked) onParked?.(name, fact);
      const now = step.read === 0 ? await onDatabase(() => checkpointOf(database, name)) : step.position;
      left = left.filter(({ position }) => position > now);
    }
  };
  /** Takes in what the owner has after the checkpoint, up to this position where given. */
  const fill = async (upTo = Number.MAX_SAFE_INTEGER) => {
    for (;;) {
      const from = await onDatabase(() => checkpointOf(database, name));
      if (from >= upTo) return;
      const rows = await owner.after(from, PAGE);
      if (rows.length === 0 && upTo !== Number.MAX_SAFE_INTEGER)
        throw new Outage(
          family.service,
          `The facts ${from + 1} to ${upTo} are neither on the bus nor with their owner`,
        );
      if (rows.length === 0) return;
      await take(rows);
    }
  };

  return bus.takeFacts(
    asTheyAre(family),
    {
      name,
      most: PAGE,
      place: async () => {
        if (!caughtUp)
          await fill().then(
            () => (caughtUp = true),
            // Without its owner what is on the bus can still be taken in, as far as nothing is missing.
            (error: unknown) => {
              if (!(error instanceof Outage)) throw error;
            },
          );
        return streamPlaceOf(database, name);
      },
    },
    async ({ facts, to }) => {
      for (const run of withoutHoles(facts.map((fact) => foreignRow(numberedOf(fact))))) {
        await fill((run[0]?.position ?? 1) - 1);
        await take(run);
      }
      // Only where to begin to read: whether a fact is taken in, the checkpoint says.
      await notePlace(store, name, to);
    },
  );
}

/** Rows in runs, each of which leaves no position out. */
function withoutHoles(rows: readonly Numbered[]): Numbered[][] {
  const runs: Numbered[][] = [];
  for (const row of rows) {
    const run = runs.at(-1);
    if (run?.at(-1)?.position === row.position - 1) run.push(row);
    else runs.push([row]);
  }
  return runs;
}

const numberedOf = ({ id, stream, version, position, at, type, data, meta }: Fact) => ({
  ...{ id, stream, version, position, at, type, data, meta },
});

const notePlace = ({ database }: EventStore, name: string, { life, sequence }: StreamPlace): Promise<unknown> =>
  onDatabase(() =>
    database.query(
      `insert into stream_places (reader, life, sequence) values ($1, $2, $3)
       on conflict (reader) do update set life = excluded.life, sequence = excluded.sequence`,
      [name, life, sequence],
    ),
  );
