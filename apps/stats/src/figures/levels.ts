import type { WindowName } from '@muster/contracts';

const SECOND_MS = 1_000;
const MINUTE_MS = 60 * SECOND_MS;
const HOUR_MS = 60 * MINUTE_MS;
const DAY_MS = 24 * HOUR_MS;

/**
 * How finely what was counted is kept, and for how long: each window reads one level. Every request is in a cell of each. The
 * hours are kept as long as the setting for roll-ups says, and as long as the longest window in any case; the sums of all time for ever.
 */
export const levels = {
  '10s': { ms: 10 * SECOND_MS, keptMs: 15 * MINUTE_MS },
  '1m': { ms: MINUTE_MS, keptMs: 2 * HOUR_MS },
  '10m': { ms: 10 * MINUTE_MS, keptMs: 2 * DAY_MS },
  '1h': { ms: HOUR_MS, keptMs: 8 * DAY_MS },
  all: { ms: Number.POSITIVE_INFINITY, keptMs: Number.POSITIVE_INFINITY },
} as const;

export type Level = keyof typeof levels;
export const levelNames = Object.keys(levels) as readonly Level[];

export const levelOf: Record<WindowName, Level> = { '5m': '10s', '1h': '1m', '24h': '10m', '7d': '1h', all: 'all' };

/** When the cell begins that a moment falls into, in ms since 1970; of all time, 0. */
export const slotOf = (level: Level, atMs: number): number => {
  const { ms } = levels[level];
  return Number.isFinite(ms) ? Math.floor(atMs / ms) * ms : 0;
};
