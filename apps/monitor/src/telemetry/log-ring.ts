import type { LogEntry, ReadLog, ReplyOf } from '@muster/contracts';

const MAX_ENTRIES = 10_000;
const MAX_BYTES = 4 * 1024 * 1024;
/** A page goes in one message of the bus. */
const PAGE_BYTES = 512 * 1024;

/** An entry before it has its number. */
export type NewEntry = LogEntry extends infer Entry ? (Entry extends LogEntry ? Omit<Entry, 'n'> : never) : never;

interface Kept {
  readonly entry: LogEntry;
  readonly bytes: number;
}

/** The last entries of one node's log, numbered without holes from 1. Older ones make room, by count and by bytes. */
export class LogRing {
  #kept: (Kept | undefined)[] = [];
  #first = 0;
  #bytes = 0;
  #last = 0;

  /** `epoch` names this numbering: a monitor that starts anew counts anew. */
  constructor(readonly epoch: string) {}

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

  /** The last `limit` entries before `before`, oldest first, as many as fit into a page. */
  read({ before = Infinity, limit }: { before?: number | undefined; limit: number }): ReplyOf<typeof ReadLog> {
    const oldest = this.#last - (this.#kept.length - this.#first) + 1;
    const end = Math.min(before, this.#last + 1);
    const entries: LogEntry[] = [];
    let bytes = 0;
    let n = end - 1;
    for (; n >= oldest && entries.length < limit; n--) {
      const kept = this.#kept[this.#first + n - oldest];
      if (kept === undefined || bytes + kept.bytes > PAGE_BYTES) break;
      bytes += kept.bytes;
      entries.push(kept.entry);
    }
    return { epoch: this.epoch, entries: entries.reverse(), more: n >= oldest && oldest <= this.#last };
  }
}
