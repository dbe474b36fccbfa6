import { computed, effect, inject, Service, signal, type Signal, untracked } from '@angular/core';
import {
  cursorOfRequest,
  LIVE_REQUESTS,
  type Numbered,
  type RequestFilter,
  RequestPage,
  REQUESTS_PAGE,
  RequestView,
  routes,
} from '@muster/contracts';
import * as z from 'zod/mini';
import { Api } from '../api/api.js';
import { Connection, type Room } from '../live/connection.js';
import { lastOf } from '../live/remote.js';
import { Session } from '../session/session.js';
import { type FetchedRequests, grow, isFiltered, keyOf, type LiveRequests, shown, union } from './request-lists.js';

const Change = z.object({ epoch: z.string(), seq: z.number(), changed: z.array(RequestView) });

const requestsRoom: Room<LiveRequests, Numbered & { changed: RequestView[] }> = {
  kind: 'requests',
  changes: 'requests:change',
  onlyWhileVisible: true,
  join: (socket, timeoutMs) => socket.timeout(timeoutMs).emitWithAck('requests:join'),
  leave: (socket) => socket.emit('requests:leave'),
  snapshotOf(joined) {
    const parsed = RequestPage.safeParse(joined);
    return parsed.success ? parsed.data : undefined;
  },
  changeOf(message) {
    const parsed = Change.safeParse(message);
    return parsed.success ? parsed.data : undefined;
  },
  reduce: (live, { changed }) => grow(live, changed, LIVE_REQUESTS),
};

/** Requests under way that are older than the live ones change without a word: they are asked for again that often. */
const ASK_AGAIN_MS = 3_000;

/** One view of the requests: live at its newest end, further back on demand. For one component, which follows one filter. */
@Service({ autoProvided: false })
export class RequestsStore {
  readonly #api = inject(Api);
  readonly #session = inject(Session);
  readonly remote = inject(Connection).follow(
    computed(() => (this.#session.may('fleet:view') ? requestsRoom : undefined)),
  );
  readonly #fetched = signal<FetchedRequests | undefined>(undefined);
  readonly #live = computed(() => lastOf(this.remote()));
  readonly #isLive = computed(() => this.#live() !== undefined);
  #filter: Signal<RequestFilter> = signal({});
  /** Answers to an older question than the last one count for nothing. */
  #question = 0;

  readonly asking = signal(false);
  readonly problem = signal<string | undefined>(undefined);

  /** What is to be shown for the filter. Call it once, where things are injected. */
  follow(filter: Signal<RequestFilter>): Signal<ReturnType<typeof shown> | undefined> {
    this.#filter = filter;
    const key = computed(() => keyOf(filter()));
    effect((onCleanup) => {
      key();
      const wanted = untracked(filter);
      if (!this.#isLive() || !isFiltered(wanted)) return;
      const known = untracked(this.#fetched);
      if (known?.key !== keyOf(wanted)) void this.#ask(undefined);
      const { state } = wanted;
      if (state !== 'queued' && state !== 'running') return;
      const timer = setInterval(() => void this.#ask(undefined), ASK_AGAIN_MS);
      onCleanup(() => clearInterval(timer));
    });
    return computed(() => {
      const live = this.#live();
      return live && shown(live, this.#fetched(), filter());
    });
  }

  /** Asks for the page before the last request shown. */
  async askOlder(last: RequestView | undefined): Promise<void> {
    if (this.asking() || last === undefined) return;
    const known = this.#fetched();
    const own = known?.key === keyOf(this.#filter()) ? known : undefined;
    await this.#ask(own?.older ?? cursorOfRequest(last));
  }

  async #ask(before: string | undefined): Promise<void> {
    const filter = untracked(this.#filter);
    const question = (this.#question += 1);
    this.asking.set(true);
    const query = { ...filter, limit: REQUESTS_PAGE.usual, ...(before !== undefined && { before }) };
    const answer = await this.#api.call(routes.readRequests, { query });
    if (question !== this.#question) return;
    this.asking.set(false);
    this.problem.set(answer.ok ? undefined : answer.failure.words);
    if (!answer.ok) return;
    const key = keyOf(filter);
    this.#fetched.update((known) => {
      const same = before !== undefined && known?.key === key ? known.requests : [];
      return { key, requests: union(same, answer.value.requests), older: answer.value.older };
    });
  }
}
