import { type Decider, type Event, type FactFamily, type FactMeta, Refusal, streamOf } from '@muster/contracts';
import type { EntityManager } from 'typeorm';
import { type Reservation, VersionConflict } from './failures.js';
import { keepSnapshot, readFromSnapshot, type Read, type SnapshotOptions } from './snapshots.js';
import type { EventStore } from './store.js';
import { type EventOf, type FactOf, readFact, type Stored } from './stored.js';

export interface HandlerOptions<State, E> {
  /** What an event takes or gives back among the values that may exist once. `state` is the one before the event. */
  readonly reserve?: (
    event: E,
    state: State,
  ) => { readonly take?: readonly Reservation[]; readonly release?: readonly Reservation[] };
  /** Keeps the state of streams above 200 facts, so that only what came after it is read. Absent: always all of it. */
  readonly snapshot?: SnapshotOptions<State>;
}

export interface HandleOptions<E extends Event = Event> {
  /** The version that the caller has seen. Another one now is refused with `version-conflict`. */
  readonly expectedVersion?: number;
  /** Further writes in the same transaction as the append, for what was decided. Not run when that is nothing. */
  readonly within?: (tx: EntityManager, decided: readonly E[]) => Promise<void>;
}

export interface Handled<E> {
  /** The version of the aggregate now; unchanged when nothing was new. */
  readonly version: number;
  /** What was decided, `[]` when nothing was new. */
  readonly facts: readonly E[];
}

/** Whoever loses a race against another writer reads what was written and decides again; somebody wins each time. */
const MAX_TRIES = 10;

/**
 * The one command loop: read the stream, fold it, decide, append; on a conflict again. `handle` throws what the decider
 * refuses, ReservationTaken when a value is held by another aggregate, and BrokenFact when the history cannot be read.
 * The same `meta.commandId` again returns the first result, whatever has become of the aggregate since.
 */
export function handlerFor<Family extends FactFamily, State, Command>(
  store: EventStore,
  family: Family,
  decider: Decider<State, Command, EventOf<Family>>,
  { reserve, snapshot }: HandlerOptions<State, EventOf<Family>> = {},
) {
  type E = EventOf<Family>;
  const factOf = (event: Stored): FactOf<Family> => readFact(family, event, store.upcast);

  async function read(stream: string, commandId: string): Promise<Read<State>> {
    if (snapshot) return readFromSnapshot(store.database, stream, snapshot, commandId);
    return { baseline: undefined, facts: (await store.read(stream)).facts, earlier: [] };
  }

  return async function handle(
    id: string,
    command: Command,
    meta: FactMeta,
    { expectedVersion, within }: HandleOptions<E> = {},
  ): Promise<Handled<E>> {
    const stream = streamOf(family, id);
    for (let tries = 1; ; tries += 1) {
      const { baseline, facts: stored, earlier } = await read(stream, meta.commandId);
      const facts = stored.map(factOf);
      const version = facts.at(-1)?.version ?? baseline?.version ?? 0;
      const before = [...earlier.map(factOf), ...facts.filter((fact) => fact.meta.commandId === meta.commandId)];
      const last = before.at(-1);
      if (last) return { version: last.version, facts: before };
      if (expectedVersion !== undefined && expectedVersion !== version) throw outdated(version);

      const state = facts.reduce<State>(
        (folded, fact: FactOf<Family>) => decider.evolve(folded, fact),
        baseline ? baseline.state : decider.initial,
      );
      if (snapshot)
        await keepSnapshot(store.database, stream, snapshot, { state, version, since: baseline?.version ?? 0 });
      const decided = decider.decide(command, state);
      if (decided.length === 0) return { version, facts: [] };
      try {
        const reservations = reserve ? reservationsOf(decider, state, decided, reserve) : {};
        const appended = await store.append(stream, version, decided, meta, {
          ...reservations,
          ...(within ? { within: (tx) => within(tx, decided) } : {}),
        });
        if (!appended.repeated) return { version: appended.version, facts: decided };
        // The same command was quicker on another way: the next turn finds what came of it.
      } catch (error) {
        if (!(error instanceof VersionConflict)) throw error;
        if (expectedVersion !== undefined || tries === MAX_TRIES) throw outdated(error.current);
      }
    }
  };
}

const outdated = (currentVersion: number): Refusal => new Refusal('version-conflict', { currentVersion });

/** What all events together take and give back: of the same value the last word counts. */
function reservationsOf<State, Command, E extends { type: string; data: object }>(
  decider: Decider<State, Command, E>,
  before: State,
  events: readonly E[],
  reserve: NonNullable<HandlerOptions<State, E>['reserve']>,
): { take: Reservation[]; release: Reservation[] } {
  const words = new Map<string, { reservation: Reservation; taken: boolean }>();
  let state = before;
  for (const event of events) {
    const { take = [], release = [] } = reserve(event, state);
    for (const reservation of release) words.set(nameOf(reservation), { reservation, taken: false });
    for (const reservation of take) words.set(nameOf(reservation), { reservation, taken: true });
    state = decider.evolve(state, event);
  }
  const all = [...words.values()];
  return {
    take: all.filter(({ taken }) => taken).map(({ reservation }) => reservation),
    release: all.filter(({ taken }) => !taken).map(({ reservation }) => reservation),
  };
}

const nameOf = ({ kind, key }: Reservation): string => JSON.stringify([kind, key]);
