import fc from 'fast-check';
import { LogRing } from './log-ring.js';

const ring = (entries: number, { message = 'hello', last = 0 } = {}) => {
  const made = new LogRing('epoch', last);
  for (let turn = 0; turn < entries; turn++)
    made.add({ kind: 'remark', at: '2026-11-23T12:00:00.000Z', level: 'info', message });
  return made;
};
const numbers = (made: LogRing, from: number, below: number) => made.between(from, below).map(({ n }) => n);

describe('the log of a node in memory', () => {
  it('gives the entries between two numbers, oldest first', () => {
    expect(numbers(ring(10), 8, 11)).toEqual([8, 9, 10]);
    expect(numbers(ring(10), -5, 4)).toEqual([1, 2, 3]);
  });

  it('is empty at first, and numbers on from where it is told', () => {
    const made = new LogRing('epoch', 41);
    expect([made.oldest, made.last, made.between(0, 100)]).toEqual([42, 41, []]);
    expect(made.add({ kind: 'remark', at: '2026-11-23T12:00:00.000Z', level: 'info', message: 'x' }).n).toBe(42);
  });

  it('keeps the last ten thousand', () => {
    const full = ring(25_000);
    expect([full.oldest, full.last]).toEqual([15_001, 25_000]);
    expect(numbers(full, 0, 15_003)).toEqual([15_001, 15_002]);
  });

  it('keeps less of what is long: four mebibytes', () => {
    const full = ring(2_000, { message: 'x'.repeat(8_000) });
    expect(2_001 - full.oldest).toBeGreaterThan(500);
    expect(2_001 - full.oldest).toBeLessThan(530);
  });

  it('gives exactly what is asked for and here', () => {
    const bound = fc.integer({ min: -10, max: 120 });
    fc.assert(
      fc.property(fc.nat(60), fc.nat(40), bound, bound, (count, last, from, below) => {
        const here = Array.from({ length: count }, (_, index) => last + 1 + index);
        expect(numbers(ring(count, { last }), from, below)).toEqual(here.filter((n) => n >= from && n < below));
      }),
    );
  });
});
