import type { StreamName } from '@muster/contracts';
import type pg from 'pg';
import * as z from 'zod/mini';
import { Bell, pauseMs } from './bell.js';
import { connectBeside } from './database.js';
import { codeOf, Fenced, onDatabase } from './failures.js';
import { Publisher } from './publisher.js';
import type { RelayBus, RelayNotice } from './relay-notice.js';
import { type Lag, readHolder, readLag } from './lag.js';
import type { EventStore } from './store.js';

export interface RelayOptions {
  /** The streams of the bus that this store's facts go to. */
  readonly streams: readonly StreamName[];
  readonly onNotice?: (notice: RelayNotice) => void;
  /** How often to look for what was appended by another process; 250 ms unless told otherwise. */
  readonly pollMs?: number;
}

export interface Relay {
  /** Looks for new events now, not at the next turn. An append through the same EventStore does this by itself. */
  poke(): void;
  /** Whether this process numbers and publishes; another one of the same service may do so instead. */
  readonly leading: boolean;
  lag(): Promise<Lag>;
  /** Finishes what is under way, gives the lead away, and stops. What is not yet published, the next leader publishes. */
  stop(): Promise<void>;
}

const POLL_MS = 250;
const LOOK_FOR_HOLDERS_EVERY_MS = 2_000;
const PAGE = 2_000;
/** A leader says something every 250 ms. One that is held up longer than this loses its session, and with it the lead. */
const IDLE_SESSION_MS = 10_000;

const Numbered = z.object({ numbered: z.number(), last: z.coerce.number() });

/**
 * Gives every event its position, without holes and in commit order, and publishes it after that commit. One process leads:
 * it holds a lock on a connection of its own, and a token that grows with each change of leader. One that lost the lead
 * without noticing can neither number (its token is old) nor publish (the bus expects another fact before the next one).
 */
export const startRelay = (store: EventStore, bus: RelayBus, options: RelayOptions): Relay =>
  new RelayLoop(store, bus, options);

class RelayLoop implements Relay {
  leading = false;
  readonly #bell = new Bell();
  readonly #stopping = new AbortController();
  readonly #publishers: readonly Publisher[];
  readonly #watch: HolderWatch;
  readonly #pollMs: number;
  readonly #done: Promise<void>;

  constructor(
    private readonly store: EventStore,
    bus: RelayBus,
    { streams, onNotice = () => undefined, pollMs = POLL_MS }: RelayOptions,
  ) {
    this.#pollMs = pollMs;
    this.#watch = new HolderWatch(store, onNotice);
    this.#publishers = streams.map(
      (stream, index) =>
        new Publisher(store, bus, stream, { served: streams, keepsOrphans: index === 0, pollMs, onNotice }),
    );
    const off = store.onAppended(() => {
      this.poke();
    });
    this.#done = this.#run(onNotice).finally(off);
  }

  poke(): void {
    this.#bell.ring();
  }

  lag(): Promise<Lag> {
    return readLag(this.store.database, this.leading ? this.#publishers : []);
  }

  async stop(): Promise<void> {
    this.#stopping.abort();
    await this.#done;
  }

  async #run(onNotice: (notice: RelayNotice) => void): Promise<void> {
    const { signal } = this.#stopping;
    for (let failures = 0; !signal.aborted;) {
      try {
        await onDatabase(() =>
          this.#lead((token) => {
            failures = 0;
            onNotice({ notice: 'leading', token });
          }),
        );
      } catch (error) {
        failures += 1;
        if (failures === 1) onNotice({ notice: 'not-leading', error });
        await this.#bell.heard(pauseMs(failures), signal);
      }
    }
  }

  /** Waits for the lead, then leads until it is told to stop. Throws when it loses the lead. */
  async #lead(begun: (token: number) => void): Promise<void> {
    const { signal } = this.#stopping;
    const client = await connectBeside(this.store.database, 'relay', { idle_session_timeout: IDLE_SESSION_MS });
    const leading = new AbortController();
    let publishing: Promise<unknown> = Promise.resolve();
    try {
      while (!(await tryLock(client))) {
        await this.#bell.heard(POLL_MS, signal);
        if (signal.aborted) return;
      }
      const token = await takeToken(client);
      this.leading = true;
      begun(token);
      publishing = Promise.all(this.#publishers.map((publisher) => publisher.run(leading.signal)));
      while (!signal.aborted) {
        const numbered = await numberPage(client, token);
        if (numbered > 0) {
          this.store.numbered();
          for (const publisher of this.#publishers) publisher.wake();
        }
        this.#watch.look();
        if (numbered < PAGE) await this.#bell.heard(this.#pollMs, signal);
      }
    } finally {
      this.leading = false;
      leading.abort();
      await publishing;
      await client.end().catch(() => undefined);
    }
  }
}

/** Tells once of each session that holds everything back. */
class HolderWatch {
  #lookedAt = 0;
  #told: number | undefined;

  constructor(
    private readonly store: EventStore,
    private readonly onNotice: (notice: RelayNotice) => void,
  ) {}

  /** Looks beside the work, every 2 s at most. A look that fails is left out: whatever is wrong shows in the work itself. */
  look(): void {
    if (performance.now() - this.#lookedAt < LOOK_FOR_HOLDERS_EVERY_MS) return;
    this.#lookedAt = performance.now();
    readHolder(this.store.database).then(
      (by) => {
        if (by && by.pid !== this.#told) this.onNotice({ notice: 'held-up', by });
        this.#told = by?.pid;
      },
      () => undefined,
    );
  }
}

async function tryLock(client: pg.Client): Promise<boolean> {
  const { rows } = await client.query<{ locked: boolean }>(
    `select pg_try_advisory_lock(hashtextextended('muster relay ' || current_schema(), 0)) as locked`,
  );
  return rows[0]?.locked === true;
}

async function takeToken(client: pg.Client): Promise<number> {
  const { rows } = await client.query<{ token: string }>('update relay set token = token + 1 returning token');
  return Number(rows[0]?.token);
}

/** Gives the next events their positions. Throws Fenced when somebody else has taken the lead. */
export async function numberPage(client: Pick<pg.Client, 'query'>, token: number, page = PAGE): Promise<number> {
  try {
    const { rows } = await client.query('select numbered, last from number_events($1, $2)', [token, page]);
    return Numbered.parse(rows[0]).numbered;
  } catch (error) {
    throw codeOf(error) === 'MU002' ? new Fenced(token) : error;
  }
}
