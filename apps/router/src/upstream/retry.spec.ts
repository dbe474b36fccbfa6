import fc from 'fast-check';
import { Minute } from '../limits/minute.js';
import { mayTryAgain, RetryBudget, type TryAgain } from './retry.js';

const failed = fc.record<TryAgain>({
  cause: fc.constantFrom('connect-failed', 'node-busy', 'node-error', 'first-token-timeout'),
  status: fc.option(fc.constantFrom(429, 500, 502, 503, 504), { nil: undefined }),
  attempts: fc.integer({ min: 1, max: 3 }),
  hasOther: fc.boolean(),
  bytesSent: fc.boolean(),
});

describe('trying again', () => {
  it('happens once at most, never after a byte was sent, and elsewhere only where there is another', () => {
    fc.assert(
      fc.property(failed, (what) => {
        const again = mayTryAgain(what);
        if (what.bytesSent || what.attempts > 1) expect(again).toBe('no');
        if (again === 'elsewhere') expect(what.hasOther).toBe(true);
        if (again === 'here') expect([what.cause, what.hasOther]).toEqual(['connect-failed', false]);
      }),
    );
  });

  it('is for what another node may do better, not for what the executor itself refuses', () => {
    const what: TryAgain = { cause: 'node-error', status: 500, attempts: 1, hasOther: true, bytesSent: false };
    expect(mayTryAgain(what)).toBe('no');
    expect(mayTryAgain({ ...what, status: 502 })).toBe('elsewhere');
    expect(mayTryAgain({ ...what, cause: 'node-busy', status: 429 })).toBe('elsewhere');
    expect(mayTryAgain({ ...what, cause: 'first-token-timeout', status: undefined })).toBe('elsewhere');
  });

  it('has a budget of a tenth of the last minute, and of ten at least', () => {
    fc.assert(
      fc.property(fc.nat(2_000), fc.nat(400), (requests, tries) => {
        const budget = new RetryBudget(new Minute(), new Minute());
        for (let n = 0; n < requests; n += 1) budget.request(n);
        let taken = 0;
        for (let n = 0; n < tries; n += 1) if (budget.take(2_000)) taken += 1;
        expect(taken).toBe(Math.min(tries, Math.ceil(Math.max(10, requests / 10))));
        expect(budget.take(70_000)).toBe(true);
      }),
      { numRuns: 30 },
    );
  });
});
