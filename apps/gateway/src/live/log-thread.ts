import type { LogEntry, LogSnapshot, NodeLog } from '@muster/contracts';

/** What a page gets at once; older entries are fetched page by page. */
export const SHOWN_ENTRIES = 1_000;

/** The most that one message carries, about; well under what holds a socket up. */
const MOST_BYTES = 192 * 1024;

/** About what an entry weighs as JSON. */
const weigh = (entry: LogEntry): number => 160 + (entry.kind === 'line' ? entry.line.message.length : 64);

/** Entries in order, the oldest let go when they become too many or too heavy. */
class Window {
  readonly entries: LogEntry[] = [];
  #bytes = 0;

  push(entry: LogEntry): void {
    this.entries.push(entry);
    this.#bytes += weigh(entry);
  }

  /** Lets go of the oldest until the rest fits; what was let go, oldest first. */
  trim(): LogEntry[] {
    let drop = Math.max(0, this.entries.length - SHOWN_ENTRIES);
    let bytes = this.#bytes;
    for (const [index, entry] of this.entries.entries()) {
      if (index >= drop && bytes <= MOST_BYTES) break;
      bytes -= weigh(entry);
      drop = Math.max(drop, index + 1);
    }
    this.#bytes = bytes;
    return this.entries.splice(0, drop);
  }

  clear(): LogEntry[] {
    this.#bytes = 0;
    return this.entries.splice(0);
  }
}

/**
 * The log of one node as a page gets it: the last entries that the monitor kept, then new ones a few times a second. It
 * listens before it asks, so nothing falls between; what comes twice is taken once; a hole in the monitor's numbers
 * becomes a gap entry with its count. When lines come faster than they can be shown the oldest of them make way, counted
 * in the same way.
 */
export class LogThread {
  readonly #shown = new Window();
  readonly #pending = new Window();
  /** Early messages wait for the monitor's answer; when they are too many the thread is lost and taken up anew. */
  #early: NodeLog[] | undefined = [];
  #epoch: string;
  #next: number | undefined;
  #more = false;

  /** `unknownEpoch` names the numbering while no monitor has named its own. */
  constructor(unknownEpoch: string) {
    this.#epoch = unknownEpoch;
  }

  /** The monitor's answer, or undefined when none holds the node. False when the thread is lost: ask again. */
  begin(answer: { epoch: string; entries: readonly LogEntry[]; more: boolean } | undefined, at: string): boolean {
    const early = this.#early ?? [];
    this.#early = undefined;
    if (answer !== undefined) {
      this.#epoch = answer.epoch;
      this.#more = answer.more;
      for (const entry of answer.entries) this.#shown.push(entry);
      this.#next = (answer.entries.at(-1)?.n ?? 0) + 1;
      this.#trimShown();
    }
    const kept = early.length <= MOST_EARLY && early.every((log) => this.add(log, at));
    this.flush();
    return kept;
  }

  /** Takes new entries. False when they belong to another numbering: the monitor began anew, and so must whoever shows it. */
  add(log: NodeLog, at: string): boolean {
    if (this.#early !== undefined) {
      if (this.#early.length <= MOST_EARLY) this.#early.push(log);
      return true;
    }
    if (log.epoch !== this.#epoch) return false;
    for (const entry of log.entries) this.#take(entry, at);
    const crowdedOut = this.#pending.trim();
    const [first] = crowdedOut;
    if (first !== undefined)
      this.#crowdOut(
        first.n,
        crowdedOut.reduce((sum, entry) => sum + linesOf(entry), 0),
        at,
      );
    return true;
  }

  /** What is new since the flush before, for the members of the room. */
  flush(): LogEntry[] {
    const entries = this.#pending.clear();
    for (const entry of entries) this.#shown.push(entry);
    this.#trimShown();
    return entries;
  }

  snapshot(): LogSnapshot {
    return { logEpoch: this.#epoch, entries: [...this.#shown.entries], more: this.#more };
  }

  #take(entry: LogEntry, at: string): void {
    const next = this.#next ?? entry.n;
    if (entry.n < next) return;
    if (entry.n > next) this.#pending.push({ kind: 'gap', n: next, at, lost: entry.n - next, where: 'gateway' });
    this.#pending.push(entry);
    this.#next = entry.n + 1;
  }

  #crowdOut(n: number, lost: number, at: string): void {
    const rest = this.#pending.clear();
    this.#pending.push({ kind: 'gap', n, at, lost, where: 'gateway' });
    for (const entry of rest) this.#pending.push(entry);
  }

  #trimShown(): void {
    if (this.#shown.trim().length > 0) this.#more = true;
  }
}

const MOST_EARLY = 200;

/** How many entries are missing where this one stood: a gap of our own stands for those it counts. */
const linesOf = (entry: LogEntry): number =>
  entry.kind === 'gap' && entry.where === 'gateway' ? (entry.lost ?? 1) : 1;
