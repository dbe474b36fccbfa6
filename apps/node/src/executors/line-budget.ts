/** A run may write so many lines to the node's log within a second: loading a model takes some hundreds at once. */
export const LINES_A_SECOND = 1_000;

/** Keeps an engine that writes without end from filling the node's log: what is too much is counted, and the count told. */
export class LineBudget {
  #sinceMs: number;
  #written = 0;
  #leftOut = 0;

  constructor(nowMs: number) {
    this.#sinceMs = nowMs;
  }

  /** Whether a line may be written, and how many before it were left out that nobody was told of yet. */
  take(nowMs: number): { write: boolean; leftOut: number } {
    if (nowMs - this.#sinceMs >= 1_000) {
      this.#sinceMs = nowMs;
      this.#written = 0;
    }
    if (this.#written >= LINES_A_SECOND) {
      this.#leftOut += 1;
      return { write: false, leftOut: 0 };
    }
    this.#written += 1;
    return { write: true, leftOut: this.rest() };
  }

  /** How many were left out that nobody was told of yet: told by whoever asks. */
  rest(): number {
    const leftOut = this.#leftOut;
    this.#leftOut = 0;
    return leftOut;
  }
}

/** What the log says in their place. */
export const leftOutWords = (lines: number): string =>
  `${lines === 1 ? 'One line' : `${lines} lines`} left out here: they came too fast`;
