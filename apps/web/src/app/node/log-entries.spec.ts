import type { LogEntry } from '@muster/contracts';
import fc from 'fast-check';
import { aLine, AT } from '../testing/examples.js';
import {
  append,
  countsOf,
  findIn,
  indexAt,
  type Log,
  MOST_ENTRIES,
  passes,
  pieces,
  prepend,
  rejoin,
  textOf,
} from './log-entries.js';

const empty: Log = { epoch: 'e', entries: [], more: false };
const lines = (...numbers: number[]): LogEntry[] => numbers.map((n) => aLine(n));
const log = (...numbers: number[]): Log => ({ ...empty, entries: lines(...numbers) });
const numbers = ({ entries }: Log): number[] => entries.map(({ n }) => n);

describe('the log on the page', () => {
  it('can be narrowed to the lines about one executor', () => {
    const about = (n: number, executorId: string): LogEntry => {
      const entry = aLine(n);
      return entry.kind === 'line' ? { ...entry, line: { ...entry.line, executorId } } : entry;
    };
    const remark: LogEntry = { kind: 'remark', n: 3, at: AT, level: 'info', message: 'link up' };
    const filter = { levels: new Set(['info'] as const), remarks: true, executorId: 'llama' };
    const all = [about(1, 'llama'), about(2, 'qwen'), remark, aLine(4)];
    expect(all.filter((entry) => passes(entry, filter)).map(({ n }) => n)).toEqual([1]);
    expect(all.filter((entry) => passes(entry, { ...filter, executorId: undefined }))).toHaveLength(4);
  });

  it('counts its lines by level', () => {
    const counts = countsOf([aLine(1), aLine(2, 'x', 'critical'), aLine(3)]);
    expect([counts.get('info'), counts.get('critical'), counts.get('gateway')]).toEqual([2, 1, undefined]);
  });

  it('is found by a time: the first entry from then on, else the last', () => {
    const later = (n: number): LogEntry => ({
      kind: 'remark',
      n,
      at: new Date(Date.parse(AT) + n * 1_000).toISOString(),
      level: 'info',
      message: '',
    });
    const entries = [later(1), later(2), later(4)];
    expect([0, 2_500, 9_000].map((ms) => indexAt(entries, Date.parse(AT) + ms))).toEqual([0, 2, 2]);
    expect(indexAt([], 0)).toBe(-1);
  });

  it('takes each entry once and in order', () => {
    expect(numbers(append(log(1, 2), lines(2, 3)))).toEqual([1, 2, 3]);
  });

  it('says how many are missing where some are', () => {
    const { entries } = append(log(1), lines(5));
    expect(entries.map(textOf)).toEqual(['line 1', '3 lines lost here, on the way to this page', 'line 5']);
  });

  it('believes a gap that the Gateway found', () => {
    const gap: LogEntry = { kind: 'gap', n: 2, at: AT, lost: 312, where: 'gateway' };
    const { entries } = append(append(log(1), [gap]), lines(314));
    expect(entries.map(textOf)).toEqual(['line 1', '312 lines lost here, on the way to the Gateway', 'line 314']);
  });

  it('keeps the newest ten thousand and knows that there are more', () => {
    const all = append(empty, lines(...Array.from({ length: MOST_ENTRIES + 5 }, (_, index) => index + 1)));
    expect([all.entries.length, all.entries[0]?.n, all.more]).toEqual([MOST_ENTRIES, 6, true]);
  });

  it('loses nothing silently: each number is there or counted in a gap', () => {
    fc.assert(
      fc.property(fc.array(fc.integer({ min: 2, max: 200 })), (arriving) => {
        const all = arriving.reduce((known, n) => append(known, lines(n)), log(1));
        const told = all.entries.reduce((sum, entry) => sum + (entry.kind === 'gap' ? (entry.lost ?? 0) : 1), 0);
        expect(told).toBe(Math.max(1, ...arriving));
      }),
    );
  });

  it('keeps its place over a lost connection when the two parts touch, and else begins anew', () => {
    expect(numbers(rejoin(log(1, 2, 3), log(3, 4)))).toEqual([1, 2, 3, 4]);
    expect(numbers(rejoin(log(1, 2, 3), log(9, 10)))).toEqual([9, 10]);
    expect(numbers(rejoin({ ...log(1, 2, 3), epoch: 'before' }, log(3, 4)))).toEqual([3, 4]);
  });

  it('puts older entries in front, but not with a hole between', () => {
    expect(prepend(log(4, 5), { ...log(1, 2, 3), more: true })).toEqual({ ...log(1, 2, 3, 4, 5), more: true });
    expect(numbers(prepend(log(9), log(1, 2)))).toEqual([9]);
  });

  it('always shows where lines were lost', () => {
    const filter = { levels: new Set(['error'] as const), remarks: false };
    const gap: LogEntry = { kind: 'gap', n: 1, at: AT, where: 'node' };
    const remark: LogEntry = { kind: 'remark', n: 2, at: AT, level: 'info', message: 'link up' };
    expect([gap, remark, aLine(3), aLine(4, 'x', 'error')].map((entry) => passes(entry, filter))).toEqual([
      true,
      false,
      false,
      true,
    ]);
    expect(textOf(gap)).toBe('Lines lost here, on the node');
  });

  it('says how much of a long line was cut off', () => {
    const cut = aLine(1, 'abc');
    if (cut.kind === 'line') cut.line.cutBytes = 1_200;
    expect(textOf(cut)).toBe('abc … 1,200 bytes cut off');
  });
});

describe('searching the log', () => {
  it('finds a text whatever the case', () => {
    expect(findIn([aLine(1, 'VRAM full'), aLine(2, 'fine'), aLine(3, 'vram')], 'Vram')).toEqual([0, 2]);
    expect(findIn(lines(1, 2), '')).toEqual([]);
  });

  it('cuts a text into pieces that are the text again, and marks what was looked for', () => {
    fc.assert(
      fc.property(fc.string(), fc.string({ maxLength: 3 }), (text, wanted) => {
        const cut = pieces(text, wanted);
        expect(cut.map((piece) => piece.text).join('')).toBe(text);
        for (const { text: marked, hit } of cut) if (hit) expect(marked.toLowerCase()).toBe(wanted.toLowerCase());
      }),
    );
    expect(pieces('an otter, an OTTER', 'otter').filter(({ hit }) => hit)).toHaveLength(2);
  });
});
