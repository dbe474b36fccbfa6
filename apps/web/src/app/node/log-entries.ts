import type { LogEntry, LogLevel } from '@muster/contracts';
import { count } from '../ui/format.js';

/** As many entries as the page keeps of what comes in; older ones are with the Gateway. */
export const MOST_ENTRIES = 10_000;

/** The log of one node as the page has it. `epoch` is the monitor's numbering of `n`. */
export interface Log {
  readonly epoch: string;
  readonly entries: readonly LogEntry[];
  /** Older entries can be asked for. */
  readonly more: boolean;
}

/** The last number that an entry stands for: a gap that the Gateway found stands for each entry it counts. */
const endOf = (entry: LogEntry): number =>
  entry.kind === 'gap' && entry.where === 'gateway' ? entry.n + Math.max(1, entry.lost ?? 1) - 1 : entry.n;

/** Adds entries at the end, each once; a hole in their numbers is kept as a gap. Beyond 10,000 the oldest go, and can be asked for. */
export function append(log: Log, entries: readonly LogEntry[]): Log {
  const all = [...log.entries];
  for (const entry of entries) {
    const last = all.at(-1);
    const end = last === undefined ? entry.n - 1 : endOf(last);
    if (entry.n <= end) continue;
    const lost = entry.n - end - 1;
    if (lost > 0) all.push({ kind: 'gap', n: end + 0.5, at: timeOf(entry), lost, where: 'console' });
    all.push(entry);
  }
  const over = all.length - MOST_ENTRIES;
  return over > 0 ? { ...log, entries: all.slice(over), more: true } : { ...log, entries: all };
}

/** A new snapshot after an absence: what was there before stays when the two touch, so that nobody loses their place. */
export function rejoin(before: Log | undefined, snapshot: Log): Log {
  const first = snapshot.entries[0];
  const last = before?.entries.at(-1);
  if (before?.epoch !== snapshot.epoch || first === undefined || last === undefined || first.n > endOf(last) + 1)
    return snapshot;
  const kept = before.entries.filter(({ n }) => n < first.n);
  return append({ ...before, entries: kept }, snapshot.entries);
}

/** Puts older entries in front when they touch. */
export function prepend(log: Log, older: Log | undefined): Log {
  const first = log.entries[0];
  const last = older?.entries.at(-1);
  if (older?.epoch !== log.epoch || first === undefined || last === undefined) return log;
  const kept = older.entries.filter(({ n }) => n < first.n);
  const end = kept.at(-1);
  if (end === undefined || endOf(end) + 1 < first.n) return log;
  return { epoch: log.epoch, entries: [...kept, ...log.entries], more: older.more };
}

export const timeOf = (entry: LogEntry): string => (entry.kind === 'line' ? entry.line.at : entry.at);

const places = {
  node: 'on the node',
  link: 'on the way from the node',
  monitor: 'while the monitor was away',
  gateway: 'on the way to the Gateway',
  console: 'on the way to this page',
} as const;

/** An entry in words, as it stands in the list and as it is searched. */
export function textOf(entry: LogEntry): string {
  switch (entry.kind) {
    case 'line': {
      const { message, cutBytes } = entry.line;
      return cutBytes === undefined ? message : `${message} … ${count(cutBytes, 'byte')} cut off`;
    }
    case 'remark':
      return entry.message;
    case 'gap':
      return `${entry.lost === undefined ? 'Lines' : count(entry.lost, 'line')} lost here, ${places[entry.where]}`;
  }
}

/** Which entries are shown. Where lines were lost is always shown. */
export interface LogFilter {
  readonly levels: ReadonlySet<LogLevel>;
  readonly remarks: boolean;
  /** Only lines about this executor; absent for all lines. */
  readonly executorId?: string | undefined;
}

export const passes = (entry: LogEntry, { levels, remarks, executorId }: LogFilter): boolean => {
  switch (entry.kind) {
    case 'line':
      return levels.has(entry.line.level) && (executorId === undefined || entry.line.executorId === executorId);
    case 'remark':
      return remarks && executorId === undefined;
    case 'gap':
      return true;
  }
};

/** How many entries there are of each kind that can be switched on and off. */
export function countsOf(entries: readonly LogEntry[]): ReadonlyMap<LogLevel | 'gateway', number> {
  const counts = new Map<LogLevel | 'gateway', number>();
  for (const entry of entries) {
    const kind = entry.kind === 'line' ? entry.line.level : entry.kind === 'remark' ? 'gateway' : undefined;
    if (kind !== undefined) counts.set(kind, (counts.get(kind) ?? 0) + 1);
  }
  return counts;
}

/** The first entry that shows a time from `atMs` on; the last one when all are earlier. -1 without entries. */
export function indexAt(entries: readonly LogEntry[], atMs: number): number {
  const index = entries.findIndex((entry) => Date.parse(timeOf(entry)) >= atMs);
  return index === -1 ? entries.length - 1 : index;
}

/** The places in the list where the text is found, whatever the case; none for an empty text. */
export function findIn(entries: readonly LogEntry[], text: string): number[] {
  const wanted = text.toLowerCase();
  return wanted === ''
    ? []
    : entries.flatMap((entry, index) => (textOf(entry).toLowerCase().includes(wanted) ? [index] : []));
}

/** A text cut where it is to be marked. The pieces joined are the text. */
export function pieces(text: string, wanted: string): { text: string; hit: boolean }[] {
  if (wanted === '') return [{ text, hit: false }];
  const lower = text.toLowerCase();
  // Where lower case has another length, positions would not fit: then nothing is marked.
  if (lower.length !== text.length) return [{ text, hit: false }];
  const found: { text: string; hit: boolean }[] = [];
  let from = 0;
  for (let at = lower.indexOf(wanted.toLowerCase()); at >= 0; at = lower.indexOf(wanted.toLowerCase(), from)) {
    if (at > from) found.push({ text: text.slice(from, at), hit: false });
    found.push({ text: text.slice(at, at + wanted.length), hit: true });
    from = at + wanted.length;
  }
  if (from < text.length) found.push({ text: text.slice(from), hit: false });
  return found;
}
