import { linkCauses } from '@muster/contracts';
import fc from 'fast-check';
import { dialDelayMs } from './back-off.js';

const failure = { cause: 'refused', failures: 1, lostForMs: 0 } as const;

describe('the wait before the next dial', () => {
  it('starts within half a second', () => {
    expect(dialDelayMs(failure, 0.999)).toBeLessThanOrEqual(500);
  });

  it('stays within two seconds for a node that was lost a minute ago, so that it is green within five of its return', () => {
    expect(dialDelayMs({ cause: 'refused', failures: 60, lostForMs: 60_000 }, 0.999)).toBeLessThanOrEqual(2_000);
  });

  it('grows to fifteen seconds for a node that is gone for long', () => {
    const longGone = { cause: 'timed-out', failures: 600, lostForMs: 3_600_000 } as const;
    expect(dialDelayMs(longGone, 0.999)).toBeCloseTo(14_985);
    expect(dialDelayMs(longGone, 0.1)).toBeCloseTo(1_500);
  });

  it.each(['key-refused', 'certificate-changed'] as const)('is at least thirty seconds after %s', (cause) => {
    fc.assert(
      fc.property(fc.double({ min: 0, max: 1, noNaN: true, maxExcluded: true }), fc.nat(50), (random, failures) => {
        expect(dialDelayMs({ cause, failures, lostForMs: 0 }, random)).toBeGreaterThanOrEqual(30_000);
      }),
    );
  });

  it('is never nothing and never more than a minute', () => {
    fc.assert(
      fc.property(
        fc.constantFrom(...linkCauses),
        fc.nat(10_000),
        fc.nat(1e9),
        fc.double({ min: 0, max: 1, noNaN: true, maxExcluded: true }),
        (cause, failures, lostForMs, random) => {
          const delayMs = dialDelayMs({ cause, failures, lostForMs }, random);
          expect(delayMs).toBeGreaterThanOrEqual(100);
          expect(delayMs).toBeLessThanOrEqual(60_000);
        },
      ),
    );
  });
});
