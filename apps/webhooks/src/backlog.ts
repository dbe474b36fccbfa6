/** Something to deliver: `key` says with what it keeps its order. */
export interface Item {
  readonly key: string;
  /** Everything up to it in the order of reading, it included. */
  readonly position: string;
  /** Names it beyond the position: `<stream>:<number>`. */
  readonly mark: string;
}

/**
 * What was read and is not delivered yet, at most `room` at a time. Items of one key come one after the other; those of different
 * keys do not wait for each other. Pure: times are not its matter.
 */
export class Backlog<T extends Item> {
  /** In the order of reading; what is delivered leaves from the front. */
  readonly #read: { readonly item: T; done: boolean }[] = [];
  readonly #queues = new Map<string, { readonly item: T; done: boolean }[]>();
  readonly #ready: T[] = [];
  #position: string;

  constructor(
    position: string,
    private readonly room: number,
  ) {
    this.#position = position;
  }

  /** Up to where everything is delivered. */
  get position(): string {
    return this.#position;
  }

  /** What is delivered beyond it. */
  get done(): string[] {
    return this.#read.filter(({ done }) => done).map(({ item }) => item.mark);
  }

  get free(): number {
    return Math.max(0, this.room - this.#read.length);
  }

  get size(): number {
    return this.#read.length;
  }

  /** One more that was read. `done`: it was delivered before, or is nothing for this receiver. */
  add(item: T, done: boolean): void {
    const entry = { item, done };
    this.#read.push(entry);
    if (done) {
      this.#advance();
      return;
    }
    const queue = this.#queues.get(item.key);
    if (queue !== undefined) {
      queue.push(entry);
      return;
    }
    this.#queues.set(item.key, [entry]);
    this.#ready.push(item);
  }

  /** Nothing was read up to there, but that is how far the reading is. */
  reached(position: string): void {
    if (this.#read.length === 0) this.#position = position;
  }

  /** The next to deliver; it is at the head of its key, and is given once until it is `delivered` or `failed`. */
  take(): T | undefined {
    return this.#ready.shift();
  }

  delivered(item: T): void {
    const queue = this.#queues.get(item.key);
    const entry = queue?.shift();
    if (entry === undefined || entry.item !== item) throw new Error('Delivered out of order');
    entry.done = true;
    const [next] = queue ?? [];
    if (next === undefined) this.#queues.delete(item.key);
    else this.#ready.push(next.item);
    this.#advance();
  }

  /** It may be tried again now. */
  again(item: T): void {
    this.#ready.push(item);
  }

  #advance(): void {
    let delivered = 0;
    while (this.#read[delivered]?.done === true) delivered += 1;
    const last = this.#read[delivered - 1];
    if (last === undefined) return;
    this.#position = last.item.position;
    this.#read.splice(0, delivered);
  }
}
