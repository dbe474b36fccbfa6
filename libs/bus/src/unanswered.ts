/** Gone ones at the front are cleared away when they are so many, and more than half. */
const CLEAR_FROM = 256;

/**
 * What was sent and waits for its answer, each under a number that is never used again. In the order of sending, and answered
 * nearly in that order. An array and not a `Map`, for the reason that `Bag` of `libs/service` gives; it is as long as what came since the oldest that waits.
 */
export class Unanswered<T> {
  #sent: (T | undefined)[] = [];
  /** The number of the first in `#sent`. */
  #first = 1;
  /** How many at the front are gone. */
  #gone = 0;
  #size = 0;

  /** How many wait. */
  get size(): number {
    return this.#size;
  }

  /** Keeps it, and says its number. */
  add(sent: T): number {
    this.#size += 1;
    return this.#first + this.#sent.push(sent) - 1;
  }

  /** Takes it out; undefined when it is not there any more or never was. */
  take(number: number): T | undefined {
    const at = number - this.#first;
    const sent = this.#sent[at];
    if (sent === undefined) return undefined;
    this.#sent[at] = undefined;
    this.#size -= 1;
    while (this.#gone < this.#sent.length && this.#sent[this.#gone] === undefined) this.#gone += 1;
    if (this.#gone >= CLEAR_FROM && this.#gone * 2 > this.#sent.length) this.#clear();
    return sent;
  }

  /** Takes the oldest ones out, up to the first of which `tooLong` does not hold. */
  takeWhile(tooLong: (sent: T) => boolean): T[] {
    const taken: T[] = [];
    for (;;) {
      const oldest = this.#sent[this.#gone];
      if (oldest === undefined || !tooLong(oldest)) return taken;
      this.take(this.#first + this.#gone);
      taken.push(oldest);
    }
  }

  #clear(): void {
    this.#sent = this.#sent.slice(this.#gone);
    this.#first += this.#gone;
    this.#gone = 0;
  }
}
