import { randomUUID } from 'node:crypto';

/** The world's time. A port: inject it, so that what depends on time can be tested without waiting. */
export abstract class Clock {
  /** The wall clock, for people: ISO 8601 in UTC with milliseconds. */
  abstract now(): string;
  /** Milliseconds that only grow, for deadlines and liveness: setting the wall clock does not move them. */
  abstract monotonicMs(): number;
}

export class SystemClock extends Clock {
  now(): string {
    return new Date().toISOString();
  }

  monotonicMs(): number {
    return performance.now();
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
