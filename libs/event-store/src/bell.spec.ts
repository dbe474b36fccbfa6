import * as fc from 'fast-check';
import { Bell, pauseMs } from './bell.js';

const soon = <T>(promise: Promise<T>) =>
  Promise.race([promise.then(() => 'woken'), new Promise((r) => setTimeout(r, 50, 'asleep'))]);

describe('a bell', () => {
  it('wakes everybody who waits', async () => {
    const bell = new Bell();
    const waiting = [bell.heard(60_000), bell.heard(60_000)];
    bell.ring();
    await Promise.all(waiting);
  });

  it('keeps a ring that nobody heard for the next one who listens, once', async () => {
    const bell = new Bell();
    bell.ring();
    expect(await soon(bell.heard(1_000))).toBe('woken');
    const again = new AbortController();
    expect(await soon(bell.heard(60_000, again.signal))).toBe('asleep');
    again.abort();
  });

  it('wakes when the time is over, or when nobody needs to wait any more', async () => {
    const bell = new Bell();
    await bell.heard(1);
    const stop = new AbortController();
    const waiting = bell.heard(60_000, stop.signal);
    stop.abort();
    await waiting;
    await bell.heard(60_000, stop.signal);
  });
});

it('pauses between 0.1 and 5 s, however many tries have failed', () => {
  fc.assert(
    fc.property(fc.nat(), fc.double({ min: 0, max: 1, noNaN: true }), (failures, chance) => {
      const pause = pauseMs(failures, () => chance);
      expect(pause).toBeGreaterThanOrEqual(100);
      expect(pause).toBeLessThanOrEqual(5_000);
    }),
  );
});
