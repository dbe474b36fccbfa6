/** Something that must move on by a certain time. */
export interface Watched {
  /** When it is late, by the monotonic clock; Infinity while nothing is due. */
  readonly dueMs: number;
  late(): void;
}

const LOOK_EVERY_MS = 100;

/** Watches the deadlines of all requests with one timer: a timer for each token of each stream would cost more than the token. */
export class Deadlines {
  readonly #watched = new Set<Watched>();
  readonly #timer: NodeJS.Timeout;

  constructor(monotonicMs: () => number) {
    this.#timer = setInterval(() => {
      const nowMs = monotonicMs();
      for (const each of this.#watched) if (each.dueMs <= nowMs) each.late();
    }, LOOK_EVERY_MS).unref();
  }

  add(watched: Watched): void {
    this.#watched.add(watched);
  }

  remove(watched: Watched): void {
    this.#watched.delete(watched);
  }

  stop(): void {
    clearInterval(this.#timer);
  }
}
