import { FailedTries, TokenBucket } from './token-bucket.js';

describe('a token bucket', () => {
  it('gives its burst at once and then so many a second', () => {
    const bucket = new TokenBucket(10, 5, 0);
    for (let n = 0; n < 10; n += 1) expect(bucket.take(1, 0)).toBe(0);
    expect(bucket.take(1, 0)).toBeCloseTo(200);
    expect(bucket.take(1, 400)).toBe(0);
  });

  it('never holds more than its burst', () => {
    const bucket = new TokenBucket(2, 1, 0);
    expect(bucket.take(3, 1_000_000)).toBeCloseTo(1_000);
  });
});

describe('failed tries', () => {
  it('are five at once and then one in ten seconds, for each who fails', () => {
    const tries = new FailedTries();
    for (let n = 0; n < 5; n += 1) {
      expect(tries.allows('one', 0)).toBe(true);
      tries.failed('one', 0);
    }
    expect(tries.allows('one', 0)).toBe(false);
    expect(tries.allows('other', 0)).toBe(true);
    expect(tries.allows('one', 10_000)).toBe(true);
  });

  it('are remembered of the last 1,024 who failed', () => {
    const tries = new FailedTries();
    for (let n = 0; n < 5; n += 1) tries.failed('first', 0);
    for (let n = 0; n < 1_024; n += 1) tries.failed(`later ${n}`, 0);
    expect(tries.allows('first', 0)).toBe(true);
    expect(tries.allows('later 0', 0)).toBe(true);
  });
});
