import { createHash } from 'node:crypto';
import { Refusal } from '@muster/contracts';
import { onDatabase } from '@muster/event-store';
import { Column, type DataSource, Entity, type EntityManager, In, PrimaryColumn } from 'typeorm';
import { failedAt, FORGOTTEN_AFTER_MS, type Lane, type Tries, waitMs } from './throttle.js';

/** Failed tries by lane. In the database, so that a restart forgives nobody and several registries count together. */
@Entity('failed_tries')
export class FailedTriesRow {
  /** A hash of the lane's name: people type passwords into the field for names. */
  @PrimaryColumn('text') lane!: string;
  @Column('int') failures!: number;
  @Column('timestamptz', { name: 'last_at' }) lastAt!: Date;
}

/** More rows than this are not kept; the ones whose last failure lies furthest back go first. */
const MAX_ROWS = 20_000;
/** How many tries between two clearings. */
const CLEARED_EVERY = 200;

/** One try that was let through, counted as failed until `forgive` says otherwise. */
export interface CountedTry {
  readonly lanes: readonly { readonly lane: Lane; readonly before: Tries; readonly after: Tries }[];
}

/**
 * Slows guessing down. A try counts as a failure before it is looked at, under locks: a thousand guesses sent at once are
 * one guess and 999 refusals as soon as there is a delay.
 */
export class Throttle {
  #tries = 0;

  constructor(private readonly database: DataSource) {}

  /** Refuses with `too-many-tries` and the time to wait while a delay runs in any lane; a refused try counts nowhere. */
  async count(lanes: readonly Lane[], nowMs: number): Promise<CountedTry> {
    if (this.#tries++ % CLEARED_EVERY === 0) await this.clear(nowMs);
    // One order for everybody, or two tries that share two lanes could wait for each other.
    const sorted = [...lanes].sort((one, other) => (keyOf(one) < keyOf(other) ? -1 : 1));
    return onDatabase(() => this.database.transaction((tx) => countIn(tx, sorted, nowMs)));
  }

  /** Takes one counted try back, and what else failed meanwhile stays counted. */
  async forgive({ lanes }: CountedTry): Promise<void> {
    for (const { lane, before, after } of lanes)
      await this.#query(
        `update failed_tries
            set failures = greatest(failures - 1, 0),
                last_at = case when last_at = $2 then $3 else last_at end
          where lane = $1`,
        [keyOf(lane), new Date(after.lastAtMs), new Date(before.lastAtMs)],
      );
  }

  /** Forgets every failure of a lane: whoever it guards against has shown to be the right one. */
  async forget(lane: Lane): Promise<void> {
    await onDatabase(() => this.database.manager.delete(FailedTriesRow, keyOf(lane)));
  }

  /** Removes what no longer counts, and what is beyond the bound. */
  async clear(nowMs: number): Promise<void> {
    // Rows that somebody counts in at this moment are passed over: whoever waits for none can hold up none.
    const remove = (which: string) =>
      `delete from failed_tries where lane in (select lane from failed_tries ${which} for update skip locked)`;
    await this.#query(remove('where last_at < $1'), [new Date(nowMs - FORGOTTEN_AFTER_MS)]);
    await this.#query(remove('order by last_at desc offset $1'), [MAX_ROWS]);
  }

  async #query(sql: string, values: unknown[]): Promise<void> {
    await onDatabase(() => this.database.query(sql, values));
  }
}

const keyOf = ({ name }: Lane): string => createHash('sha256').update(name).digest('base64url');

async function countIn(tx: EntityManager, sorted: readonly Lane[], nowMs: number): Promise<CountedTry> {
  const keys = sorted.map(keyOf);
  const fresh = { failures: 0, lastAt: new Date(nowMs) };
  await tx
    .createQueryBuilder()
    .insert()
    .into(FailedTriesRow)
    .values(keys.map((lane) => ({ lane, ...fresh })))
    .orIgnore()
    .execute();
  const rows = await tx.find(FailedTriesRow, {
    where: { lane: In(keys) },
    order: { lane: 'ASC' },
    lock: { mode: 'pessimistic_write' },
  });
  const known = new Map(rows.map((row) => [row.lane, { failures: row.failures, lastAtMs: row.lastAt.getTime() }]));
  const counted = sorted.map((lane) => {
    const before = known.get(keyOf(lane)) ?? { failures: 0, lastAtMs: nowMs };
    return { lane, before, after: failedAt(before, nowMs) };
  });
  const retryAfterMs = Math.max(...counted.map(({ lane, before }) => waitMs(before, nowMs, lane.capMs)));
  if (retryAfterMs > 0) throw new Refusal('too-many-tries', { retryAfterMs });
  for (const { lane, after } of counted)
    await tx.update(FailedTriesRow, keyOf(lane), { failures: after.failures, lastAt: new Date(after.lastAtMs) });
  return { lanes: counted };
}
