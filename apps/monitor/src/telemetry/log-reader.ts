import type { LogEntry, LogPage, ReadLog, RequestOf } from '@muster/contracts';
import { isOutage, onDatabase } from '@muster/event-store';
import type { LogRing } from './log-ring.js';
import { entryAt, oldestEntry, readEntries } from './log.table.js';
import type { Queries } from './queries.js';

/** A page goes in one message of the bus. */
const PAGE_BYTES = 512 * 1024;

/**
 * Reads a node's log in pages: the newest entries from memory, older ones from the table behind it. Where the table lacks
 * numbers, since the database was away for longer than entries could wait, a gap stands for them with its count. While the
 * database is away the newest entries are still shown; a page that is not in memory at all throws an Outage.
 */
export class LogReader {
  constructor(
    private readonly queries: Queries,
    private readonly nodeId: string,
    private readonly ring: LogRing,
  ) {}

  read(request: RequestOf<typeof ReadLog>): Promise<LogPage> {
    return onDatabase(() => this.#page(request));
  }

  async #page({ before, after, around, limit }: RequestOf<typeof ReadLog>): Promise<LogPage> {
    if (around !== undefined) {
      const n = (await entryAt(this.queries, this.nodeId, around)) ?? 0;
      return this.#forward(n - Math.floor(limit / 2) + 1, limit);
    }
    return after !== undefined ? this.#forward(after + 1, limit) : this.#backward(before ?? Infinity, limit);
  }

  async #backward(before: number, limit: number): Promise<LogPage> {
    const { ring } = this;
    const below = Math.min(before, ring.last + 1);
    const inMemory = ring.between(below - limit, below);
    const page = { epoch: ring.epoch, newer: below <= ring.last };
    try {
      const kept = await this.#keptBefore(Math.min(below, ring.oldest), limit - inMemory.length);
      const entries = lastOf(withGaps([...kept, ...inMemory]), limit);
      return { ...page, entries, more: await this.#isOlderThan(entries[0]) };
    } catch (error) {
      if (inMemory.length === 0 || !isOutage(error)) throw error;
      // Whether older ones are there is not known: whoever asks for them is told that the database is away.
      return { ...page, entries: lastOf(inMemory, limit), more: true };
    }
  }

  async #keptBefore(below: number, limit: number): Promise<LogEntry[]> {
    return limit === 0 ? [] : readEntries(this.queries, this.nodeId, { from: 0, below, limit, end: 'last' });
  }

  async #forward(from: number, limit: number): Promise<LogPage> {
    const { ring } = this;
    const kept =
      from >= ring.oldest
        ? []
        : await readEntries(this.queries, this.nodeId, { from, below: ring.oldest, limit, end: 'first' });
    const first = kept.length < limit ? Math.max(from, ring.oldest) : Infinity;
    const entries = cut(withGaps([...kept, ...ring.between(first, first + limit - kept.length)]), limit);
    const last = entries.at(-1);
    return {
      epoch: ring.epoch,
      entries,
      more: await this.#isOlderThan(entries[0]),
      newer: last !== undefined && last.n < ring.last,
    };
  }

  async #isOlderThan(first: LogEntry | undefined): Promise<boolean> {
    if (first === undefined) return false;
    if (first.n > this.ring.oldest) return true;
    const oldest = await oldestEntry(this.queries, this.nodeId);
    return oldest !== undefined && oldest < first.n;
  }
}

/** As many of the entries, from the first on, as fit into a page. */
function cut(entries: readonly LogEntry[], limit: number): LogEntry[] {
  const fitting: LogEntry[] = [];
  let bytes = 0;
  for (const entry of entries) {
    bytes += Buffer.byteLength(JSON.stringify(entry)) + 1;
    if (fitting.length === limit || bytes > PAGE_BYTES) break;
    fitting.push(entry);
  }
  return fitting;
}

/** The same from the last entry on. */
const lastOf = (entries: readonly LogEntry[], limit: number): LogEntry[] =>
  cut([...entries].reverse(), limit).reverse();

function withGaps(entries: readonly LogEntry[]): LogEntry[] {
  return entries.flatMap((entry, index): LogEntry[] => {
    const before = entries[index - 1];
    const lost = before === undefined ? 0 : entry.n - before.n - 1;
    if (lost <= 0) return [entry];
    const at = entry.kind === 'line' ? entry.line.at : entry.at;
    return [{ kind: 'gap', n: entry.n - 1, at, lost, where: 'monitor' }, entry];
  });
}
