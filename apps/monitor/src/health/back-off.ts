import type { LinkCause } from '@muster/contracts';

export interface Failure {
  readonly cause: LinkCause;
  /** Failures in a row, this one included; 1 for the first. */
  readonly failures: number;
  /** How long there has been no link. */
  readonly lostForMs: number;
}

const BASE_MS = 500;
const CAP_MS = 15_000;

/**
 * A node that comes back is to be green within 5 s of its return, and settling takes up to 2 s of that (the hello and two
 * frames a second apart). With the usual cap of 15 s the dial alone could come too late. So for the first minutes, when a
 * restart is the likely reason, the wait stays below 2 s; only a node that is gone for longer is asked more rarely.
 */
const EAGER_CAP_MS = 2_000;
const EAGER_FOR_MS = 10 * 60_000;

/** Never at once: a peer that refuses in a microsecond would be asked in a loop. */
const FLOOR_MS = 100;

/** What each cause says about how soon another answer is to be expected. */
const pace: Record<LinkCause, 'eager' | 'plain' | 'slow' | 'slowest'> = {
  refused: 'eager',
  closed: 'eager',
  silent: 'eager',
  'timed-out': 'eager',
  unreachable: 'eager',
  flapping: 'eager',
  'name-not-found': 'plain',
  // Something answers, and it is the wrong thing. It will hardly be another one a second later.
  'address-not-allowed': 'slow',
  tls: 'slow',
  'not-a-node': 'slow',
  version: 'slow',
  protocol: 'slow',
  // Only a person mends these; a Gateway that tries on quickly looks like one that guesses.
  'key-refused': 'slowest',
  'certificate-changed': 'slowest',
};

/** How long to wait before the next dial. `random` is a number from 0 up to 1. Full jitter, so that many nodes do not dial in step. */
export function dialDelayMs({ cause, failures, lostForMs }: Failure, random: number): number {
  const grown = BASE_MS * 2 ** Math.min(10, Math.max(0, failures - 1));
  switch (pace[cause]) {
    case 'eager':
      return Math.max(FLOOR_MS, random * Math.min(lostForMs < EAGER_FOR_MS ? EAGER_CAP_MS : CAP_MS, grown));
    case 'plain':
      return Math.max(FLOOR_MS, random * Math.min(CAP_MS, grown));
    case 'slow':
      return CAP_MS / 3 + random * CAP_MS * (2 / 3);
    case 'slowest':
      return 2 * CAP_MS + random * CAP_MS;
  }
}
