import { effect, inject, signal, type Signal } from '@angular/core';
import { type LoadPoint, type LoadSpread, routes } from '@muster/contracts';
import { Api } from '../api/api.js';
import { percent } from '../ui/format.js';
import type { Gap, Points } from './samples.js';

const MINUTE_MS = 60_000;
const HOUR_MS = 60 * MINUTE_MS;
const DAY_MS = 24 * HOUR_MS;

/** The spans of time that the graphs show. The first is live; the others are read, and read again as time goes on. */
export const spans = [
  { ms: 5 * MINUTE_MS, short: '5 min', words: 'last 5 minutes' },
  { ms: HOUR_MS, short: '1 h', words: 'last hour' },
  { ms: DAY_MS, short: '24 h', words: 'last 24 hours' },
  { ms: 7 * DAY_MS, short: '7 d', words: 'last 7 days' },
  { ms: 30 * DAY_MS, short: '30 d', words: 'last 30 days' },
] as const;
export type Span = (typeof spans)[number];

/** What was read of a span: its points, and how long each of them stands for. */
export interface LoadHistory {
  readonly span: Span;
  readonly stepMs: number;
  readonly points: readonly LoadPoint[];
}

export type ReadLoad = (point: LoadPoint) => LoadSpread | undefined;

/** Whole steps without a point. What is before the first point is not missing: the node may not have been there. */
export function missingSteps({ stepMs, points }: LoadHistory): Gap[] {
  return points.flatMap((point, index) => {
    const before = points[index - 1];
    if (before === undefined) return [];
    const [fromMs, toMs] = [Date.parse(before.at) + stepMs, Date.parse(point.at)];
    return toMs > fromMs ? [{ fromMs, toMs, lost: undefined }] : [];
  });
}

/** One figure of a span: the mean of each step, with the highest beside it. */
export function pointsOfLoad(history: LoadHistory, read: ReadLoad): Points {
  const gaps = missingSteps(history);
  const middle = history.stepMs / 2;
  const rows = [
    ...history.points.map((point) => {
      const load = read(point);
      const words = load && `${percent(load.mean)}, at most ${percent(load.highest)}`;
      return { at: Date.parse(point.at) + middle, figure: load && words && { share: load.mean, words } };
    }),
    ...gaps.map(({ fromMs, toMs }) => ({ at: (fromMs + toMs) / 2, figure: undefined })),
  ].sort((one, other) => one.at - other.at);
  return { at: rows.map(({ at }) => at), figures: rows.map(({ figure }) => figure || undefined), gaps };
}

/** Reads the figures of a span, again each minute. Undefined while the span is the live one or nothing is read yet. Call it where things are injected. */
export function followLoad(
  nodeId: Signal<string>,
  span: Signal<Span>,
): { history: Signal<LoadHistory | undefined>; failed: Signal<string | undefined> } {
  const api = inject(Api);
  const history = signal<LoadHistory | undefined>(undefined);
  const failed = signal<string | undefined>(undefined);
  effect((onCleanup) => {
    const [node, wanted] = [nodeId(), span()];
    history.set(undefined);
    failed.set(undefined);
    if (wanted === spans[0]) return;
    const ended = new AbortController();
    const read = async () => {
      const nowMs = Date.now();
      const query = { from: new Date(nowMs - wanted.ms).toISOString(), to: new Date(nowMs).toISOString() };
      const answer = await api.call(routes.readLoadHistory, { params: { nodeId: node }, query, signal: ended.signal });
      if (ended.signal.aborted) return;
      failed.set(answer.ok ? undefined : answer.failure.words);
      if (answer.ok) history.set({ span: wanted, ...answer.value });
    };
    void read();
    const timer = setInterval(() => void read(), MINUTE_MS);
    onCleanup(() => {
      ended.abort();
      clearInterval(timer);
    });
  });
  return { history: history.asReadonly(), failed: failed.asReadonly() };
}
