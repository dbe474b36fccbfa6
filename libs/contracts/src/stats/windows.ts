import * as z from 'zod/mini';

const MINUTE_MS = 60_000;
const HOUR_MS = 60 * MINUTE_MS;

/** The spans over which figures are told, and how long a step of their graphs is. `all` has no graph: it ever grew. */
export const windows = {
  '5m': { title: '5 min', ms: 5 * MINUTE_MS, stepMs: 10_000 },
  '1h': { title: '1 h', ms: HOUR_MS, stepMs: MINUTE_MS },
  '24h': { title: '24 h', ms: 24 * HOUR_MS, stepMs: 10 * MINUTE_MS },
  '7d': { title: '7 d', ms: 7 * 24 * HOUR_MS, stepMs: HOUR_MS },
  all: { title: 'All time', ms: undefined, stepMs: undefined },
} as const;

export type WindowName = keyof typeof windows;

const names = Object.keys(windows) as [WindowName, ...WindowName[]];

export const WindowName = z.enum(names, `This must be one of ${names.join(', ')}`);

/** The windows that have a graph. */
export const GraphWindow = z.enum(['5m', '1h', '24h', '7d'], 'This must be one of 5m, 1h, 24h, 7d');
export type GraphWindow = z.infer<typeof GraphWindow>;

/** What figures are told apart by. */
export const groupings = ['all', 'node', 'model', 'key'] as const;
export const Grouping = z.enum(groupings, `This must be one of ${groupings.join(', ')}`);
export type Grouping = z.infer<typeof Grouping>;
