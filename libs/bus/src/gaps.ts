/** How many were lost before this one: a count, or `unknown` where the numbering began anew and nobody can tell. */
export type Lost = number | 'unknown';

/** So many numberings are kept in mind; the one not heard of for longest is forgotten, and begins anew when heard again. */
const MAX_SOURCES = 10_000;

/**
 * Watches the numbers of many sources for holes. A source numbers without holes within one `life`; in another life it
 * begins again.
 */
export class GapCounter {
  readonly #last = new Map<string, { life: string; number: number }>();

  /**
   * How many were lost just before these (`first` to `last`); undefined when they are older than what came before, so that
   * they must be passed over. `unknown` when the source has begun another life.
   */
  take(source: string, life: string, first: number, last = first): Lost | undefined {
    const before = this.#last.get(source);
    if (before?.life === life && last <= before.number) return undefined;
    this.#last.delete(source);
    this.#last.set(source, { life, number: last });
    const [oldest] = this.#last.keys();
    if (this.#last.size > MAX_SOURCES && oldest !== undefined) this.#last.delete(oldest);
    if (before === undefined) return 0;
    return before.life === life ? Math.max(0, first - before.number - 1) : 'unknown';
  }

  /** The next one of this source is the first of it. */
  forget(source: string): void {
    this.#last.delete(source);
  }
}
