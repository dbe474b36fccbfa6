import { healthRules } from './health-rules.js';
import { noJitter, observe, patience } from './jitter.js';

const after = (gapsMs: readonly number[]) => patience(gapsMs.reduce(observe, noJitter), healthRules);
const repeat = (gapsMs: readonly number[], times: number) => Array.from({ length: times }, () => gapsMs).flat();

describe('the patience with a link', () => {
  it('is 3 s and 5 s for a link in its ordinary rhythm', () => {
    expect(after(repeat([1_000], 50))).toEqual({ staleAfterMs: 3_000, silentAfterMs: 5_000 });
    expect(after(repeat([900, 1_100], 50))).toEqual({ staleAfterMs: 3_000, silentAfterMs: 5_000 });
  });

  it('grows with the link that comes in fits', () => {
    const { staleAfterMs, silentAfterMs } = after(repeat([2_600, 100, 300], 40));
    expect(staleAfterMs).toBeGreaterThan(3_000);
    expect(silentAfterMs / staleAfterMs).toBeCloseTo(5 / 3);
  });

  it('never grows to more than twice', () => {
    expect(after(repeat([20_000, 10], 100))).toEqual({ staleAfterMs: 6_000, silentAfterMs: 10_000 });
  });

  it('forgets a bad time', () => {
    expect(after([...repeat([2_600, 100, 300], 40), ...repeat([1_000], 150)])).toEqual({
      staleAfterMs: 3_000,
      silentAfterMs: 5_000,
    });
  });
});
