/** How a request is let in to an executor, or why it is not. */
export type Entrance<Address> =
  | { readonly outcome: 'in'; readonly address: Address; readonly signal: AbortSignal; release(): void }
  | { readonly outcome: 'full' }
  | { readonly outcome: 'shut'; readonly words: string }
  | { readonly outcome: 'timed-out' }
  /** Everything at this executor was ended by order. */
  | { readonly outcome: 'cancelled' }
  | { readonly outcome: 'left' };

interface Waiting<Address> {
  readonly settle: (entrance: Entrance<Address>) => void;
}

/** However few slots: so many may wait. */
const LEAST_QUEUE = 8;

/** How many requests may wait for so many slots. */
export const queueFor = (slots: number): number => Math.max(LEAST_QUEUE, 2 * slots);

/**
 * Who may go on to an executor's process: as many at once as it has slots, the others one after the other in the order in
 * which they came, a bounded number of them and each for a bounded time. `open`: there is a process that answers; `held`: there will
 * be one, so whoever comes waits; `shut`: there is none, and nobody waits.
 */
export class Gate<Address> {
  #state:
    { is: 'open'; address: Address; slots: number } | { is: 'held'; slots: number } | { is: 'shut'; words: string } = {
    is: 'shut',
    words: 'It is offline',
  };
  readonly #queue = new Set<Waiting<Address>>();
  readonly #inside = new Set<AbortController>();
  readonly #onEmpty = new Set<() => void>();
  #usedMs: number;

  constructor(
    private readonly nowMs: () => number,
    private readonly waitMs: number,
  ) {
    this.#usedMs = nowMs();
  }

  get inFlight(): number {
    return this.#inside.size;
  }

  get queued(): number {
    return this.#queue.size;
  }

  /** For how long nobody was inside or waited. */
  get idleMs(): number {
    return this.#inside.size + this.#queue.size > 0 ? 0 : this.nowMs() - this.#usedMs;
  }

  open(address: Address, slots: number): void {
    this.#state = { is: 'open', address, slots };
    this.#usedMs = this.nowMs();
    this.#admit();
  }

  /** `slots`: how many there will be, for how many may wait. */
  hold(slots: number): void {
    this.#state = { is: 'held', slots };
  }

  /** Whoever waits is told; whoever is inside may finish. */
  shut(words: string): void {
    this.#state = { is: 'shut', words };
    this.#refuse({ outcome: 'shut', words });
  }

  /** Ends everything inside and waiting. Returns how many that were. */
  cancelAll(): number {
    const count = this.#inside.size + this.#queue.size;
    this.#refuse({ outcome: 'cancelled' });
    for (const inside of [...this.#inside]) inside.abort();
    return count;
  }

  /** Resolves when nobody is inside, or when so much time is up. True when nobody is. */
  async emptyWithin(ms: number): Promise<boolean> {
    if (this.#inside.size === 0) return true;
    return new Promise((resolve) => {
      const done = (empty: boolean) => {
        clearTimeout(timer);
        this.#onEmpty.delete(onEmpty);
        resolve(empty);
      };
      const onEmpty = () => done(true);
      const timer = setTimeout(() => done(false), ms);
      this.#onEmpty.add(onEmpty);
    });
  }

  /** Lets somebody in, now or in turn. `signal` fires when they have left. */
  enter(signal: AbortSignal): Promise<Entrance<Address>> {
    const state = this.#state;
    if (signal.aborted) return Promise.resolve({ outcome: 'left' });
    if (state.is === 'shut') return Promise.resolve({ outcome: 'shut', words: state.words });
    if (state.is === 'open' && this.#queue.size === 0 && this.#inside.size < state.slots)
      return Promise.resolve(this.#letIn(state.address));
    if (this.#queue.size >= queueFor(state.slots)) return Promise.resolve({ outcome: 'full' });
    return new Promise((resolve) => {
      const settle = (entrance: Entrance<Address>) => {
        clearTimeout(timer);
        signal.removeEventListener('abort', onLeft);
        this.#queue.delete(waiting);
        resolve(entrance);
      };
      const waiting: Waiting<Address> = { settle };
      const onLeft = () => settle({ outcome: 'left' });
      const timer = setTimeout(() => settle({ outcome: 'timed-out' }), this.waitMs);
      signal.addEventListener('abort', onLeft, { once: true });
      this.#queue.add(waiting);
    });
  }

  #letIn(address: Address): Entrance<Address> {
    const inside = new AbortController();
    this.#inside.add(inside);
    const release = () => {
      if (!this.#inside.delete(inside)) return;
      this.#usedMs = this.nowMs();
      this.#admit();
      if (this.#inside.size === 0) for (const tell of [...this.#onEmpty]) tell();
    };
    return { outcome: 'in', address, signal: inside.signal, release };
  }

  #admit(): void {
    const state = this.#state;
    if (state.is !== 'open') return;
    for (const waiting of this.#queue) {
      if (this.#inside.size >= state.slots) return;
      waiting.settle(this.#letIn(state.address));
    }
  }

  #refuse(entrance: Entrance<Address>): void {
    for (const waiting of [...this.#queue]) waiting.settle(entrance);
  }
}
