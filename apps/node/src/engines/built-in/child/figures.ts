/** Over how many seconds the rate is taken. */
const WINDOW_S = 5;

/** What the run has done since its start. */
export class Figures {
  requests = 0;
  errors = 0;
  promptTokens = 0;
  readonly #totals: number[] = [];

  /** To be called once a second with all the tokens generated since the start. */
  tick(generatedTokens: number): void {
    this.#totals.push(generatedTokens);
    if (this.#totals.length > WINDOW_S + 1) this.#totals.shift();
  }

  /** Over the last five seconds, or as many as there were yet. */
  get tokensPerSecond(): number {
    const first = this.#totals[0];
    const last = this.#totals.at(-1);
    return first === undefined || last === undefined || this.#totals.length < 2
      ? 0
      : (last - first) / (this.#totals.length - 1);
  }
}
