import fc from 'fast-check';
import { LogRing } from './log-ring.js';

const ring = (entries: number, message = 'hello') => {
  const made = new LogRing('epoch');
  for (let turn = 0; turn < entries; turn++)
    made.add({ kind: 'remark', at: '2026-11-23T12:00:00.000Z', level: 'info', message });
  return made;
};

describe('the log of a node in memory', () => {
  it('gives the last entries, oldest first, and says that there are more', () => {
    const { entries, more } = ring(10).read({ limit: 3 });
    expect(entries.map(({ n }) => n)).toEqual([8, 9, 10]);
    expect(more).toBe(true);
  });

  it('gives what came before a number', () => {
    const { entries, more } = ring(10).read({ before: 4, limit: 100 });
    expect(entries.map(({ n }) => n)).toEqual([1, 2, 3]);
    expect(more).toBe(false);
  });

  it('is empty at first', () => {
    expect(new LogRing('epoch').read({ limit: 10 })).toEqual({ epoch: 'epoch', entries: [], more: false });
  });

  it('keeps the last ten thousand', () => {
    const full = ring(25_000);
    expect(full.read({ limit: 10_000 }).entries.at(-1)?.n).toBe(25_000);
    expect(full.read({ before: 15_002, limit: 10 })).toMatchObject({ entries: [{ n: 15_001 }], more: false });
  });

  it('keeps less of what is long: four mebibytes', () => {
    const full = ring(2_000, 'x'.repeat(8_000));
    let [oldest, pages] = [2_001, 0];
    for (let more = true; more; pages++) {
      const page = full.read({ before: oldest, limit: 10_000 });
      oldest = page.entries[0]?.n ?? oldest;
      more = page.more;
    }
    expect(2_000 - oldest).toBeGreaterThan(500);
    expect(2_000 - oldest).toBeLessThan(530);
    expect(pages).toBeGreaterThan(7);
  });

  it('gives every entry once when it is read page by page', () => {
    fc.assert(
      fc.property(fc.nat(60), fc.integer({ min: 1, max: 20 }), (count, limit) => {
        const full = ring(count);
        const seen: number[] = [];
        for (let before: number | undefined, more = true; more;) {
          const page = full.read({ before, limit });
          seen.unshift(...page.entries.map(({ n }) => n));
          before = page.entries[0]?.n;
          more = page.more;
        }
        expect(seen).toEqual(Array.from({ length: count }, (_, index) => index + 1));
      }),
    );
  });
});
