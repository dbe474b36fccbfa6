import type { LogEntry, LoadPoint } from '@muster/contracts';
import type { DataSource } from 'typeorm';
import { type KeptFlow, readFlows, writeFlows } from './flows.table.js';
import { insertEntries, trimLog } from './log.table.js';
import { trimMinutes, upsertMinutes } from './minutes.table.js';

/** What is new of one node since it was kept last. */
export interface Unkept {
  readonly nodeId: string;
  readonly token: number;
  readonly flow: KeptFlow;
  readonly entries: readonly LogEntry[];
  readonly minutes: readonly LoadPoint[];
}

/** Whatever has something to keep. `kept` is told once it is in the database; until then it holds on to it, within its bound. */
export interface Keeps {
  unkept(nowMs: number): Unkept | undefined;
  kept(unkept: Unkept): void;
}

/** How long what is kept stays. */
export interface Retention {
  readonly logDays: number;
  readonly logEntriesPerNode: number;
  readonly minutesDays: number;
}

export interface KeeperOptions {
  readonly database: DataSource;
  readonly wallMs: () => number;
  readonly retention: () => Retention;
  /** It can not be written at the moment; undefined once it can again. */
  readonly onTrouble: (error: unknown) => void;
}

const KEEP_EVERY_MS = 1_000;
const TRIM_EVERY_MS = 10 * 60_000;

/**
 * Keeps what the monitor has of samples and logs in its database, once a second and for all nodes in one transaction: how far
 * a flow was taken in stands beside what was taken in, so that after a kill the rest is fetched from the node again and nothing
 * is there twice.
 */
export class TelemetryKeeper {
  #timers: NodeJS.Timeout[] = [];
  #keeping: Promise<void> = Promise.resolve();
  #asked = new Map<string, ((flow: KeptFlow | undefined) => void)[]>();
  #asking: NodeJS.Immediate | undefined;
  #isInTrouble = false;

  constructor(private readonly options: KeeperOptions) {}

  /** Begins to keep what these have, whichever they are at the time. */
  start(all: () => Iterable<Keeps>): void {
    let isBusy = false;
    const keep = () => {
      if (isBusy) return;
      isBusy = true;
      this.#keeping = this.keep(all()).finally(() => {
        isBusy = false;
      });
    };
    const trim = () => void this.trim().catch((error: unknown) => this.#trouble(error));
    this.#timers = [setInterval(keep, KEEP_EVERY_MS), setInterval(trim, TRIM_EVERY_MS)];
  }

  /** Resolves when the last of it is written, or could not be. */
  async stop(all: Iterable<Keeps>): Promise<void> {
    for (const timer of this.#timers) clearInterval(timer);
    await this.#keeping;
    await this.keep(all);
  }

  /**
   * How far the flow of a node was taken in; undefined for one that is new. Those asked for at one time go in one question.
   * Never rejects: it is asked again until it is answered.
   */
  flowOf(nodeId: string): Promise<KeptFlow | undefined> {
    return new Promise((resolve) => {
      this.#asked.set(nodeId, [...(this.#asked.get(nodeId) ?? []), resolve]);
      this.#asking ??= setImmediate(() => void this.#ask());
    });
  }

  /** Writes what is new, in one transaction. What could not be written stays with whoever has it. */
  async keep(all: Iterable<Keeps>): Promise<void> {
    const nowMs = this.options.wallMs();
    const batch = [...all].flatMap((each) => {
      const unkept = each.unkept(nowMs);
      return unkept === undefined ? [] : [{ each, unkept }];
    });
    if (batch.length === 0) return;
    try {
      await this.options.database.transaction(async (queries) => {
        const ours = await writeFlows(
          queries,
          batch.map(({ unkept: { nodeId, token, flow } }) => ({ nodeId, token, ...flow })),
        );
        const written = batch.flatMap(({ unkept }) => (ours.has(unkept.nodeId) ? [unkept] : []));
        await insertEntries(
          queries,
          written.flatMap(({ nodeId, entries }) => entries.map((entry) => ({ nodeId, entry }))),
        );
        await upsertMinutes(
          queries,
          written.flatMap(({ nodeId, minutes }) => minutes.map((point) => ({ nodeId, point }))),
        );
      });
      for (const { each, unkept } of batch) each.kept(unkept);
      this.#wellAgain();
    } catch (error) {
      this.#trouble(error);
    }
  }

  /** Lets go of all that was kept of a node that was removed. */
  async forget(nodeId: string): Promise<void> {
    for (const table of ['node_log', 'node_minutes', 'node_flows'])
      await this.options.database.query(`delete from ${table} where node_id = $1`, [nodeId]);
  }

  /** Lets go of what was kept for long enough. */
  async trim(): Promise<void> {
    const { database, retention } = this.options;
    const { logDays, logEntriesPerNode, minutesDays } = retention();
    await trimLog(database, logDays, logEntriesPerNode);
    await trimMinutes(database, minutesDays);
  }

  async #ask(): Promise<void> {
    const asked = this.#asked;
    this.#asked = new Map();
    this.#asking = undefined;
    try {
      const flows = await readFlows(this.options.database, [...asked.keys()]);
      for (const [nodeId, answers] of asked) for (const answer of answers) answer(flows.get(nodeId));
    } catch (error) {
      this.#trouble(error);
      for (const [nodeId, answers] of asked) this.#asked.set(nodeId, [...(this.#asked.get(nodeId) ?? []), ...answers]);
      setTimeout(() => (this.#asking ??= setImmediate(() => void this.#ask())), KEEP_EVERY_MS).unref();
    }
  }

  #trouble(error: unknown): void {
    if (!this.#isInTrouble) this.options.onTrouble(error);
    this.#isInTrouble = true;
  }

  #wellAgain(): void {
    if (this.#isInTrouble) this.options.onTrouble(undefined);
    this.#isInTrouble = false;
  }
}
