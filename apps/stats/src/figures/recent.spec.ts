import { RECENT } from '@muster/contracts';
import { Recent } from './recent.js';

const NOW_MS = Date.UTC(2026, 10, 23, 12, 0, 2, 500);

describe('the requests of the last minutes', () => {
  it('are told as a rate over the last ten whole seconds', () => {
    const recent = new Recent();
    recent.record(NOW_MS, 100, NOW_MS);
    recent.record(NOW_MS - 1_000, 30, NOW_MS);
    recent.record(NOW_MS - 20_000, 70, NOW_MS);
    expect(recent.perSecond(NOW_MS)).toBe(3);
  });

  it('are told in steps that add up, the newest last', () => {
    const recent = new Recent();
    for (let ago = 0; ago < 250_000; ago += 1_000) recent.record(NOW_MS - ago, 2, NOW_MS);
    const steps = recent.steps(NOW_MS);
    expect(steps).toHaveLength(RECENT.steps);
    expect(steps.at(-1)).toBe(6);
    expect(steps.at(-2)).toBe(10);
    expect(steps.reduce((sum, n) => sum + n, 0)).toBe(500);
  });

  it('leave out what ended too long ago or far in the future, and are forgotten in time', () => {
    const recent = new Recent();
    recent.record(NOW_MS - 400_000, 5, NOW_MS);
    recent.record(NOW_MS + 60_000, 5, NOW_MS);
    recent.record(NOW_MS, 1, NOW_MS);
    expect(recent.steps(NOW_MS).reduce((sum, n) => sum + n, 0)).toBe(1);
    expect(recent.steps(NOW_MS + 400_000).every((n) => n === 0)).toBe(true);
  });
});
