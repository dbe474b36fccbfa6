import { comparisonOf, quantile } from './rounds.js';

const turns = (...unitsOf: number[]) => unitsOf.map((units) => ({ units, wallMs: 2_000, cpuMs: 1_000 }));

describe('the rounds of a bench', () => {
  it('are compared one by one: the median of their ratios counts, and the worst is told', () => {
    const { byCpu } = comparisonOf(turns(80, 90, 40), turns(100, 100, 80));
    expect(byCpu.median).toBeCloseTo(0.8);
    expect(byCpu).toMatchObject({ worst: 0.5, noisy: false });
  });

  it('give no verdict when the comparator itself moves by more than 35 % between its quartiles', () => {
    expect(comparisonOf(turns(1, 1, 1, 1, 1), turns(100, 60, 100, 140, 150)).byCpu.noisy).toBe(true);
    expect(comparisonOf(turns(1, 1, 1, 1, 1), turns(100, 99, 100, 101, 500)).byCpu.noisy).toBe(false);
  });

  it('are judged by processor time, whatever the clock says', () => {
    const slow = [{ units: 100, wallMs: 9_000, cpuMs: 500 }];
    const { byCpu, byTime } = comparisonOf(slow, turns(100));
    expect(byCpu.median).toBe(2);
    expect(byTime.median).toBeCloseTo(2 / 9);
  });

  it('have quartiles between their values', () => {
    expect(quantile([4, 1, 3, 2], 0.5)).toBe(2.5);
    expect(quantile([1, 2, 3, 4, 5], 0.25)).toBe(2);
  });
});
