import fc from 'fast-check';
import { jain } from './balance.js';

describe('balance', () => {
  it('is 1 when all did the same and 1/n when one did it all', () => {
    expect(jain([3, 3, 3])).toBe(1);
    expect(jain([5, 0, 0, 0])).toBe(0.25);
  });

  it('is not known of fewer than two, or where nothing was done', () => {
    expect(jain([])).toBeUndefined();
    expect(jain([7])).toBeUndefined();
    expect(jain([0, 0])).toBeUndefined();
  });

  it('lies between 1/n and 1, whatever the unit', () => {
    fc.assert(
      fc.property(fc.array(fc.integer({ min: 0, max: 1_000 }), { minLength: 2, maxLength: 20 }), (amounts) => {
        const index = jain(amounts);
        if (index === undefined) return;
        expect(index).toBeGreaterThanOrEqual(1 / amounts.length - 1e-9);
        expect(index).toBeLessThanOrEqual(1 + 1e-9);
        expect(jain(amounts.map((amount) => amount * 1_000))).toBeCloseTo(index, 9);
      }),
    );
  });
});
