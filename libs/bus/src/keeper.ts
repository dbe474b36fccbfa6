import { fullJitter, sleep } from './backoff.js';
import type { Connection } from './connection.js';
import type { Stoppable } from './notice.js';

interface Writable<Value> {
  put(key: string, value: Value): Promise<void>;
  delete(key: string): Promise<void>;
}

/**
 * Wanted against actual for a bucket: it is told what a key should hold and writes until that is so, again after an outage
 * and all of it after the store was lost. Only the last value of a key counts; the ones before it may never be written.
 * It holds one value a key and nothing else.
 */
export class Keeper<Value> implements Stoppable {
  readonly #wanted = new Map<string, Value>();
  /** Keys whose value, or absence, is still to be written. */
  readonly #due = new Set<string>();
  readonly #stopping = new AbortController();
  #writing: Promise<void> | undefined;
  readonly #off: () => void;

  constructor(
    private readonly bucket: Writable<Value>,
    private readonly connection: Connection,
    onLost: (handler: () => void) => () => void,
  ) {
    this.#off = onLost(() => {
      for (const key of this.#wanted.keys()) this.#due.add(key);
      this.#write();
    });
  }

  set(key: string, value: Value): void {
    this.#wanted.set(key, value);
    this.#due.add(key);
    this.#write();
  }

  delete(key: string): void {
    this.#wanted.delete(key);
    this.#due.add(key);
    this.#write();
  }

  /** Resolves when nothing is left to be written. While the bus is away that may take as long as that. */
  async settled(): Promise<void> {
    while (this.#writing !== undefined) await this.#writing;
  }

  /** Writes nothing more, not even what is due. */
  async stop(): Promise<void> {
    this.#off();
    this.#stopping.abort();
    await this.settled();
  }

  #write(): void {
    if (this.#stopping.signal.aborted) return;
    this.#writing ??= this.#writeAll().finally(() => {
      this.#writing = undefined;
      if (this.#due.size > 0) this.#write();
    });
  }

  async #writeAll(): Promise<void> {
    const { signal } = this.#stopping;
    for (let failures = 0; !signal.aborted;) {
      const [key] = this.#due;
      if (key === undefined) return;
      this.#due.delete(key);
      try {
        await this.connection.up(signal);
        if (signal.aborted) return;
        const value = this.#wanted.get(key);
        await (value === undefined ? this.bucket.delete(key) : this.bucket.put(key, value));
        failures = 0;
      } catch (error) {
        this.#due.add(key);
        failures += 1;
        if (this.connection.state === 'up' && failures === 1)
          this.connection.notify({ notice: 'reopening', what: `the value of ${key}`, error });
        await sleep(fullJitter(failures, { baseMs: 200, capMs: 5_000 }, this.connection.random), signal);
      }
    }
  }
}
