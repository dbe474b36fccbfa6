import { leftOutWords, LineBudget, LINES_A_SECOND } from './line-budget.js';

describe('the lines of a run', () => {
  it('are written up to so many a second, and then counted', () => {
    const budget = new LineBudget(0);
    for (let n = 0; n < LINES_A_SECOND; n += 1) expect(budget.take(n / 10)).toEqual({ write: true, leftOut: 0 });
    for (let n = 0; n < 3; n += 1) expect(budget.take(999)).toEqual({ write: false, leftOut: 0 });
    expect(budget.take(1_000)).toEqual({ write: true, leftOut: 3 });
    expect(budget.take(1_001)).toEqual({ write: true, leftOut: 0 });
  });

  it('that were left out last are told at its end', () => {
    const budget = new LineBudget(0);
    for (let n = 0; n < LINES_A_SECOND + 2; n += 1) budget.take(0);
    expect(budget.rest()).toBe(2);
    expect(budget.rest()).toBe(0);
    expect([leftOutWords(1), leftOutWords(2)]).toEqual([
      'One line left out here: they came too fast',
      '2 lines left out here: they came too fast',
    ]);
  });
});
