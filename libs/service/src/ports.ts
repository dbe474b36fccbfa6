import { randomUUID } from 'node:crypto';

/** The world's time. A port: inject it, so that what depends on time can be tested without waiting. */
export abstract class Clock {
  /** The wall clock, for people: ISO 8601 in UTC with milliseconds. */
  abstract now(): string;
  /** Milliseconds that only grow, for deadlines and liveness: setting the wall clock does not move them. */
  abstract monotonicMs(): number;

  /** The wall clock in milliseconds since 1970, for reckoning with it. */
  wallMs(): number {
    return Date.parse(this.now());
  }
}

export class SystemClock extends Clock {
  #ms = 0;
  #words = new Date(0).toISOString();

  /** Made once for each millisecond: a router asks for it some ten times in one. */
  now(): string {
    const ms = Date.now();
    if (ms !== this.#ms) {
      this.#ms = ms;
      this.#words = new Date(ms).toISOString();
    }
    return this.#words;
  }

  monotonicMs(): number {
    return performance.now();
  }

  override wallMs(): number {
    return Date.now();
  }
}

/** Where new ids come from. A port. */
export abstract class Ids {
  /** A random UUID (RFC 9562, version 4). */
  abstract uuid(): string;
}

export class RandomIds extends Ids {
  uuid(): string {
    return randomUUID();
  }
}
