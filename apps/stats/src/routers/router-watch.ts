import type { RequestView } from '@muster/contracts';

/** A router says once a second that it is there. After this long without a word, what it had begun is lost. */
export const SILENT_MS = 10_000;

/** So long a router must say that it has nothing under way before what we know of it is given up. */
const NOTHING_MS = 10_000;

/** So many lives of routers are kept in mind; those not heard of for longest are forgotten. */
const MOST_ROUTERS = 1_000;

interface Heard {
  /** When it was last heard, or looked for at first. */
  atMs: number;
  /** Since when it says that it has no request; undefined while it has some. */
  nothingSinceMs: number | undefined;
}

/** Knows which routers are there. Times are milliseconds of a monotonic clock. */
export class RouterWatch {
  readonly #routers = new Map<string, Heard>();

  heard(router: string, underWay: number, nowMs: number): void {
    const before = this.#routers.get(router);
    const nothingSinceMs = underWay > 0 ? undefined : (before?.nothingSinceMs ?? nowMs);
    this.#routers.delete(router);
    this.#routers.set(router, { atMs: nowMs, nothingSinceMs });
    const [oldest] = this.#routers.keys();
    if (this.#routers.size > MOST_ROUTERS && oldest !== undefined) this.#routers.delete(oldest);
  }

  /** Nobody could have been heard for a while: the bus was away, or this process was held up itself. Every silence begins anew. */
  forgive(nowMs: number): void {
    for (const heard of this.#routers.values()) {
      heard.atMs = nowMs;
      if (heard.nothingSinceMs !== undefined) heard.nothingSinceMs = nowMs;
    }
  }

  /** Those requests under way that nobody will tell the end of: their router is silent, or has long had none of them. */
  lost(open: Iterable<Pick<RequestView, 'requestId' | 'router'>>, nowMs: number): string[] {
    const lost: string[] = [];
    for (const { requestId, router } of open) {
      const heard = this.#routers.get(router);
      // Looked for from now on: it may be another process's, begun before we were.
      if (heard === undefined) this.#routers.set(router, { atMs: nowMs, nothingSinceMs: undefined });
      else if (nowMs - heard.atMs > SILENT_MS || nowMs - (heard.nothingSinceMs ?? nowMs) > NOTHING_MS)
        lost.push(requestId);
    }
    return lost;
  }
}
