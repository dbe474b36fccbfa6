import type { DataSource } from 'typeorm';
import * as z from 'zod/mini';
import { fairShare } from './shards.js';

export interface LeaseTimes {
  /** A lease that is not renewed for so long may be taken over. */
  readonly ttlMs: number;
  readonly renewEveryMs: number;
  /** The holder lets go this long before that, by its own monotonic clock: two clocks need not agree. */
  readonly marginMs: number;
}

export const leaseTimes: LeaseTimes = { ttlMs: 10_000, renewEveryMs: 3_000, marginMs: 2_000 };

export interface LeasesOptions {
  readonly database: DataSource;
  /** Names this holder; no other process may have the same. */
  readonly holder: string;
  readonly monotonicMs: () => number;
  readonly times?: LeaseTimes;
  /** The database was away; the next turn tries again. */
  readonly onError: (error: unknown) => void;
}

const Held = z.array(z.object({ shard: z.number(), token: z.string() }));
const Count = z.array(z.object({ monitors: z.number() }));
const Next = z.array(z.object({ ms: z.nullable(z.coerce.number()) }));

/** A lease that has run out by then is taken a moment later, not before: clocks of two turns differ by as much. */
const AFTER_EXPIRY_MS = 50;

interface Holding {
  readonly token: number;
  readonly untilMs: number;
}

/**
 * Which shards this monitor holds, kept in Postgres so that no two monitors hold one at a time. Each take-over raises the
 * shard's token. With the database away the leases run out, and the nodes are watched by nobody until it is back:
 * rather that than by two.
 */
export class Leases {
  #held = new Map<number, Holding>();
  /** When shards were given back that somebody else may take soon. */
  readonly #leftUntilMs = new Map<number, number>();
  #timer: NodeJS.Timeout | undefined;
  #turning: Promise<void> = Promise.resolve();
  #stopped = false;
  /** Until the next lease of another holder runs out, unless that is renewed. */
  #nextInMs = Number.POSITIVE_INFINITY;
  readonly #times: LeaseTimes;

  constructor(private readonly options: LeasesOptions) {
    this.#times = options.times ?? leaseTimes;
  }

  /** Takes what is free, then goes on renewing. Rejects when the first turn fails. */
  async start(): Promise<void> {
    await this.#turn();
    this.#schedule();
  }

  /** The token of each shard that is held at this moment. Cheap: ask as often as it matters. */
  held(): ReadonlyMap<number, number> {
    const nowMs = this.options.monotonicMs();
    return new Map([...this.#held].flatMap(([shard, { token, untilMs }]) => (nowMs < untilMs ? [[shard, token]] : [])));
  }

  /** Whether a last word about a shard that was held until now can not come after another holder's first. */
  mayStillWrite(shard: number): boolean {
    const untilMs = this.#held.get(shard)?.untilMs ?? this.#leftUntilMs.get(shard);
    return untilMs !== undefined && this.options.monotonicMs() < untilMs + this.#times.marginMs / 2;
  }

  /** Gives everything back, so that another monitor need not wait for the leases to run out. */
  async stop(): Promise<void> {
    this.#stopped = true;
    clearTimeout(this.#timer);
    await this.#turning.catch(() => undefined);
    this.#held = new Map();
    const { database, holder, onError } = this.options;
    try {
      await database.query(`update leases set holder = null, expires_at = '-infinity' where holder = $1`, [holder]);
      await database.query('delete from monitors where monitor_id = $1', [holder]);
    } catch (error) {
      onError(error);
    }
  }

  #schedule(): void {
    if (this.#stopped) return;
    this.#timer = setTimeout(
      () => {
        this.#turning = this.#turn().catch(this.options.onError);
        void this.#turning.then(() => {
          this.#schedule();
        });
      },
      Math.min(this.#times.renewEveryMs, this.#nextInMs),
    );
  }

  async #turn(): Promise<void> {
    this.#nextInMs = Number.POSITIVE_INFINITY;
    const { database, holder, monotonicMs } = this.options;
    const ttl = `${this.#times.ttlMs} milliseconds`;
    const share = fairShare(await this.#countMonitors(ttl));
    // Counted from before the question: the lease can not begin earlier than it was asked for.
    let askedMs = monotonicMs();
    const kept = await database.query<unknown>(
      `update leases set expires_at = clock_timestamp() + $2::interval
        where holder = $1 and expires_at > clock_timestamp() returning shard, token::text`,
      [holder, ttl],
    );
    const held = this.#holding(kept, askedMs);
    if (held.size > share) await this.#giveBack(held, held.size - share);
    if (held.size < share) {
      askedMs = monotonicMs();
      const taken = await database.query<unknown>(
        `update leases set holder = $1, token = token + 1, expires_at = clock_timestamp() + $2::interval
          where shard in (select shard from leases where expires_at <= clock_timestamp()
            order by shard limit $3 for update skip locked) returning shard, token::text`,
        [holder, ttl, share - held.size],
      );
      for (const [shard, holding] of this.#holding(taken, askedMs)) held.set(shard, holding);
    }
    this.#held = held;
    await this.#lookAhead();
  }

  /** Learns when the next lease of somebody who does not renew it runs out, so that it need not wait for the turn after that. */
  async #lookAhead(): Promise<void> {
    const rows = Next.parse(
      await this.options.database.query(
        `select extract(epoch from min(expires_at) - clock_timestamp()) * 1000 as ms from leases
          where holder is distinct from $1 and expires_at > clock_timestamp()`,
        [this.options.holder],
      ),
    );
    this.#nextInMs = (rows[0]?.ms ?? Number.POSITIVE_INFINITY) + AFTER_EXPIRY_MS;
  }

  async #countMonitors(ttl: string): Promise<number> {
    const { database, holder } = this.options;
    await database.query(
      `insert into monitors (monitor_id, seen_at) values ($1, clock_timestamp())
        on conflict (monitor_id) do update set seen_at = excluded.seen_at`,
      [holder],
    );
    await database.query('delete from monitors where seen_at < clock_timestamp() - $1::interval', [ttl]);
    const [row] = Count.parse(await database.query('select count(*)::int as monitors from monitors'));
    return row?.monitors ?? 1;
  }

  /** More than the share: somebody else has come. What is let go is not watched any more before it is given back. */
  async #giveBack(held: Map<number, Holding>, count: number): Promise<void> {
    const shards = [...held.keys()].sort((one, other) => one - other).slice(-count);
    for (const shard of shards) {
      held.delete(shard);
      this.#held.delete(shard);
      this.#leftUntilMs.set(shard, this.options.monotonicMs());
    }
    // One more turn of the links' loop passes until others may take them.
    await this.options.database.query(
      `update leases set expires_at = clock_timestamp() + $3::interval, holder = null
        where holder = $1 and shard = any($2::int[])`,
      [this.options.holder, shards, `${this.#times.marginMs} milliseconds`],
    );
  }

  #holding(answer: unknown, askedMs: number): Map<number, Holding> {
    // TypeORM answers an update with its rows and their number.
    const rows = Held.parse(Array.isArray(answer) && Array.isArray(answer[0]) ? answer[0] : answer);
    const untilMs = askedMs + this.#times.ttlMs - this.#times.marginMs;
    return new Map(rows.map(({ shard, token }) => [shard, { token: Number(token), untilMs }]));
  }
}
