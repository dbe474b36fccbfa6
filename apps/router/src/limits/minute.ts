const CELLS = 60;
const CELL_MS = 1_000;

/**
 * Counts what happened in the last minute, to the second: never more than the limit in any sixty seconds, and no burst where
 * one minute ends and the next begins.
 */
export class Minute {
  readonly #cells = new Array<number>(CELLS).fill(0);
  #total = 0;
  /** The number of the newest second that was looked at. */
  #second = Number.NEGATIVE_INFINITY;

  /** What was counted within the last minute. */
  total(nowMs: number): number {
    this.#moveTo(nowMs);
    return this.#total;
  }

  add(amount: number, nowMs: number): void {
    this.#moveTo(nowMs);
    const index = this.#second % CELLS;
    this.#cells[index] = (this.#cells[index] ?? 0) + amount;
    this.#total += amount;
  }

  /** How long until no more than `most` is counted, if nothing is added. 0 when that is so already. */
  untilMs(most: number, nowMs: number): number {
    this.#moveTo(nowMs);
    let left = this.#total;
    if (left <= most) return 0;
    for (let age = CELLS - 1; age >= 0; age -= 1) {
      left -= this.#cells[(this.#second - age + CELLS) % CELLS] ?? 0;
      if (left <= most) return Math.max(1, (this.#second - age) * CELL_MS - nowMs);
    }
    return CELLS * CELL_MS;
  }

  #moveTo(nowMs: number): void {
    const second = Math.floor(nowMs / CELL_MS) + CELLS;
    if (second <= this.#second) return;
    if (second - this.#second >= CELLS) {
      this.#cells.fill(0);
      this.#total = 0;
    } else {
      for (let old = this.#second + 1; old <= second; old += 1) {
        this.#total -= this.#cells[old % CELLS] ?? 0;
        this.#cells[old % CELLS] = 0;
      }
    }
    this.#second = second;
  }
}
