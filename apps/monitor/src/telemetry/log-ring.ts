import type { LogEntry } from '@muster/contracts';

const MAX_ENTRIES = 10_000;
const MAX_BYTES = 4 * 1024 * 1024;
/** An entry before it has its number. */
export type NewEntry = LogEntry extends infer Entry ? (Entry extends LogEntry ? Omit<Entry, 'n'> : never) : never;

interface Kept {
  readonly entry: LogEntry;
  readonly bytes: number;
}

/**
 * The last entries of one node's log, numbered without holes, from 1 or from where the kept ones end. Older ones make room, by
 * count and by bytes.
 */
export class LogRing {
  #kept: (Kept | undefined)[] = [];
  #first = 0;
  #bytes = 0;
  #last: number;

  /** `epoch` names this numbering: after a restart of the monitor, a number that was told and not kept may be given again. */
  constructor(
    readonly epoch: string,
    last = 0,
  ) {
    this.#last = last;
  }

  /** The number of the last entry; of the one before the first while there is none. */
  get last(): number {
    return this.#last;
  }

  /** The number of the oldest entry that is here; of the next one while there is none. */
  get oldest(): number {
    return this.#last - (this.#kept.length - this.#first) + 1;
  }

  /** Entries with numbers from `from` on and below `below` that are here, oldest first. */
  between(from: number, below: number): LogEntry[] {
    const start = Math.max(from, this.oldest);
    const end = Math.min(below, this.#last + 1);
    return start >= end
      ? []
      : this.#kept
          .slice(this.#first + start - this.oldest, this.#first + end - this.oldest)
          .flatMap((kept) => kept?.entry ?? []);
  }

  add(entry: NewEntry): LogEntry {
    this.#last += 1;
    const numbered: LogEntry = { ...entry, n: this.#last };
    const bytes = Buffer.byteLength(JSON.stringify(numbered)) + 1;
    this.#kept.push({ entry: numbered, bytes });
    this.#bytes += bytes;
    while (this.#kept.length - this.#first > MAX_ENTRIES || this.#bytes > MAX_BYTES) {
      this.#bytes -= this.#kept[this.#first]?.bytes ?? 0;
      this.#kept[this.#first] = undefined;
      this.#first += 1;
    }
    // Cut off in large pieces: taking the first off an array of 10,000 for each line would cost more than the line.
    if (this.#first > MAX_ENTRIES) {
      this.#kept = this.#kept.slice(this.#first);
      this.#first = 0;
    }
    return numbered;
  }
}
