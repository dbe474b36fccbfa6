import { computed, inject, Service, signal, type Signal } from '@angular/core';
import { LogEntry, routes, type LogSnapshot, type Numbered } from '@muster/contracts';
import * as z from 'zod/mini';
import { Api } from '../api/api.js';
import { Connection, type Room } from '../live/connection.js';
import { lastOf, type Remote } from '../live/remote.js';
import { append, prepend, rejoin, type Log } from './log-entries.js';

const Snapshot: z.ZodMiniType<LogSnapshot> = z.object({
  logEpoch: z.string(),
  entries: z.array(LogEntry),
  more: z.boolean(),
});
const Change = z.object({ epoch: z.string(), seq: z.number(), nodeId: z.string(), entries: z.array(LogEntry) });

const logRoom = (nodeId: string): Room<Log, Numbered & { entries: LogEntry[] }> => ({
  kind: 'log',
  nodeId,
  changes: 'log:change',
  onlyWhileVisible: true,
  join: (socket, timeoutMs) => socket.timeout(timeoutMs).emitWithAck('log:join', { nodeId }),
  leave: (socket) => socket.emit('log:leave', { nodeId }),
  snapshotOf(joined, before) {
    const parsed = Snapshot.safeParse(joined);
    if (!parsed.success) return undefined;
    const { logEpoch, entries, more } = parsed.data;
    return rejoin(before, append({ epoch: logEpoch, entries: [], more }, entries));
  },
  changeOf(message) {
    const parsed = Change.safeParse(message);
    return parsed.success && parsed.data.nodeId === nodeId ? parsed.data : undefined;
  },
  reduce: (log, { entries }) => append(log, entries),
});

type Asking = { readonly state: 'idle' | 'asking' } | { readonly state: 'failed'; readonly words: string };

/** A part of the log around a time, apart from its live end. */
export interface LookedAt extends Log {
  readonly atMs: number;
  readonly newer: boolean;
}

/** The log of one node: live at its end, further back on demand, and around a time. */
@Service({ autoProvided: false })
export class NodeLogStore {
  readonly #api = inject(Api);
  readonly #connection = inject(Connection);
  readonly #older = signal<Log | undefined>(undefined);
  readonly #asking = signal<Asking>({ state: 'idle' });
  readonly asking = this.#asking.asReadonly();
  readonly #looking = signal<LookedAt | undefined>(undefined);
  /** What is looked at around a time; undefined while the live end is. */
  readonly looking = this.#looking.asReadonly();

  /** The log as far as it is known, and whether it is live. Call it once, where things are injected. */
  follow(nodeId: Signal<string>): { remote: Signal<Remote<Log>>; log: Signal<Log | undefined> } {
    const remote = this.#connection.follow(computed(() => logRoom(nodeId())));
    const log = computed(() => {
      const live = lastOf(remote());
      return live && prepend(live, this.#older());
    });
    return { remote, log };
  }

  /** Asks for the thousand entries before the first one known. */
  async askOlder(nodeId: string, log: Log): Promise<void> {
    const first = log.entries[0];
    if (first === undefined || this.#asking().state === 'asking') return;
    this.#asking.set({ state: 'asking' });
    const answer = await this.#api.call(routes.readLog, {
      params: { nodeId },
      query: { before: Math.floor(first.n), limit: 1_000 },
    });
    if (!answer.ok) {
      this.#asking.set({ state: 'failed', words: answer.failure.words });
      return;
    }
    const { epoch, entries, more } = answer.value;
    const page: Log = { epoch, entries, more };
    const known = this.#older();
    this.#older.set(known?.epoch === epoch ? prepend(known, page) : page);
    this.#asking.set({ state: 'idle' });
  }

  /** Looks at the thousand entries around a time. */
  async lookAt(nodeId: string, atMs: number): Promise<void> {
    const page = await this.#ask(nodeId, { around: new Date(atMs).toISOString(), limit: 1_000 });
    if (page !== undefined) this.#looking.set({ ...page, newer: page.newer === true, atMs });
  }

  /** Adds a thousand entries before or after those that are looked at. */
  async lookFurther(nodeId: string, which: 'older' | 'newer'): Promise<void> {
    const known = this.#looking();
    const [first, last] = [known?.entries[0], known?.entries.at(-1)];
    if (known === undefined || first === undefined || last === undefined) return;
    const place = which === 'older' ? { before: Math.floor(first.n) } : { after: Math.ceil(last.n) };
    const page = await this.#ask(nodeId, { ...place, limit: 1_000 });
    if (page === undefined) return;
    if (page.epoch !== known.epoch) return this.lookAt(nodeId, known.atMs);
    if (which === 'older')
      this.#looking.set({ ...known, entries: [...page.entries, ...known.entries], more: page.more });
    else this.#looking.set({ ...known, entries: [...known.entries, ...page.entries], newer: page.newer === true });
  }

  backToLive(): void {
    this.#looking.set(undefined);
    this.#asking.set({ state: 'idle' });
  }

  async #ask(
    nodeId: string,
    query: { around: string; limit: number } | { before?: number; after?: number; limit: number },
  ) {
    if (this.#asking().state === 'asking') return undefined;
    this.#asking.set({ state: 'asking' });
    const answer = await this.#api.call(routes.readLog, { params: { nodeId }, query });
    this.#asking.set(answer.ok ? { state: 'idle' } : { state: 'failed', words: answer.failure.words });
    return answer.ok ? answer.value : undefined;
  }
}
