import { NodeName } from '@muster/contracts';
import fc from 'fast-check';
import { suggestName } from './suggested-name.js';

describe('suggestName', () => {
  it('gives a valid name that nobody has, whatever chance brings', () => {
    fc.assert(
      fc.property(
        fc.array(fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true }), { minLength: 1 }),
        (numbers) => {
          let at = 0;
          const random = (): number => numbers[at++ % numbers.length] ?? 0;
          const first = suggestName(new Set(), random);
          const second = suggestName(new Set([first, `${first}-2`]), () => 0);
          expect(NodeName.safeParse(first).success).toBe(true);
          expect([first, `${first}-2`]).not.toContain(second);
        },
      ),
    );
  });

  it('numbers a name when all tries are taken', () => {
    const only = suggestName(new Set(), () => 0);
    expect(suggestName(new Set([only]), () => 0)).toBe(`${only}-2`);
  });
});
