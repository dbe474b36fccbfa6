import fc from 'fast-check';
import { msOf } from './moment.js';

describe('a moment', () => {
  it('is the same number as Date.parse says, in any order and with any number of digits', () => {
    const moments = fc.array(fc.date({ min: new Date(0), max: new Date(4e12), noInvalidDate: true }), {
      maxLength: 20,
    });
    fc.assert(
      fc.property(moments, fc.boolean(), (dates, isShort) => {
        for (const date of dates) {
          const at = isShort ? `${date.toISOString().slice(0, 19)}Z` : date.toISOString();
          expect(msOf(at)).toBe(Date.parse(at));
        }
      }),
    );
  });
});
