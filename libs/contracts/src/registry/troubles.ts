import type { IntegrationTrouble } from './http-reading.js';

const MOST_OUTSIDERS = 200;
/** So many kinds are told of one outsider. */
export const MOST_TROUBLES = 16;
const KEPT_MS = 24 * 60 * 60 * 1000;

/** What was refused to which outsider, by kind: the newest 16 kinds of each, for a day, in memory alone. */
export class Troubles {
  readonly #of = new Map<string, Map<string, { count: number; at: string }>>();

  /** Counts one, and says whether it is the first of its kind. `at` in ISO 8601. */
  note(outsider: string, words: string, at: string): boolean {
    const known = this.#of.get(outsider) ?? new Map<string, { count: number; at: string }>();
    const before = known.get(words);
    known.delete(words);
    known.set(words, { count: (before?.count ?? 0) + 1, at });
    forgetOldest(known, MOST_TROUBLES);
    this.#of.delete(outsider);
    this.#of.set(outsider, known);
    forgetOldest(this.#of, MOST_OUTSIDERS);
    return before === undefined;
  }

  /** Newest first. */
  of(outsider: string, now: string): IntegrationTrouble[] {
    return [...(this.#of.get(outsider) ?? [])]
      .map(([words, { count, at }]) => ({ words, count, at }))
      .filter(({ at }) => Date.parse(now) - Date.parse(at) < KEPT_MS)
      .reverse();
  }
}

/** What several have told as one: each kind once, with how often in all and the newest time; the newest 16 kinds, newest first. */
export function troublesTogether(told: readonly (readonly IntegrationTrouble[])[]): IntegrationTrouble[] {
  const kinds = new Map<string, IntegrationTrouble>();
  for (const each of told.flat()) {
    const known = kinds.get(each.words);
    const at = known !== undefined && known.at > each.at ? known.at : each.at;
    kinds.set(each.words, { ...each, count: each.count + (known?.count ?? 0), at });
  }
  return [...kinds.values()].sort((one, other) => (one.at < other.at ? 1 : -1)).slice(0, MOST_TROUBLES);
}

function forgetOldest(map: Map<string, unknown>, most: number): void {
  const [oldest] = map.keys();
  if (map.size > most && oldest !== undefined) map.delete(oldest);
}
