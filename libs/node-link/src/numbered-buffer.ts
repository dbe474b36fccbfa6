/**
 * The last `capacity` items, numbered without holes from 1, or from where an earlier life left off. Adding to a full buffer lets the oldest go; who comes back for
 * it sees from `first` that it is gone. Memory is bounded by the capacity, however slow the readers.
 */
export class NumberedBuffer<T> {
  readonly #items: T[] = [];
  readonly #listeners = new Set<() => void>();
  #next: number;

  constructor(
    readonly capacity: number,
    private readonly start = 1,
  ) {
    this.#next = start;
  }

  /** The number of the oldest item that is still here; equal to `next` while there is none. */
  get first(): number {
    return Math.max(this.start, this.#next - this.capacity);
  }

  /** The number that the next item will have. */
  get next(): number {
    return this.#next;
  }

  /** Adds an item and returns its number. */
  add(item: T): number {
    const seq = this.#next;
    this.#items[seq % this.capacity] = item;
    this.#next += 1;
    for (const listener of this.#listeners) listener();
    return seq;
  }

  /** The items from number `from` on, at most `most`, oldest first. Empty when `from` is not here. */
  read(from: number, most: number): { seq: number; item: T }[] {
    const found: { seq: number; item: T }[] = [];
    if (from < this.first) return found;
    for (let seq = from; seq < this.#next && found.length < most; seq += 1)
      found.push({ seq, item: this.#items[seq % this.capacity] as T });
    return found;
  }

  /** Calls `listener` after each added item. Returns what ends that. */
  onAdd(listener: () => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }
}
