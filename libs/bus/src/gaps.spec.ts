import * as fc from 'fast-check';
import { GapCounter } from './gaps.js';

describe('counting gaps', () => {
  it('finds nothing lost before the first that is heard', () => {
    expect(new GapCounter().take('a', 'x', 17)).toBe(0);
  });

  it('counts what is missing between two', () => {
    const gaps = new GapCounter();
    gaps.take('a', 'x', 1);
    expect(gaps.take('a', 'x', 2)).toBe(0);
    expect(gaps.take('a', 'x', 6)).toBe(3);
  });

  it('passes over what is older than what came before', () => {
    const gaps = new GapCounter();
    gaps.take('a', 'x', 5);
    expect(gaps.take('a', 'x', 5)).toBeUndefined();
    expect(gaps.take('a', 'x', 2, 4)).toBeUndefined();
    expect(gaps.take('a', 'x', 6)).toBe(0);
  });

  it('takes a batch that repeats its beginning, for what is new in it', () => {
    const gaps = new GapCounter();
    gaps.take('a', 'x', 1, 5);
    expect(gaps.take('a', 'x', 4, 8)).toBe(0);
    expect(gaps.take('a', 'x', 9)).toBe(0);
  });

  it('does not know what was lost when a source begins another life', () => {
    const gaps = new GapCounter();
    gaps.take('a', 'x', 5);
    expect(gaps.take('a', 'y', 9)).toBe('unknown');
    expect(gaps.take('a', 'y', 10)).toBe(0);
  });

  it('tells sources apart, and begins anew with one that it was told to forget', () => {
    const gaps = new GapCounter();
    gaps.take('a', 'x', 5);
    expect(gaps.take('b', 'x', 1)).toBe(0);
    gaps.forget('a');
    expect(gaps.take('a', 'x', 1)).toBe(0);
  });

  it('remembers so many sources and no more: the one not heard of for longest goes', () => {
    const gaps = new GapCounter();
    for (let n = 0; n < 10_001; n += 1) gaps.take(`source ${n}`, 'x', 1);
    expect(gaps.take('source 0', 'x', 9)).toBe(0);
    expect(gaps.take('source 5000', 'x', 9)).toBe(7);
  });

  it('accounts for every number: what came and what was lost add up to the last number', () => {
    fc.assert(
      fc.property(fc.uniqueArray(fc.integer({ min: 1, max: 200 }), { minLength: 1 }), (numbers) => {
        const sorted = numbers.sort((one, other) => one - other);
        const gaps = new GapCounter();
        const lost = sorted.map((number) => gaps.take('a', 'x', number));
        const sum = lost.reduce<number>((total, one) => total + Number(one), 0);
        expect(sum + sorted.length).toBe((sorted.at(-1) ?? 0) - (sorted[0] ?? 0) + 1);
      }),
    );
  });
});
