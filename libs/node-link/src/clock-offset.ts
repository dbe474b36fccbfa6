/** So many answers are remembered. */
const ANSWERS = 8;

/**
 * How far another clock is ahead, from what it read as it answered. The answer that came back quickest says it best: the other
 * clock was read somewhere within the round trip, so the error is half of that at most (RFC 5905 10, the clock filter).
 */
export class ClockOffset {
  readonly #answers: { readonly offsetMs: number; readonly roundTripMs: number }[] = [];

  /** Milliseconds, negative when it is behind; undefined before the first answer. */
  get offsetMs(): number | undefined {
    const [first, ...rest] = this.#answers;
    if (first === undefined) return undefined;
    return rest.reduce((best, answer) => (answer.roundTripMs < best.roundTripMs ? answer : best), first).offsetMs;
  }

  /** An answer: what the other clock read, and when it came by this one, after so long. */
  heard(theirsMs: number, oursMs: number, roundTripMs: number): void {
    const offsetMs = theirsMs - (oursMs - roundTripMs / 2);
    const before = this.offsetMs;
    // A clock that was set is another clock: what it said before proves nothing.
    if (before !== undefined && Math.abs(offsetMs - before) > roundTripMs + JUMP_MS) this.#answers.length = 0;
    this.#answers.push({ offsetMs, roundTripMs });
    if (this.#answers.length > ANSWERS) this.#answers.shift();
  }
}

/** More than drift and a late timer can explain. */
const JUMP_MS = 1_000;
