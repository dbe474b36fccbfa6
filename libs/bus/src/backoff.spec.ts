import * as fc from 'fast-check';
import { fullJitter, sleep, within } from './backoff.js';

const range = { floorMs: 250, baseMs: 500, capMs: 5_000 };

describe('full jitter', () => {
  it('lies between the floor and a ceiling that doubles up to the cap', () => {
    const highest = [1, 2, 3, 4, 5, 6, 1_000].map((attempt) => fullJitter(attempt, range, () => 1));
    expect(highest).toEqual([500, 1_000, 2_000, 4_000, 5_000, 5_000, 5_000]);
    expect(fullJitter(7, range, () => 0)).toBe(250);
    expect(fullJitter(1, { baseMs: 100, capMs: 1_000 }, () => 0)).toBe(0);
  });

  it('never leaves its range, whatever chance and count', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 1 }),
        fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true }),
        (attempt, chance) => {
          const waitMs = fullJitter(attempt, range, () => chance);
          expect(waitMs).toBeGreaterThanOrEqual(250);
          expect(waitMs).toBeLessThanOrEqual(5_000);
        },
      ),
    );
  });
});

describe('waiting', () => {
  it('ends when it is told to', async () => {
    const controller = new AbortController();
    const slept = sleep(60_000, controller.signal);
    controller.abort();
    await slept;
    await sleep(60_000, controller.signal);
  });

  it('gives what came in time, and nothing for what did not', async () => {
    expect(await within(10_000, Promise.resolve('in time'))).toBe('in time');
    expect(await within(1, new Promise(() => undefined))).toBeUndefined();
    await expect(within(10_000, Promise.reject(new Error('broken')))).rejects.toThrow('broken');
  });
});
