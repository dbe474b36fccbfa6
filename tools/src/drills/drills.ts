import { setTimeout as sleep } from 'node:timers/promises';
import type { DrilledMuster, PartName } from './muster.js';

/** One way to break the system, and how soon it has to be right again once the cause is gone. */
export interface Drill {
  readonly name: string;
  /** Breaks it. Resolves when the cause is gone. */
  readonly breakIt: (muster: DrilledMuster) => Promise<void>;
  /** Until orders are carried out again. */
  readonly servesWithinMs: number;
  /** Until the bystander, a node that nobody touches, is green again. */
  readonly greenWithinMs: number;
  /** The bystander itself is what is broken: it may turn red. */
  readonly hitsBystander?: boolean;
}

const kill = (...parts: readonly PartName[]): Drill => ({
  name: `kill -9 of ${parts.join(', ')}`,
  breakIt: async (muster) => {
    await Promise.all(parts.map((part) => muster.signal(part, 'SIGKILL')));
  },
  servesWithinMs: 15_000,
  // A monitor that died holds its leases for 10 s more.
  greenWithinMs: 25_000,
  hitsBystander: parts.includes('node service'),
});

const pause = (part: PartName, forMs: number): Drill => ({
  name: `${part} stopped for ${forMs / 1000} s`,
  breakIt: async (muster) => {
    await muster.signal(part, 'SIGSTOP');
    await sleep(forMs);
    await muster.signal(part, 'SIGCONT');
  },
  servesWithinMs: 10_000,
  greenWithinMs: 15_000,
  hitsBystander: part === 'node service',
});

export const drills: readonly Drill[] = [
  kill('registry'),
  kill('monitor'),
  kill('gateway'),
  kill('node service'),
  kill('NATS'),
  kill('Postgres'),
  kill('registry', 'monitor', 'gateway', 'node service', 'NATS', 'Postgres'),
  pause('NATS', 8_000),
  pause('monitor', 8_000),
  pause('gateway', 8_000),
  pause('node service', 8_000),
  {
    name: "NATS's store thrown away",
    breakIt: async (muster) => {
      await muster.signal('NATS', 'SIGKILL');
      await muster.wipeStreams();
    },
    servesWithinMs: 10_000,
    greenWithinMs: 15_000,
  },
  {
    name: 'kill -9 of npm start',
    breakIt: async (muster) => {
      await muster.end('SIGKILL');
      await muster.start();
    },
    servesWithinMs: 10_000,
    greenWithinMs: 15_000,
    hitsBystander: true,
  },
  {
    name: 'Ctrl-C and npm start again',
    breakIt: async (muster) => {
      await muster.end('SIGINT');
      await muster.start();
    },
    servesWithinMs: 5_000,
    greenWithinMs: 15_000,
    hitsBystander: true,
  },
];
