import { cursorOf } from '@muster/contracts';
import { anEntry } from '../testing/examples.js';
import { byDay, type Fetched, grow, keyOf, MOST_LIVE, rejoin, shown, type Timeline } from './timeline.js';

const entries = (...numbers: number[]) => numbers.map((number) => anEntry(number));
const live = (older: string | null, ...numbers: number[]): Timeline => ({ entries: entries(...numbers), older });
const numbers = (timeline: Timeline | undefined) => timeline?.entries.map(({ position }) => position);
const fetched = (upTo: number, filter: object, ...held: number[]): Fetched => ({
  ...{ key: keyOf(filter), upTo: anEntry(upTo), entries: entries(...held), older: 'older' },
});

describe('the live end of the history', () => {
  it('takes in what is new at its place, once', () => {
    expect(numbers(grow(live(null, 3, 1), entries(2, 3, 4)))).toEqual([4, 3, 2, 1]);
  });

  it('lets go of the oldest beyond its bound, and tells where they are to be fetched', () => {
    const full = Array.from({ length: MOST_LIVE }, (_, index) => MOST_LIVE - index);
    const grown = grow(live(null, ...full), entries(MOST_LIVE + 1));
    expect(grown.entries).toHaveLength(MOST_LIVE);
    expect(grown.older).toBe(cursorOf(anEntry(2)));
  });

  it('goes on after a new connection where it touches what was known, and begins anew where it does not', () => {
    expect(numbers(rejoin(live('x', 3, 2, 1), live('y', 5, 4, 3)))).toEqual([5, 4, 3, 2, 1]);
    expect(rejoin(live('x', 3, 2, 1), live('y', 9, 8))).toEqual(live('y', 9, 8));
  });
});

describe('what is shown of the history', () => {
  it('is the live end and what was fetched before it', () => {
    expect(numbers(shown(live('x', 5, 4), undefined, {}))).toEqual([5, 4]);
    expect(numbers(shown(live('x', 5, 4), fetched(4, {}, 3, 2), {}))).toEqual([5, 4, 3, 2]);
  });

  it('leaves out what was fetched when entries may be missing in between', () => {
    expect(numbers(shown(live('x', 9, 8), fetched(4, {}, 3, 2), {}))).toEqual([9, 8]);
  });

  it('waits for the entries of a filter, and adds those that come live', () => {
    const filter = { text: 'gpu-1' };
    expect(shown(live('x', 5, 4), undefined, filter)).toBeUndefined();
    expect(shown(live('x', 5, 4), fetched(5, { text: 'other' }, 1), filter)).toBeUndefined();
    expect(numbers(shown(live('x', 11, 10, 5, 4), fetched(5, filter, 1), filter))).toEqual([11, 10, 1]);
  });

  it('needs nothing fetched for a filter while the whole history is here', () => {
    expect(numbers(shown(live(null, 11, 5, 1), undefined, { text: 'gpu-1' }))).toEqual([11, 1]);
  });

  it('stands under its days', () => {
    const now = new Date(2026, 10, 23, 12).getTime();
    const at = (...date: [number, number, number, number]) => new Date(...date).toISOString();
    const dated = [
      at(2026, 10, 23, 9),
      at(2026, 10, 23, 1),
      at(2026, 10, 22, 23),
      at(2026, 10, 3, 1),
      at(2025, 0, 1, 1),
    ];
    const days = byDay(
      dated.map((each, index) => ({ ...anEntry(9 - index), at: each })),
      now,
    );
    expect(days.map(({ name, entries: held }) => [name, held.length])).toEqual([
      ...[
        ['Today', 2],
        ['Yesterday', 1],
        ['3 Nov', 1],
        ['1 Jan 2025', 1],
      ],
    ]);
  });
});
