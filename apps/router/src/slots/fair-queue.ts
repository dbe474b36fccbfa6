/**
 * A queue that is fair between keys: each key's own entries in the order of their coming, the keys in turn. A key that
 * sends a thousand waits behind itself and not before the others. How many it takes is for the caller to bound.
 */
export class FairQueue<T> {
  /** In the order in which the keys have their turn. */
  readonly #lines = new Map<string, T[]>();
  #size = 0;

  get size(): number {
    return this.#size;
  }

  push(key: string, entry: T): void {
    const line = this.#lines.get(key);
    if (line === undefined) this.#lines.set(key, [entry]);
    else line.push(entry);
    this.#size += 1;
  }

  /** Takes out whose turn it is: of the keys in turn the first entry that `fits`. That key then has its next turn last. */
  take(fits: (entry: T) => boolean = () => true): T | undefined {
    for (const [key, line] of this.#lines) {
      const index = line.findIndex(fits);
      if (index === -1) continue;
      const [entry] = line.splice(index, 1);
      this.#lines.delete(key);
      if (line.length > 0) this.#lines.set(key, line);
      this.#size -= 1;
      return entry;
    }
    return undefined;
  }

  /** Takes one entry out that need not wait any more. False when it is not in the queue. */
  remove(key: string, entry: T): boolean {
    const line = this.#lines.get(key);
    const index = line?.indexOf(entry) ?? -1;
    if (line === undefined || index === -1) return false;
    line.splice(index, 1);
    if (line.length === 0) this.#lines.delete(key);
    this.#size -= 1;
    return true;
  }

  /** How many have their turn before this entry does, as things are; undefined when it is not in the queue. */
  ahead(key: string, entry: T): number | undefined {
    const depth = this.#lines.get(key)?.indexOf(entry) ?? -1;
    if (depth === -1) return undefined;
    let ahead = depth;
    let before = true;
    for (const [other, line] of this.#lines) {
      if (other === key) before = false;
      else ahead += Math.min(line.length, before ? depth + 1 : depth);
    }
    return ahead;
  }

  /** Takes everything out, in the order of the turns. */
  drain(): T[] {
    const all: T[] = [];
    for (let entry = this.take(); entry !== undefined; entry = this.take()) all.push(entry);
    return all;
  }
}
