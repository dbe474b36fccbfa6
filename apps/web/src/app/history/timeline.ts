import {
  cursorOf,
  type HistoryEntry,
  type HistoryFilter,
  type HistoryPlace,
  inFilter,
  newestFirst,
} from '@muster/contracts';
import { day } from '../ui/format.js';

/** A part of the history without a hole, newest first; `older` is where it goes on, or null at the beginning. */
export interface Timeline {
  readonly entries: readonly HistoryEntry[];
  readonly older: string | null;
}

/** So many of the newest entries stay with the page while it is open; older ones are fetched when somebody scrolls there. */
export const MOST_LIVE = 1_000;
/** So many are fetched into the past at most; whoever looks for more narrows the filter. */
export const MOST_FETCHED = 5_000;

/** Both, each entry once. */
export function union(one: readonly HistoryEntry[], other: readonly HistoryEntry[]): HistoryEntry[] {
  const all = new Map([...other, ...one].map((entry) => [entry.id, entry]));
  return [...all.values()].sort(newestFirst);
}

/** With what is new; beyond the bound the oldest go, and are fetched again when they are wanted. */
export function grow(timeline: Timeline, entries: readonly HistoryEntry[]): Timeline {
  const all = union(timeline.entries, entries);
  const last = all[MOST_LIVE - 1];
  return all.length <= MOST_LIVE || last === undefined
    ? { entries: all, older: timeline.older }
    : { entries: all.slice(0, MOST_LIVE), older: cursorOf(last) };
}

/** The newest entries after a new connection: joined to what was known where they touch it, and instead of it where not. */
export function rejoin(known: Timeline | undefined, newest: Timeline): Timeline {
  const ids = new Set(newest.entries.map(({ id }) => id));
  const touches = known?.entries.some(({ id }) => ids.has(id)) ?? false;
  if (known === undefined || newest.older === null || !touches) return newest;
  return grow(known, newest.entries);
}

/** What was fetched for a filter, and up to which entry it reaches: without one, up to the newest there was. */
export interface Fetched extends Timeline {
  readonly key: string;
  readonly upTo: HistoryPlace | undefined;
}

/** Whether nothing can be missing between what was fetched and what came live since. */
export function fits(live: Timeline, fetched: Fetched | undefined, key: string): fetched is Fetched {
  if (fetched?.key !== key) return false;
  const last = live.entries.at(-1);
  if (live.older === null || last === undefined) return true;
  return fetched.upTo !== undefined && newestFirst(fetched.upTo, last) <= 0;
}

export const isFiltered = (filter: HistoryFilter): boolean =>
  Object.values(filter).some((value) => value !== undefined && value !== '');

/** What is to be shown; undefined while the entries of a filter have still to be fetched. */
export function shown(live: Timeline, fetched: Fetched | undefined, filter: HistoryFilter): Timeline | undefined {
  const key = keyOf(filter);
  const fit = fits(live, fetched, key) ? fetched : undefined;
  if (!isFiltered(filter))
    return fit === undefined ? live : { entries: union(live.entries, fit.entries), older: fit.older };
  const matching = live.entries.filter((entry) => inFilter(entry, filter));
  if (live.older === null) return { entries: matching, older: null };
  return fit && { entries: union(matching, fit.entries), older: fit.older };
}

export const keyOf = (filter: HistoryFilter): string =>
  JSON.stringify(Object.entries(filter).sort(([one], [other]) => (one < other ? -1 : 1)));

export interface Day {
  readonly name: string;
  readonly entries: HistoryEntry[];
}

/** The entries under the days of the person's own time zone, newest first. */
export function byDay(entries: readonly HistoryEntry[], nowMs: number): Day[] {
  const days: Day[] = [];
  for (const entry of entries) {
    const name = nameOfDay(entry.at, nowMs);
    const last = days.at(-1);
    if (last?.name === name) last.entries.push(entry);
    else days.push({ name, entries: [entry] });
  }
  return days;
}

function nameOfDay(at: string, nowMs: number): string {
  const midnight = new Date(nowMs);
  midnight.setHours(0, 0, 0, 0);
  const ms = Date.parse(at);
  if (ms >= midnight.getTime()) return 'Today';
  midnight.setDate(midnight.getDate() - 1);
  return ms >= midnight.getTime() ? 'Yesterday' : day(at, nowMs);
}
