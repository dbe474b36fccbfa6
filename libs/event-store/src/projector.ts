import { Outage } from '@muster/contracts';
import { Bell, pauseMs } from './bell.js';
import { onDatabase } from './failures.js';
import { checkpointOf, type Projection, type Step, takeStep } from './projection.js';
import type { EventStore } from './store.js';
import type { Stored } from './stored.js';

/** Without a word from the relay of this process, the table is looked at so often. */
const POLL_MS = 250;

export interface ProjectionsOptions {
  /** A stream could not go on: somebody should look at it. */
  readonly onParked?: (projection: string, fact: Stored) => void;
  /** A step failed. It is tried again, after 0.1 to 5 s. */
  readonly onFailure?: (projection: string, error: unknown) => void;
}

export interface Projections {
  /**
   * Resolves when every projection has taken in all that was committed before this call, or up to a position. Rejects with an
   * Outage after `withinMs` (5 s unless told otherwise).
   */
  caughtUp(position?: number, options?: { withinMs?: number }): Promise<void>;
  /** How far each has come. */
  positions(): ReadonlyMap<string, number>;
  /** Finishes the steps at hand and takes no more. */
  stop(): Promise<void>;
}

/** Keeps read models up to date: one loop each, so that one that is slow or fails holds up no other. */
export function startProjections(
  store: EventStore,
  projections: readonly Projection[],
  options: ProjectionsOptions = {},
): Projections {
  const loops = projections.map((each) => new Loop(store, each, options));
  return {
    async caughtUp(position, { withinMs = 5_000 } = {}) {
      const deadline = performance.now() + withinMs;
      const target = position ?? (await numberedBy(store, deadline));
      await Promise.all(loops.map((loop) => loop.reached(target, deadline)));
    },
    positions: () => new Map(loops.map((loop) => [loop.name, loop.position])),
    stop: async () => {
      await Promise.all(loops.map((loop) => loop.stop()));
    },
  };
}

/** The position of the last event that is committed now, once the relay has given it. */
async function numberedBy(store: EventStore, deadline: number): Promise<number> {
  const read = <T>(sql: string) => onDatabase(() => store.database.query<T[]>(sql));
  const [newest] = await read<{ stream_id: string; version: number }>(
    `select e.stream_id, e.version from events e, relay r where (e.epoch, e.xid, e.pos) > (r.epoch, r.xid, r.pos)
     order by e.epoch desc, e.xid desc, e.pos desc limit 1`,
  );
  const bell = new Bell();
  const off = store.onNumbered(() => {
    bell.ring();
  });
  try {
    for (;;) {
      const [row] = newest
        ? await onDatabase(() =>
            store.database.query<{ position: string | null }[]>(
              'select position from events where stream_id = $1 and version = $2',
              [newest.stream_id, newest.version],
            ),
          )
        : await read<{ position: string | null }>('select position from relay');
      if (row?.position != null) return Number(row.position);
      const leftMs = deadline - performance.now();
      if (leftMs <= 0) throw behind();
      await bell.heard(Math.min(leftMs, POLL_MS));
    }
  } finally {
    off();
  }
}

const behind = (): Outage => new Outage('projections', 'The read models have not caught up in time');

class Loop {
  position = 0;
  readonly #bell = new Bell();
  readonly #moved = new Bell();
  readonly #stopping = new AbortController();
  readonly #done: Promise<void>;

  constructor(
    private readonly store: EventStore,
    private readonly projected: Projection,
    private readonly options: ProjectionsOptions,
  ) {
    const off = store.onNumbered(() => {
      this.#bell.ring();
    });
    this.#done = this.#run().finally(off);
  }

  get name(): string {
    return this.projected.name;
  }

  async reached(position: number, deadline: number): Promise<void> {
    while (this.position < position) {
      const leftMs = deadline - performance.now();
      if (leftMs <= 0 || this.#stopping.signal.aborted) throw behind();
      this.#bell.ring();
      await this.#moved.heard(Math.min(leftMs, POLL_MS));
    }
  }

  async stop(): Promise<void> {
    this.#stopping.abort();
    await this.#done;
  }

  async #run(): Promise<void> {
    const { signal } = this.#stopping;
    for (let failures = 0; !signal.aborted;) {
      try {
        const step = await this.#step();
        failures = 0;
        if (step.read === 0) await this.#bell.heard(POLL_MS, signal);
      } catch (error) {
        this.options.onFailure?.(this.name, error);
        failures += 1;
        await this.#bell.heard(pauseMs(failures), signal);
      }
    }
  }

  async #step(): Promise<Step> {
    const step = await takeStep(this.store, this.projected);
    // Another process may have moved the checkpoint: then nothing was read, and the place is where it is now.
    this.position = step.read === 0 ? await checkpointOf(this.store.database, this.name) : step.position;
    this.#moved.ring();
    for (const fact of step.parked) this.options.onParked?.(this.name, fact);
    return step;
  }
}
