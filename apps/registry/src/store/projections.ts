import type { Bus, Stoppable } from '@muster/bus';
import { factFamilies } from '@muster/contracts';
import {
  type EventStore,
  isOutage,
  projection,
  type Projections,
  type Rebuildable,
  type Retried,
  retryParked,
  startForeignProjection,
  startProjections,
} from '@muster/event-store';
import { replayAccounts } from '../accounts/accounts.table.js';
import {
  healthHistory,
  monitorFacts,
  type OnGrown,
  ownHistory,
  rebuiltHistory,
} from '../history/history.projections.js';

export interface ProjectionsWorld {
  readonly store: EventStore;
  readonly bus: Bus;
  readonly newId: () => string;
  readonly onGrown: OnGrown;
  readonly onParked: (projection: string, stream: string) => void;
  /** Told at the first failure of a row. */
  readonly onFailure: (projection: string, error: unknown) => void;
}

/** The registry's read models behind the facts, kept up to date. */
export class RegistryProjections implements Stoppable {
  readonly #own: Projections;
  readonly #health: Stoppable;
  /** What tries a parked stream again, by projection. */
  readonly retries: Readonly<Record<string, (stream: string) => Promise<Retried>>>;

  constructor({ store, bus, newId, onGrown, onParked, onFailure }: ProjectionsWorld) {
    const own = ownHistory(onGrown);
    const health = healthHistory(onGrown);
    const owner = monitorFacts(bus, newId);
    this.#own = startProjections(store, [own], {
      onParked: (name, { stream }) => onParked(name, stream),
      onFailure: (name, error) => {
        // The database being away is told by whoever lost a connection.
        if (!isOutage(error)) onFailure(name, error);
      },
    });
    this.#health = startForeignProjection(bus, store, health, {
      family: factFamilies.health,
      owner,
      onParked: (name, { stream }) => onParked(name, stream),
    });
    this.retries = {
      [own.name]: (stream) => retryParked(store, own, stream),
      [health.name]: (stream) => retryParked(store, health, stream, owner.waiting),
    };
  }

  /** Resolves when the registry's own facts until now are in the timeline. Rejects with an Outage after 5 s. */
  caughtUp(): Promise<void> {
    return this.#own.caughtUp();
  }

  async stop(): Promise<void> {
    await Promise.all([this.#own.stop(), this.#health.stop()]);
  }
}

/** The list of accounts, which is written with the facts themselves. */
const accounts = projection('accounts', factFamilies.account, replayAccounts, {
  tables: ['accounts'],
});

/** Every read model of the registry that facts alone make, by its name. */
export const rebuildables = (bus: Bus, newId: () => string): readonly Rebuildable[] => [
  rebuiltHistory(bus, newId),
  { name: 'accounts', filled: 'with-append', lanes: [{ projected: accounts }] },
];
