import fc from 'fast-check';
import { ClockOffset } from './clock-offset.js';

describe('how far the clock of a node is off', () => {
  it('is not known before it has answered', () => {
    expect(new ClockOffset().offsetMs).toBeUndefined();
  });

  it('is known to half a round trip, however the way there and back differ', () => {
    const trip = fc.record({ thereMs: fc.nat(2_000), backMs: fc.nat(2_000) });
    fc.assert(
      fc.property(
        fc.integer({ min: -1e7, max: 1e7 }),
        fc.array(trip, { minLength: 1, maxLength: 8 }),
        (offset, trips) => {
          const clock = new ClockOffset();
          let nowMs = 1_000_000;
          for (const { thereMs, backMs } of trips) {
            nowMs += thereMs + backMs;
            clock.heard(nowMs - backMs + offset, nowMs, thereMs + backMs);
          }
          const quickest = Math.min(...trips.map(({ thereMs, backMs }) => thereMs + backMs));
          // One that jumped was forgotten: then the bound is that of the trips since.
          const bound = Math.max(quickest, ...trips.map(({ thereMs, backMs }) => thereMs + backMs)) / 2;
          expect(Math.abs((clock.offsetMs ?? NaN) - offset)).toBeLessThanOrEqual(bound);
        },
      ),
    );
  });

  it('prefers the answer that came back quickest', () => {
    const clock = new ClockOffset();
    clock.heard(1_000, 1_000, 800);
    clock.heard(2_000, 2_000, 2);
    clock.heard(3_000, 3_000, 900);
    expect(clock.offsetMs).toBe(1);
  });

  it('follows at once when the clock is set', () => {
    const clock = new ClockOffset();
    clock.heard(1_000, 1_000, 2);
    clock.heard(62_000, 2_000, 10);
    expect(clock.offsetMs).toBe(60_005);
  });
});
