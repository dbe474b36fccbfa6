import type pg from 'pg';
import type { DataSource } from 'typeorm';
import { Bell, pauseMs } from './bell.js';
import { connectBeside } from './database.js';
import { onDatabase } from './failures.js';

/** What only one process of a service does at a time. */
export interface Led {
  stop(): Promise<void>;
}

/** The leader's hold on its lead, for work that must not be done by one who has lost it without noticing. */
export interface Hold {
  /** Asks the database at this moment. False when somebody else may lead by now, or the database does not answer. */
  stands(): Promise<boolean>;
}

export interface LeadOptions {
  /** Names what is led within the service's schema. */
  readonly name: string;
  readonly begin: (hold: Hold) => Led;
  /** Calls when this process begins and ceases to lead. */
  readonly onChange: (leading: boolean) => void;
}

/** How often whoever does not lead tries to, and how often the leader sees to it that it does. */
const LOOK_EVERY_MS = 500;
/** A leader that is held up longer than this loses its session, and with it the lead. */
const IDLE_SESSION_MS = 10_000;

/**
 * Has one process of a service do what must not be done by two. It holds a lock on a connection of its own: when it ends, in
 * whatever way, the database gives the lock to another one within a second; when it is held up, after 10 s.
 */
export class Lead implements Led {
  leading = false;
  readonly #stopping = new AbortController();
  readonly #bell = new Bell();
  readonly #done: Promise<void>;

  constructor(
    private readonly database: DataSource,
    private readonly options: LeadOptions,
  ) {
    this.#done = this.#run();
  }

  async stop(): Promise<void> {
    this.#stopping.abort();
    await this.#done;
  }

  async #run(): Promise<void> {
    const { signal } = this.#stopping;
    for (let failures = 0; !signal.aborted;) {
      try {
        await onDatabase(() => this.#lead(() => (failures = 0)));
      } catch {
        // That the database is away is said by whoever reads and writes there.
        failures += 1;
        await this.#bell.heard(pauseMs(failures), signal);
      }
    }
  }

  /** Waits for the lead, then leads until it is told to stop. Throws when it loses the lead. */
  async #lead(begun: () => void): Promise<void> {
    const { signal } = this.#stopping;
    const client = await connectBeside(this.database, `lead ${this.options.name}`, {
      idle_session_timeout: IDLE_SESSION_MS,
    });
    let led: Led | undefined;
    try {
      while (!(await this.#tryLock(client))) {
        await this.#bell.heard(LOOK_EVERY_MS, signal);
        if (signal.aborted) return;
      }
      begun();
      led = this.options.begin({
        stands: () =>
          client.query('select 1').then(
            () => true,
            () => false,
          ),
      });
      this.leading = true;
      this.options.onChange(true);
      while (!signal.aborted) {
        await this.#bell.heard(LOOK_EVERY_MS, signal);
        await client.query('select 1');
      }
    } finally {
      await led?.stop();
      if (this.leading) this.options.onChange(false);
      this.leading = false;
      await client.end().catch(() => undefined);
    }
  }

  async #tryLock(client: pg.Client): Promise<boolean> {
    const { rows } = await client.query<{ locked: boolean }>(
      `select pg_try_advisory_lock(hashtextextended('muster lead ' || current_schema() || ' ' || $1, 0)) as locked`,
      [this.options.name],
    );
    return rows[0]?.locked === true;
  }
}
