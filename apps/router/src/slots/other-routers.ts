import type { RouterPulse } from '@muster/contracts';

/** A router says where it stands once a second at least. After this long without a word it has nothing any more. */
const SILENT_MS = 3_000;
/** So many others are listened to; the one not heard of for longest is forgotten. */
const MOST_ROUTERS = 100;

interface Heard {
  readonly atMs: number;
  /** Requests on each executor where it has any, by the place's id. */
  readonly inFlight: ReadonlyMap<string, number>;
}

/** What the other routers have in flight, as they told it last. Times are milliseconds of a monotonic clock. */
export class OtherRouters {
  readonly #routers = new Map<string, Heard>();

  heard({ router, executors }: Pick<RouterPulse, 'router' | 'executors'>, nowMs: number): void {
    const some = executors.filter(({ inFlight }) => inFlight > 0);
    this.#routers.delete(router);
    this.#routers.set(router, {
      atMs: nowMs,
      inFlight: new Map(some.map(({ nodeId, executorId, inFlight }) => [`${nodeId}/${executorId}`, inFlight])),
    });
    const [oldest] = this.#routers.keys();
    if (this.#routers.size > MOST_ROUTERS && oldest !== undefined) this.#routers.delete(oldest);
  }

  /** How many there are. */
  count(nowMs: number): number {
    this.#forget(nowMs);
    return this.#routers.size;
  }

  /** Requests of all of them on each executor, by the place's id; without those that have none. */
  inFlight(nowMs: number): ReadonlyMap<string, number> {
    this.#forget(nowMs);
    const sums = new Map<string, number>();
    for (const { inFlight } of this.#routers.values())
      for (const [id, count] of inFlight) sums.set(id, (sums.get(id) ?? 0) + count);
    return sums;
  }

  #forget(nowMs: number): void {
    for (const [router, { atMs }] of this.#routers) if (nowMs - atMs > SILENT_MS) this.#routers.delete(router);
  }
}
