import { OpenAiError } from './openai-error.js';

/** A slot in use by one request; to be released exactly when the request has ended. */
export interface Claimed<T> {
  readonly item: T;
  release(): void;
}

interface Waiting<T> {
  readonly give: (item: T) => void;
}

/**
 * The requests that are answered at the same time, and behind them those that wait for their turn, first come first
 * served. When the line is full, the next one is turned away with 503 and shall come again.
 */
export class Slots<T> {
  readonly #free: Set<T>;
  readonly #line: Waiting<T>[] = [];
  #inFlight = 0;

  constructor(
    readonly items: readonly T[],
    private readonly maxWaiting: number,
  ) {
    this.#free = new Set(items);
  }

  get inFlight(): number {
    return this.#inFlight;
  }
  get queued(): number {
    return this.#line.length;
  }

  /**
   * A slot for a request: of the free ones that with the best `fit`. Rejects with OpenAiError when the line is full, and
   * with the signal's reason when the caller leaves while it waits.
   */
  async claim(signal: AbortSignal, fit: (item: T) => number): Promise<Claimed<T>> {
    signal.throwIfAborted();
    const [best] = [...this.#free].map((item) => ({ item, fit: fit(item) })).sort((a, b) => b.fit - a.fit);
    if (best !== undefined) {
      this.#free.delete(best.item);
      return this.#claimed(best.item);
    }
    if (this.#line.length >= this.maxWaiting)
      throw new OpenAiError(503, 'All slots are in use and the line behind them is full. Try again.', 'queue_full');
    return new Promise<Claimed<T>>((resolve, reject) => {
      const leave = () => {
        this.#line.splice(this.#line.indexOf(waiting), 1);
        reject(signal.reason as Error);
      };
      const waiting: Waiting<T> = {
        give: (item) => {
          signal.removeEventListener('abort', leave);
          resolve(this.#claimed(item));
        },
      };
      signal.addEventListener('abort', leave, { once: true });
      this.#line.push(waiting);
    });
  }

  #claimed(item: T): Claimed<T> {
    this.#inFlight += 1;
    let held = true;
    return {
      item,
      release: () => {
        if (!held) return;
        held = false;
        this.#inFlight -= 1;
        const next = this.#line.shift();
        if (next === undefined) this.#free.add(item);
        else next.give(item);
      },
    };
  }
}
