/** More than this waiting for one socket, and its changes stop until it has drained. */
export const HOLD_BYTES = 256 * 1024;

/** More than this waiting, and the socket is closed: it would cost memory for nothing. */
export const END_BYTES = 1024 * 1024;

/** Nothing at all delivered for that long while something waits, and the socket is closed. */
export const STUCK_MS = 10_000;

export interface Flow {
  /** Bytes that wait in this process for the socket. */
  readonly queuedBytes: number;
  /** Bytes that the operating system has taken for it so far; need not be known while nothing waits. */
  readonly deliveredBytes: number;
}

export type Verdict = 'flowing' | 'held' | 'drained' | 'too-much' | 'stuck';

/**
 * How one socket keeps up. Snapshots are as large as what they show, so what waits of them is not held against the socket;
 * changes are. Times are milliseconds of a monotonic clock.
 */
export class Pressure {
  #snapshotBytes = 0;
  #held = false;
  #deliveredBytes = 0;
  #progressMs: number;

  constructor(nowMs: number) {
    this.#progressMs = nowMs;
  }

  /** Whether changes are stopped for the socket at the moment. */
  get held(): boolean {
    return this.#held;
  }

  /** A snapshot of that size has been put into the queue. */
  snapshot(bytes: number): void {
    this.#snapshotBytes += bytes;
  }

  /** `drained` is said once, by the first look after which changes may flow again. */
  judge({ queuedBytes, deliveredBytes }: Flow, nowMs: number): Verdict {
    if (queuedBytes === 0 || deliveredBytes > this.#deliveredBytes) this.#progressMs = nowMs;
    this.#deliveredBytes = deliveredBytes;
    this.#snapshotBytes = Math.min(this.#snapshotBytes, queuedBytes);
    const changesBytes = queuedBytes - this.#snapshotBytes;
    if (nowMs - this.#progressMs >= STUCK_MS) return 'stuck';
    if (changesBytes > END_BYTES) return 'too-much';
    if (changesBytes > HOLD_BYTES) this.#held = true;
    if (!this.#held) return 'flowing';
    if (queuedBytes > HOLD_BYTES / 4) return 'held';
    this.#held = false;
    return 'drained';
  }
}
