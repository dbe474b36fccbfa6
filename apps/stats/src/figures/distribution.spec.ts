import fc from 'fast-check';
import { Distribution } from './distribution.js';

const values = fc.array(fc.integer({ min: 0, max: 3_600_000 }), { minLength: 1, maxLength: 200 });
const of = (numbers: readonly number[]): Distribution => {
  const distribution = new Distribution();
  for (const number of numbers) distribution.record(number);
  return distribution;
};

describe('a distribution', () => {
  it('tells percentiles that are off by less than one part in a hundred, and the rest exactly', () => {
    fc.assert(
      fc.property(values, (numbers) => {
        const spread = of(numbers).spread();
        const sorted = [...numbers].sort((a, b) => a - b);
        expect(spread?.count).toBe(numbers.length);
        expect(spread?.max).toBe(sorted.at(-1));
        expect(spread?.mean).toBeCloseTo(numbers.reduce((sum, n) => sum + n, 0) / numbers.length, 6);
        for (const [percent, told] of [
          [50, spread?.p50],
          [95, spread?.p95],
          [99, spread?.p99],
        ] as const) {
          const exact = sorted[Math.ceil((percent / 100) * sorted.length) - 1] ?? 0;
          expect(Math.abs((told ?? 0) - exact)).toBeLessThanOrEqual(Math.max(1, exact * 0.01));
        }
      }),
    );
  });

  it('is the same from its parts, in any order, and after it was stored', () => {
    fc.assert(
      fc.property(values, values, (one, other) => {
        const merged = of(one);
        merged.merge(of(other));
        expect(merged.stored()).toEqual(of([...other, ...one]).stored());
        expect(Distribution.from(merged.stored()).spread()).toEqual(merged.spread());
      }),
    );
  });

  it('has nothing to tell of nothing, and bounds what it is given', () => {
    expect(new Distribution().spread()).toBeUndefined();
    expect(of([-5, Number.MAX_SAFE_INTEGER]).spread()).toMatchObject({ count: 2, p50: 0, max: 86_400_000 });
  });
});
