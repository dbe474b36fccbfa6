import * as fc from 'fast-check';
import { DELAY_CAP_MS, delayMsAfter, failedAt, FORGOTTEN_AFTER_MS, type Tries, waitMs } from './throttle.js';

const now = Date.parse('2026-11-23T12:00:00.000Z');

describe('the delay after failed tries', () => {
  it.each([
    [0, 0],
    [4, 0],
    [5, 1_000],
    [6, 2_000],
    [7, 4_000],
    [14, 512_000],
    [15, 900_000],
    [1_000_000, 900_000],
  ])('after %i failures is %i ms', (failures, delayMs) => {
    expect(delayMsAfter(failures, DELAY_CAP_MS)).toBe(delayMs);
  });

  it('runs from the last failure', () => {
    const tries = { failures: 6, lastAtMs: now };
    expect(waitMs(tries, now, DELAY_CAP_MS)).toBe(2_000);
    expect(waitMs(tries, now + 1_500, DELAY_CAP_MS)).toBe(500);
    expect(waitMs(tries, now + 2_000, DELAY_CAP_MS)).toBe(0);
  });

  it('is no longer than itself when the clock was set back', () => {
    expect(waitMs({ failures: 6, lastAtMs: now }, now - 86_400_000, DELAY_CAP_MS)).toBe(2_000);
  });

  it('begins anew when the failures lie far back', () => {
    const tries = { failures: 40, lastAtMs: now };
    expect(failedAt(tries, now + FORGOTTEN_AFTER_MS)).toEqual({ failures: 41, lastAtMs: now + FORGOTTEN_AFTER_MS });
    expect(failedAt(tries, now + FORGOTTEN_AFTER_MS + 1).failures).toBe(1);
  });

  it('leaves a guesser who never lets a chance pass fewer than 120 tries a day', () => {
    let tries: Tries | undefined;
    let guesses = 0;
    for (let at = now; at < now + 86_400_000; at += 1_000) {
      if (tries !== undefined && waitMs(tries, at, DELAY_CAP_MS) > 0) continue;
      tries = failedAt(tries, at);
      guesses += 1;
    }
    expect(guesses).toBeLessThan(120);
  });

  it('never shrinks while failures follow each other', () => {
    fc.assert(
      fc.property(fc.array(fc.nat(FORGOTTEN_AFTER_MS), { maxLength: 40 }), (gaps) => {
        let tries: Tries = { failures: 0, lastAtMs: now };
        for (const gap of gaps) {
          const next = failedAt(tries, tries.lastAtMs + gap);
          expect(delayMsAfter(next.failures, DELAY_CAP_MS)).toBeGreaterThanOrEqual(
            delayMsAfter(tries.failures, DELAY_CAP_MS),
          );
          tries = next;
        }
      }),
    );
  });
});
