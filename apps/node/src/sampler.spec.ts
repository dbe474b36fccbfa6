import fc from 'fast-check';
import { nextBeat } from './sampler.js';

describe('the beat of the sampler', () => {
  it.each([
    [0, 0, 1],
    [1, 1_000.4, 2],
    [3, 7_200, 8],
  ])('after beat %d at %d ms is beat %d', (beat, elapsedMs, next) => expect(nextBeat(beat, elapsedMs)).toBe(next));

  it('does not come twice when its timer fires early', () => expect(nextBeat(2, 1_999.7)).toBe(3));

  it('always lies ahead, and never more than a second', () => {
    fc.assert(
      fc.property(fc.nat(1_000), fc.double({ min: 0, max: 1e6, noNaN: true }), (beat, elapsedMs) => {
        const next = nextBeat(beat, elapsedMs);
        expect(next).toBeGreaterThan(beat);
        expect(next * 1_000).toBeGreaterThan(elapsedMs);
        if (beat * 1_000 <= elapsedMs) expect(next * 1_000 - elapsedMs).toBeLessThanOrEqual(1_000);
      }),
    );
  });
});
