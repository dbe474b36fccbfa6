import { computed, effect, inject, Service, signal, type Signal, untracked } from '@angular/core';
import {
  HISTORY_PAGE,
  HistoryEntry,
  type HistoryFilter,
  HistoryPage,
  type HistoryPlace,
  type Numbered,
  placeOfCursor,
  routes,
} from '@muster/contracts';
import * as z from 'zod/mini';
import { Api } from '../api/api.js';
import { Connection, type Room } from '../live/connection.js';
import { lastOf, type Remote } from '../live/remote.js';
import { Session } from '../session/session.js';
import {
  type Fetched,
  fits,
  grow,
  isFiltered,
  keyOf,
  MOST_FETCHED,
  rejoin,
  shown,
  type Timeline,
  union,
} from './timeline.js';

const Change = z.object({ epoch: z.string(), seq: z.number(), entries: z.array(HistoryEntry) });

const historyRoom: Room<Timeline, Numbered & { entries: HistoryEntry[] }> = {
  kind: 'history',
  changes: 'history:change',
  onlyWhileVisible: true,
  join: (socket, timeoutMs) => socket.timeout(timeoutMs).emitWithAck('history:join'),
  leave: (socket) => socket.emit('history:leave'),
  snapshotOf(joined, before) {
    const parsed = HistoryPage.safeParse(joined);
    return parsed.success ? rejoin(before, parsed.data) : undefined;
  },
  changeOf(message) {
    const parsed = Change.safeParse(message);
    return parsed.success ? parsed.data : undefined;
  },
  reduce: (timeline, { entries }) => grow(timeline, entries),
};

type Asking = { readonly state: 'idle' | 'asking' } | { readonly state: 'failed'; readonly words: string };

/** While somebody types, so long nothing is asked. */
const TYPING_MS = 250;

/** One view of the history: live at its newest end, further back on demand. For one component, which follows one filter. */
@Service({ autoProvided: false })
export class HistoryStore {
  readonly #api = inject(Api);
  readonly #session = inject(Session);
  readonly #remote = inject(Connection).follow(
    computed(() => (this.#session.may('fleet:view') ? historyRoom : undefined)),
  );
  readonly #fetched = signal<Fetched | undefined>(undefined);
  readonly #asking = signal<Asking>({ state: 'idle' });
  #filter: Signal<HistoryFilter> = signal({});
  /** Answers to an older question than the last one count for nothing. */
  #question = 0;

  readonly remote: Signal<Remote<Timeline>> = this.#remote;
  readonly asking = this.#asking.asReadonly();
  readonly #live = computed(() => lastOf(this.#remote()));

  /** What is to be shown for the filter. Call it once, where things are injected. */
  follow(filter: Signal<HistoryFilter>): Signal<Timeline | undefined> {
    this.#filter = filter;
    const key = computed(() => keyOf(filter()));
    const missing = computed(() => {
      const live = this.#live();
      return live !== undefined && live.older !== null && isFiltered(filter()) && !fits(live, this.#fetched(), key());
    });
    effect((onCleanup) => {
      key();
      if (!missing()) return;
      const timer = setTimeout(() => void this.#ask(undefined), TYPING_MS);
      onCleanup(() => clearTimeout(timer));
    });
    return computed(() => {
      const live = this.#live();
      return live && shown(live, this.#fetched(), filter());
    });
  }

  /** Asks for the page before the last entry shown, or once more for what could not be had. */
  async askOlder(timeline: Timeline | undefined): Promise<void> {
    if (this.#asking().state === 'asking' || timeline?.older === null) return;
    if ((timeline?.entries.length ?? 0) >= MOST_FETCHED) return;
    await this.#ask(timeline);
  }

  async #ask(onto: Timeline | undefined): Promise<void> {
    const filter = untracked(this.#filter);
    const live = untracked(this.#live);
    const before = onto?.older ?? undefined;
    this.#question += 1;
    const question = this.#question;
    this.#asking.set({ state: 'asking' });
    const query = { ...filter, limit: HISTORY_PAGE.usual, ...(before === undefined ? {} : { before }) };
    const answer = await this.#api.call(routes.readHistory, { query });
    if (question !== this.#question) return;
    if (!answer.ok) {
      this.#asking.set({ state: 'failed', words: answer.failure.words });
      return;
    }
    this.#asking.set({ state: 'idle' });
    this.#fetched.update((known) => {
      const key = keyOf(filter);
      const same = before !== undefined && known?.key === key && known.older === before ? known : undefined;
      // The first page of a filter reaches up to now; a page before a cursor, up to there.
      const upTo: HistoryPlace | undefined =
        same?.upTo ?? (before === undefined ? live?.entries[0] : placeOfCursor(before));
      const entries = union(same?.entries ?? [], answer.value.entries);
      return { key, upTo, entries, older: answer.value.older };
    });
  }
}
