import { Bag, type Carried } from '@muster/service';

/** Something that must move on by a certain time. */
export interface Watched extends Carried {
  /** When it is late, by the monotonic clock; Infinity while nothing is due. */
  readonly dueMs: number;
  late(): void;
}

const LOOK_EVERY_MS = 100;

/** All requests that are open, whose deadlines one timer watches: a timer for each token of each stream would cost more than the token. */
export class Deadlines<T extends Watched> extends Bag<T> {
  readonly #timer: NodeJS.Timeout;

  constructor(monotonicMs: () => number) {
    super();
    this.#timer = setInterval(() => {
      const nowMs = monotonicMs();
      for (const each of this.all) if (each.dueMs <= nowMs) each.late();
    }, LOOK_EVERY_MS).unref();
  }

  stop(): void {
    clearInterval(this.#timer);
  }
}
