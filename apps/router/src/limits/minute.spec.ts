import fc from 'fast-check';
import { Minute } from './minute.js';

describe('the last minute', () => {
  it('counts exactly what was added in its sixty seconds, whenever one looks', () => {
    const steps = fc.array(fc.record({ waitMs: fc.nat(90_000), amount: fc.nat(50) }), { maxLength: 60 });
    fc.assert(
      fc.property(steps, (told) => {
        const minute = new Minute();
        const added: { second: number; amount: number }[] = [];
        let nowMs = 12_345;
        for (const { waitMs, amount } of told) {
          nowMs += waitMs;
          minute.add(amount, nowMs);
          const second = Math.floor(nowMs / 1000);
          added.push({ second, amount });
          const inside = added.filter((each) => each.second > second - 60);
          expect(minute.total(nowMs)).toBe(inside.reduce((sum, each) => sum + each.amount, 0));
        }
      }),
    );
  });

  it('says after which time there is room again, and not before', () => {
    const steps = fc.array(fc.record({ waitMs: fc.nat(20_000), amount: fc.integer({ min: 1, max: 9 }) }), {
      minLength: 1,
      maxLength: 30,
    });
    fc.assert(
      fc.property(steps, fc.nat(60), (told, most) => {
        const minute = new Minute();
        let nowMs = 0;
        for (const { waitMs, amount } of told) minute.add(amount, (nowMs += waitMs));
        const waitMs = minute.untilMs(most, nowMs);
        if (waitMs > 1) expect(minute.total(nowMs + waitMs - 1)).toBeGreaterThan(most);
        expect(minute.total(nowMs + waitMs)).toBeLessThanOrEqual(most);
      }),
    );
  });

  it('forgets what is older than a minute, however long nobody looked', () => {
    const minute = new Minute();
    minute.add(5, 1_000);
    expect(minute.total(60_999)).toBe(5);
    expect(minute.total(61_000)).toBe(0);
    minute.add(2, 500_000_000);
    expect(minute.total(500_000_000)).toBe(2);
  });
});
