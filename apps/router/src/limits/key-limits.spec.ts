import fc from 'fast-check';
import { KeyLimiter, KeyUse, limitHeaders } from './key-limits.js';

describe('the limits of a key', () => {
  it('hold, whatever comes in which order, and refuse nobody without need', () => {
    const steps = fc.array(fc.record({ waitMs: fc.nat(15_000), end: fc.boolean(), tokens: fc.nat(40) }), {
      maxLength: 80,
    });
    const limit = fc.option(fc.integer({ min: 1, max: 6 }), { nil: undefined });
    fc.assert(
      fc.property(steps, limit, limit, limit, (told, concurrent, requestsPerMinute, tokensPerMinute) => {
        const use = new KeyUse();
        const limits = { concurrent, requestsPerMinute, tokensPerMinute };
        const admitted: number[] = [];
        const spent: { atMs: number; tokens: number }[] = [];
        let inFlight = 0;
        let nowMs = 0;
        const inLastMinute = (atMs: number) => Math.floor(atMs / 1000) > Math.floor(nowMs / 1000) - 60;
        for (const { waitMs, end, tokens } of told) {
          nowMs += waitMs;
          if (end && inFlight > 0) {
            use.ended(tokens, nowMs);
            inFlight -= 1;
            spent.push({ atMs: nowMs, tokens });
            continue;
          }
          const requests = admitted.filter(inLastMinute).length;
          const used = spent.filter(({ atMs }) => inLastMinute(atMs)).reduce((sum, each) => sum + each.tokens, 0);
          const expected =
            inFlight >= (concurrent ?? Infinity)
              ? 'concurrent'
              : requests >= (requestsPerMinute ?? Infinity)
                ? 'requests'
                : used >= (tokensPerMinute ?? Infinity)
                  ? 'tokens'
                  : undefined;
          const admission = use.admit(limits, nowMs);
          if (admission.outcome === 'admitted') {
            expect(expected).toBeUndefined();
            inFlight += 1;
            admitted.push(nowMs);
            if (requestsPerMinute !== undefined)
              expect(admission.states.requests?.remaining).toBe(requestsPerMinute - requests - 1);
          } else {
            expect(admission.by).toBe(expected);
            expect(admission.retryAfterMs).toBeGreaterThan(0);
            expect(admission.retryAfterMs).toBeLessThanOrEqual(60_000);
          }
        }
      }),
    );
  });

  it('are told in the usual headers', () => {
    const use = new KeyUse();
    const admission = use.admit({ requestsPerMinute: 10, tokensPerMinute: 100 }, 500);
    expect(limitHeaders(admission.states)).toEqual({
      'x-ratelimit-limit-requests': '10',
      'x-ratelimit-remaining-requests': '9',
      'x-ratelimit-reset-requests': '59.5s',
      'x-ratelimit-limit-tokens': '100',
      'x-ratelimit-remaining-tokens': '100',
      'x-ratelimit-reset-tokens': '0s',
    });
    expect(limitHeaders(new KeyUse().admit({}, 0).states)).toEqual({});
  });

  it('are kept for each key apart, and forgotten when nothing is left to remember', () => {
    const limiter = new KeyLimiter();
    const busy = limiter.use('busy', 0);
    busy.admit({ requestsPerMinute: 1 }, 0);
    for (let n = 0; n < 1_200; n += 1) limiter.use(`key-${n}`, 1_000);
    expect(limiter.use('busy', 1_000)).toBe(busy);
    expect(busy.admit({ requestsPerMinute: 1 }, 1_000)).toMatchObject({ outcome: 'refused', by: 'requests' });
  });
});
