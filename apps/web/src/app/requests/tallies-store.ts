import { effect, inject, signal, type Signal } from '@angular/core';
import {
  type GraphWindow,
  type Grouping,
  type ReadSeries,
  type ReadTallies,
  type ReplyOf,
  routes,
  type WindowName,
} from '@muster/contracts';
import { Api } from '../api/api.js';
import { Clock } from '../live/clock.js';

export type Tallies = ReplyOf<typeof ReadTallies>;
export type Series = ReplyOf<typeof ReadSeries>;

/** How often a window is read anew while somebody looks: as often as its newest step visibly changes. */
const AGAIN_MS: Record<WindowName, number> = { '5m': 5_000, '1h': 10_000, '24h': 30_000, '7d': 60_000, all: 30_000 };

export interface Answered<T> {
  readonly value: Signal<T | undefined>;
  readonly failed: Signal<string | undefined>;
}

/** What was counted in a window, told apart, read again and again while the page is seen. Call it where things are injected. */
export function followTallies(window: Signal<WindowName>, by: Signal<Grouping>): Answered<Tallies> {
  const api = inject(Api);
  return again(window, by, (signal) =>
    api.call(routes.readTallies, { params: { window: window() }, query: { by: by() }, signal }),
  );
}

/** The same in steps. Call it where things are injected. */
export function followSeries(window: Signal<GraphWindow>, by: Signal<Grouping>): Answered<Series> {
  const api = inject(Api);
  return again(window, by, (signal) =>
    api.call(routes.readSeries, { params: { window: window() }, query: { by: by() }, signal }),
  );
}

function again<T>(
  window: Signal<WindowName>,
  by: Signal<Grouping>,
  ask: (signal: AbortSignal) => Promise<{ ok: true; value: T } | { ok: false; failure: { words: string } }>,
): Answered<T> {
  const clock = inject(Clock);
  const value = signal<T | undefined>(undefined);
  const failed = signal<string | undefined>(undefined);
  effect((onCleanup) => {
    const everyMs = AGAIN_MS[window()];
    by();
    if (!clock.visible()) return;
    const ended = new AbortController();
    const read = async () => {
      const answer = await ask(ended.signal);
      if (ended.signal.aborted) return;
      failed.set(answer.ok ? undefined : answer.failure.words);
      if (answer.ok) value.set(answer.value);
    };
    void read();
    const timer = setInterval(() => void read(), everyMs);
    onCleanup(() => {
      ended.abort();
      clearInterval(timer);
    });
  });
  return { value: value.asReadonly(), failed: failed.asReadonly() };
}
