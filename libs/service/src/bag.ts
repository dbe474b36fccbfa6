/** Something that can lie in one bag. */
export interface Carried {
  /** Where it lies: for the bag alone. */
  index: number;
}

/**
 * Things that come and go many thousand times a second, in no order.
 *
 * Not a `Set`: one whose table is full of what was taken out gets another table, and the one it had keeps what was in it and knows its
 * successor, for iterators that are under way (V8's `OrderedHashTable::Rehash`). Once a collection of the whole heap has moved
 * one such table to the old objects, every later one hangs on it in a chain, with what was in the set when it was made, and is moved there as well.
 * In the router a fifth of everything that was made outlived its time by that: a quarter of the processor time, and the longest answers.
 */
export class Bag<T extends Carried> {
  readonly #things: T[] = [];

  get size(): number {
    return this.#things.length;
  }

  /** What is in it now: a copy, so that it may change meanwhile. */
  get all(): T[] {
    return [...this.#things];
  }

  /** Puts something in that is in no bag. */
  add(thing: T): void {
    thing.index = this.#things.push(thing) - 1;
  }

  /** Takes something out that is in it. */
  remove(thing: T): void {
    const { index } = thing;
    if (this.#things[index] !== thing) throw new Error('It is not in this bag');
    const last = this.#things.pop();
    if (last === undefined || last === thing) return;
    last.index = index;
    this.#things[index] = last;
  }
}
