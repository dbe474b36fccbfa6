import {
  endedOf,
  type GraphWindow,
  type Grouping,
  MOST_LINES,
  MOST_TALLIES,
  type ReadSeries,
  type ReadTallies,
  type ReplyOf,
  type SeriesPoint,
  type Spread,
  type Tally,
  type WindowName,
  windows,
} from '@muster/contracts';
import { onDatabase } from '@muster/event-store';
import type { DataSource } from 'typeorm';
import { Cell } from './cell.js';
import { readCells } from './cells.table.js';
import { levelOf } from './levels.js';

type Series = ReplyOf<typeof ReadSeries>;

/** Where a window begins: so many whole steps back, the one under way among them. */
const beginOf = (window: WindowName, nowMs: number): number | undefined => {
  const { ms, stepMs } = windows[window];
  return ms === undefined ? undefined : Math.floor((nowMs - ms) / stepMs) * stepMs + stepMs;
};

const sumBy = <Key>(cells: readonly { key: Key; cell: Cell }[]): Map<Key, Cell> => {
  const sums = new Map<Key, Cell>();
  for (const { key, cell } of cells) {
    const sum = sums.get(key) ?? new Cell();
    sum.merge(cell);
    sums.set(key, sum);
  }
  return sums;
};

/** By what was served; the id decides between two that served as much, so that lines keep their places. */
const busiestFirst = (one: { id: string; tally: Tally }, other: { id: string; tally: Tally }): number =>
  endedOf(other.tally) - endedOf(one.tally) || other.tally.lost - one.tally.lost || (one.id < other.id ? -1 : 1);

/** What was counted in a window, told apart. Throws an Outage. */
export async function readTallies(
  database: DataSource,
  window: WindowName,
  by: Grouping,
  nowMs: number,
): Promise<ReplyOf<typeof ReadTallies>> {
  const fromMs = beginOf(window, nowMs);
  const { cells, more } = await onDatabase(() => readCells(database, levelOf[window], fromMs ?? 0, by));
  const tallies = [...sumBy(cells.map(({ id, cell }) => ({ key: id, cell })))]
    .map(([id, cell]) => ({ id, tally: cell.tally() }))
    .sort(busiestFirst)
    .map(({ id, tally }) => ({ of: { id }, tally }));
  return {
    from: fromMs === undefined ? null : new Date(fromMs).toISOString(),
    tallies: tallies.slice(0, MOST_TALLIES),
    more: more || tallies.length > MOST_TALLIES,
  };
}

/** The same in steps, for the busiest. Throws an Outage. */
export async function readSeries(
  database: DataSource,
  window: GraphWindow,
  by: Grouping,
  nowMs: number,
): Promise<Series> {
  const { stepMs } = windows[window];
  const fromMs = beginOf(window, nowMs) ?? 0;
  const { cells, more } = await onDatabase(() => readCells(database, levelOf[window], fromMs, by));
  const busiest = [...sumBy(cells.map(({ id, cell }) => ({ key: id, cell })))]
    .map(([id, cell]) => ({ id, tally: cell.tally() }))
    .sort(busiestFirst);
  const lines = busiest.slice(0, MOST_LINES).map(({ id }) => {
    const own = cells.filter((each) => each.id === id).map(({ slotMs, cell }) => ({ key: slotMs, cell }));
    const points = [...sumBy(own)].sort(([one], [other]) => one - other);
    return { of: { id }, points: points.map(([slotMs, cell]) => pointOf(slotMs, cell.tally())) };
  });
  return {
    from: new Date(fromMs).toISOString(),
    to: new Date(Math.floor(nowMs / stepMs) * stepMs + stepMs).toISOString(),
    ...{ stepMs, lines, more: more || busiest.length > MOST_LINES },
  };
}

function pointOf(slotMs: number, tally: Tally): SeriesPoint {
  const of = (spread: Spread | undefined): [number, number, number] | undefined =>
    spread && [spread.p50, spread.p95, spread.p99];
  const { failed, tokensIn, tokensOut } = tally;
  return {
    ...{ at: new Date(slotMs).toISOString(), ended: endedOf(tally), failed, tokensIn, tokensOut },
    ...(tally.queueMs && { queueMs: of(tally.queueMs) }),
    ...(tally.firstTokenMs && { firstTokenMs: of(tally.firstTokenMs) }),
    ...(tally.totalMs && { totalMs: of(tally.totalMs) }),
  };
}
