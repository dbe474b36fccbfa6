import { noSuspicion, suspect } from './self-suspicion.js';

const round = { nowMs: 10_000, slippedMs: 0, wentStale: 0, links: 10, windowMs: 5_000 };

describe("the monitor's doubt of itself", () => {
  it('does not arise in an ordinary round', () => {
    expect(suspect(noSuspicion, { ...round, slippedMs: 400, wentStale: 1 }).impairedUntilMs).toBe(0);
  });

  it('arises when its own loop was held up, and lasts one window', () => {
    expect(suspect(noSuspicion, { ...round, slippedMs: 501 }).impairedUntilMs).toBe(15_000);
  });

  it('arises when half of the nodes go stale within two seconds', () => {
    const first = suspect(noSuspicion, { ...round, wentStale: 2 });
    expect(suspect(first, { ...round, nowMs: 11_900, wentStale: 3 }).impairedUntilMs).toBe(16_900);
  });

  it('does not arise when they go one after the other', () => {
    const first = suspect(noSuspicion, { ...round, wentStale: 2 });
    expect(suspect(first, { ...round, nowMs: 12_100, wentStale: 3 }).impairedUntilMs).toBe(0);
  });

  it('does not arise with so few nodes that half of them is one or two', () => {
    expect(suspect(noSuspicion, { ...round, links: 3, wentStale: 3 }).impairedUntilMs).toBe(0);
  });

  it('arises once for one event: nodes that stay away turn red after the window', () => {
    const doubt = suspect(noSuspicion, { ...round, wentStale: 10 });
    expect(suspect(doubt, { ...round, nowMs: 10_200 })).toBe(doubt);
  });
});
