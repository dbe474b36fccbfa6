import fc from 'fast-check';
import { fullBucket, take } from './token-bucket.js';

const rate = { perSecond: 200, burst: 50 };

describe('the budget of dials', () => {
  it('gives its burst at once and then nothing until time has passed', () => {
    const first = take(fullBucket(rate, 0), 80, rate, 0);
    expect(first.taken).toBe(50);
    expect(take(first.bucket, 80, rate, 0).taken).toBe(0);
    expect(take(first.bucket, 80, rate, 100).taken).toBe(20);
  });

  it('gives no more than the rate and one burst over any time, however it is asked', () => {
    fc.assert(
      fc.property(fc.array(fc.tuple(fc.nat(2_000), fc.nat(100)), { maxLength: 50 }), (asks) => {
        let nowMs = 0;
        let taken = 0;
        let bucket = fullBucket(rate, 0);
        for (const [passedMs, wanted] of asks) {
          nowMs += passedMs;
          const step = take(bucket, wanted, rate, nowMs);
          bucket = step.bucket;
          taken += step.taken;
        }
        expect(taken).toBeLessThanOrEqual(rate.burst + (nowMs * rate.perSecond) / 1_000);
      }),
    );
  });
});
