import { cursorOf, type FactFamilyName, type HistoryEntry, type HistoryPage, newestFirst } from '@muster/contracts';

/** What a page gets at once; older entries are fetched page by page. */
export const SHOWN_HISTORY = 100;

/**
 * The newest of the timeline as one room gets it: of its families alone, each entry once, at most so many. It listens
 * before it asks, so nothing falls between the answer and what joins after it.
 */
export class HistoryThread {
  /** Newest first. */
  #entries: HistoryEntry[] = [];
  #more = false;

  constructor(private readonly families: readonly FactFamilyName[]) {}

  /** The registry's newest page, of any families. */
  begin({ entries, older }: HistoryPage): void {
    this.#more = older !== null;
    for (const entry of entries) this.add(entry);
  }

  /** False when it is of another family, or known. */
  add(entry: HistoryEntry): boolean {
    if (!this.families.includes(entry.family) || this.#entries.some(({ id }) => id === entry.id)) return false;
    this.#entries = [...this.#entries, entry].sort(newestFirst);
    if (this.#entries.length > SHOWN_HISTORY) this.#more = true;
    this.#entries.length = Math.min(this.#entries.length, SHOWN_HISTORY);
    return true;
  }

  snapshot(): HistoryPage {
    const last = this.#entries.at(-1);
    return { entries: [...this.#entries], older: this.#more && last !== undefined ? cursorOf(last) : null };
  }
}
