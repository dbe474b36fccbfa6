import type { Cursor, LoggedFact } from './fact-log.js';

/** What stays in memory of a stream, for all readers near its end together. */
const MOST_FACTS = 4_096;
const MOST_CHARACTERS = 8 * 1024 * 1024;
/** Readers are woken together, so that a burst of facts wakes each once. */
const WAKE_AFTER_MS = 5;

/** The newest facts of one stream. Whoever stands before the oldest of them reads from the server. */
export class FactRing {
  #facts: LoggedFact[] = [];
  #characters = 0;
  #life: string | undefined;
  /** Everything after this number that there is is here. */
  #base = 0;
  #end = 0;
  readonly #waiting = new Set<() => void>();
  #waking = false;

  /** The stream is followed after the message with this number. */
  opened(life: string, after: number, anew: boolean): void {
    if (this.#life !== undefined && !anew) return;
    this.#facts = [];
    this.#characters = 0;
    this.#life = life;
    this.#base = after;
    this.#end = after;
    this.#wake();
  }

  /** The next message; undefined for one that is no fact. */
  add(sequence: number, fact: LoggedFact | undefined): void {
    this.#end = sequence;
    if (fact !== undefined) {
      this.#facts.push(fact);
      this.#characters += fact.json.length;
    }
    if (this.#facts.length > MOST_FACTS || this.#characters > MOST_CHARACTERS) this.#dropOldest();
    this.#wake();
  }

  covers({ life, sequence }: Cursor): boolean {
    return life === this.#life && sequence >= this.#base;
  }

  /** Whether a read would bring something: more facts, or that the stream is another. */
  hasMore(cursor: Cursor): boolean {
    return this.#life !== undefined && (cursor.life !== this.#life || cursor.sequence < this.#end);
  }

  /** The facts after a cursor that is covered, and how far they go. */
  after({ sequence, at }: Cursor, most: number): { facts: LoggedFact[]; sequence: number } {
    const from = firstAfter(this.#facts, sequence);
    const taken = this.#facts.slice(from, from + most);
    const isAll = from + most >= this.#facts.length;
    return {
      facts: taken.filter((fact) => fact.at > at),
      sequence: Math.max(sequence, isAll ? this.#end : (taken.at(-1)?.sequence ?? sequence)),
    };
  }

  /** Calls once when there is more; returns what ends the wait. */
  onGrown(handler: () => void): () => void {
    this.#waiting.add(handler);
    return () => this.#waiting.delete(handler);
  }

  /** A quarter at once: to take the first from a long array each time would cost more than it frees. */
  #dropOldest(): void {
    const dropped = this.#facts.splice(0, Math.max(1, this.#facts.length >> 2));
    for (const { json } of dropped) this.#characters -= json.length;
    this.#base = dropped.at(-1)?.sequence ?? this.#base;
  }

  #wake(): void {
    if (this.#waking) return;
    this.#waking = true;
    setTimeout(() => {
      this.#waking = false;
      const waiting = [...this.#waiting];
      this.#waiting.clear();
      for (const handler of waiting) handler();
    }, WAKE_AFTER_MS).unref();
  }
}

/** Where the first fact after this number is. */
function firstAfter(facts: readonly LoggedFact[], sequence: number): number {
  let [low, high] = [0, facts.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((facts[middle]?.sequence ?? 0) <= sequence) low = middle + 1;
    else high = middle;
  }
  return low;
}
