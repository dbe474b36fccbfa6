import type { Batch, Bus, Stoppable } from '@muster/bus';
import type { RequestEvent } from '@muster/contracts';
import { movePlace, onDatabase, streamPlaceOf } from '@muster/event-store';
import type { Clock } from '@muster/service';
import type { DataSource, EntityManager } from 'typeorm';
import { addUp, removeCells, writeChanges } from './figures/cells.table.js';
import { LedgerMoved, readLedger, writeTotals } from './figures/ledger.table.js';
import type { Ledger } from './figures/ledger.js';
import { Recent } from './figures/recent.js';
import { emptyRun, emptyTotals } from './figures/totals.js';
import { countDelayed, endedBySecond, readStored, removeRequests, writeRequests } from './requests/requests.table.js';
import type { Tracked } from './requests/tracked.js';

/** Names the place in the stream. Another name counts everything anew that is still kept there. */
const READER = 'requests';
/** Facts of one transaction at most: with more of them at once they outlive two collections of garbage, and are moved twice. */
const MOST_AT_ONCE = 1_000;
/** How long changes of a slot wait for more before they are added up. */
const SETTLED_AFTER_MS = 15_000;
const DAY_MS = 24 * 60 * 60 * 1_000;

export interface CountingOptions {
  readonly database: DataSource;
  readonly clock: Clock;
  /** The threshold in force when nothing was counted yet. */
  readonly thresholdMs: number;
  /** Told after each commit. */
  readonly onChanged?: (requests: readonly Tracked[]) => void;
}

interface Known {
  readonly version: number;
  readonly ledger: Ledger;
}

/**
 * Counts requests in Postgres. Facts, what they led to and the place they stand for are one transaction; one after the other
 * in this process, and by the ledger's version beside any other. What fails leaves nothing, and the ledger is read anew.
 */
export class Counting {
  readonly recent = new Recent();
  #known: Known | undefined;
  #last: Promise<unknown> = Promise.resolve();
  #pending = 0;
  /** Requests that begin were kept already: facts are told again, as after a backup was restored. */
  #again = false;
  /** Facts that this process has counted, and when the last of them happened. */
  #counted = 0;
  #countedUpTo: string | undefined;

  constructor(private readonly options: CountingOptions) {}

  /** Facts that are on the bus and not counted yet, as far as is known. */
  get pending(): number {
    return this.#pending;
  }

  /** Facts that this process has counted since it started. */
  get counted(): number {
    return this.#counted;
  }

  /** How far the count is behind, in milliseconds: the age of the last fact counted while further ones wait, else 0. */
  lagMs(nowMs: number): number {
    if (this.#pending === 0 || this.#countedUpTo === undefined) return 0;
    return Math.max(0, nowMs - Date.parse(this.#countedUpTo));
  }

  /** Takes facts in from the bus until stopped. */
  take(bus: Pick<Bus, 'takeRequests'>): Stoppable {
    const { database } = this.options;
    return bus.takeRequests(
      { name: READER, most: MOST_AT_ONCE, place: () => streamPlaceOf(database, READER) },
      (batch) => this.#count(batch),
    );
  }

  /** Gives up what is still under way of these. */
  async lose(requestIds: readonly string[]): Promise<void> {
    await this.#step((_, ledger) => {
      ledger.lose(requestIds, this.options.clock.now());
    });
  }

  /** Begins to count anew what is counted since the Gateway started. Nothing changes when it is that life already. */
  async beginRun(run: string, at: string): Promise<void> {
    await this.#step(async (tx, ledger) => {
      if (ledger.totals.run.run === run) return;
      const { thresholdMs } = ledger.totals.run.delayed;
      const { of, count } = await countDelayed(tx, at, thresholdMs);
      ledger.beginRun({ ...emptyRun(run, at, thresholdMs), handled: of, delayed: { thresholdMs, count, of } });
    });
  }

  /** Counts the delayed anew, as far back as requests are kept. Nothing changes when the threshold is that one already. */
  async setThreshold(thresholdMs: number): Promise<void> {
    await this.#step(async (tx, ledger) => {
      const { run } = ledger.totals;
      if (run.delayed.thresholdMs === thresholdMs) return;
      run.delayed = { thresholdMs, ...(await countDelayed(tx, run.at, thresholdMs)) };
    });
  }

  /** Adds up what was counted in slots that are over. */
  async addUp(): Promise<void> {
    const beforeMs = Date.parse(this.options.clock.now()) - SETTLED_AFTER_MS;
    while (await this.#step((tx) => addUp(tx, beforeMs)));
  }

  /** Removes what is older than it is kept. */
  async tidy({ requestsDays, rollUpsDays }: { requestsDays: number; rollUpsDays: number }): Promise<void> {
    const nowMs = Date.parse(this.options.clock.now());
    const before = new Date(nowMs - requestsDays * DAY_MS).toISOString();
    while (await this.#step((tx) => removeRequests(tx, before)));
    await this.#step((tx) => removeCells(tx, nowMs, rollUpsDays * DAY_MS));
  }

  /** Looks at what is counted, between two transactions. */
  look<T>(at: (ledger: Ledger) => T): Promise<T> {
    return this.#inTurn(async () => {
      this.#known ??= await onDatabase(() => this.options.database.transaction((tx) => this.#read(tx)));
      return at(this.#known.ledger);
    });
  }

  async #count(batch: Batch<RequestEvent>): Promise<void> {
    await this.#step(async (tx, ledger) => {
      await movePlace(tx, READER, batch);
      // That a request which begins was kept already shows when it is written; from then on all are looked up first.
      const known = this.#again ? await this.#lookUp(tx, ledger, batch.facts) : undefined;
      const later = ledger.takeAll(batch.facts, batch.bodies, known);
      if (later.length === 0) return;
      const facts = later.flatMap((n) => batch.facts[n] ?? []);
      const stored = await this.#lookUp(tx, ledger, facts);
      for (const [n, event] of facts.entries())
        ledger.take(event, stored.get(event.data.requestId), batch.bodies[later[n] ?? -1]);
    });
    this.#pending = batch.pending;
    this.#counted += batch.facts.length;
    this.#countedUpTo = batch.facts.at(-1)?.data.at ?? this.#countedUpTo;
  }

  /** What is kept of the requests of these facts that are not under way. */
  async #lookUp(tx: EntityManager, ledger: Ledger, facts: readonly RequestEvent[]): Promise<Map<string, Tracked>> {
    const asked = new Set<string>();
    for (const { data } of facts) if (!ledger.open.has(data.requestId)) asked.add(data.requestId);
    const stored = await readStored(tx, asked);
    if (stored.size === 0) this.#again = false;
    return stored;
  }

  /** One transaction that counts. Throws an Outage while the database is away. */
  #step<T>(work: (tx: EntityManager, ledger: Ledger) => T | Promise<T>): Promise<T> {
    return this.#inTurn(async () => {
      for (let attempt = 1; ; attempt += 1) {
        try {
          return await onDatabase(() => this.#transact(work));
        } catch (error) {
          if (!(error instanceof LedgerMoved) || attempt === 3) throw error;
        }
      }
    });
  }

  async #transact<T>(work: (tx: EntityManager, ledger: Ledger) => T | Promise<T>): Promise<T> {
    const before = this.#known;
    // Until it is committed nobody knows.
    this.#known = undefined;
    const { done, known, changes } = await this.options.database.transaction(async (tx) => {
      const { version, ledger } = before ?? (await this.#read(tx));
      const done = await work(tx, ledger);
      const changes = ledger.changes();
      if ((await writeRequests(tx, changes.requests)) < changes.accepted) {
        this.#again = true;
        throw new LedgerMoved('A request that begins was kept already');
      }
      await writeChanges(tx, changes.cells);
      await writeTotals(tx, version, ledger.totals);
      return { done, changes, known: { version: version + 1, ledger } };
    });
    this.#known = known;
    const nowMs = Date.parse(this.options.clock.now());
    for (const endedMs of changes.endedMs) this.recent.record(endedMs, 1, nowMs);
    if (changes.requests.length > 0) this.options.onChanged?.(changes.requests);
    return done;
  }

  async #read(tx: EntityManager): Promise<Known> {
    const { clock, thresholdMs } = this.options;
    const now = clock.now();
    const known = await readLedger(tx, () => emptyTotals(emptyRun('', now, thresholdMs)));
    const nowMs = Date.parse(now);
    this.recent.clear();
    for (const { atMs, times } of await endedBySecond(tx, new Date(nowMs - 360_000).toISOString()))
      this.recent.record(atMs, times, nowMs);
    return known;
  }

  #inTurn<T>(work: () => Promise<T>): Promise<T> {
    const turn = this.#last.then(work);
    this.#last = turn.catch(() => undefined);
    return turn;
  }
}
