import fc from 'fast-check';
import { type Candidate, choose, hashOf } from './choice.js';

const candidate = fc.record({
  id: fc.uuid(),
  slots: fc.integer({ min: 1, max: 8 }),
  inFlight: fc.nat(8),
  recentMs: fc.option(fc.nat(5_000), { nil: undefined }),
});
const candidates = fc.uniqueArray(candidate, { selector: ({ id }) => id, maxLength: 8 });
const chance = fc.array(fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true }), { minLength: 2, maxLength: 2 });
const drawn = (draws: readonly number[]) => {
  let next = 0;
  return () => draws[next++ % draws.length] ?? 0;
};

const free = ({ slots, inFlight }: Candidate) => inFlight < slots;
const load = ({ slots, inFlight }: Candidate) => inFlight / slots;

describe('the choice of an executor', () => {
  it('finds one exactly when a slot is free, and only one that has it', () => {
    fc.assert(
      fc.property(candidates, chance, fc.option(fc.nat(), { nil: undefined }), (among, draws, prefix) => {
        const chosen = choose(among, { prefix, random: drawn(draws) });
        expect(chosen === undefined).toBe(!among.some(free));
        if (chosen !== undefined) expect(free(chosen)).toBe(true);
      }),
    );
  });

  it('takes one of the least loaded when nothing is known of the beginning', () => {
    fc.assert(
      fc.property(candidates, chance, (among, draws) => {
        const chosen = choose(among, { prefix: undefined, random: drawn(draws) });
        if (chosen !== undefined) expect(load(chosen)).toBe(Math.min(...among.filter(free).map(load)));
      }),
    );
  });

  it('never lets affinity load one by more than two slots above another', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 2, max: 6 }),
        fc.integer({ min: 1, max: 60 }),
        fc.nat(),
        (nodes, requests, prefix) => {
          const among = Array.from({ length: nodes }, (_, n) => ({
            id: `node-${n}`,
            slots: 100,
            inFlight: 0,
            recentMs: undefined,
          }));
          for (let n = 0; n < requests; n += 1) {
            const chosen = choose(among, { prefix, random: () => 0.5 });
            if (chosen !== undefined) chosen.inFlight += 1;
            const loads = among.map(({ inFlight }) => inFlight);
            expect(Math.max(...loads) - Math.min(...loads)).toBeLessThanOrEqual(2);
          }
        },
      ),
    );
  });

  it('sends the same beginning to the same executor while all are idle, and spreads different ones', () => {
    const among = ['a', 'b', 'c'].map((id) => ({ id, slots: 4, inFlight: 0, recentMs: undefined }));
    const of = (prefix: number) => choose(among, { prefix, random: Math.random })?.id;
    expect(of(7)).toBe(of(7));
    expect(new Set(Array.from({ length: 50 }, (_, n) => of(hashOf(`prompt ${n}`)))).size).toBe(3);
  });

  it('keeps every other beginning where it was when an executor goes', () => {
    const among = ['a', 'b', 'c', 'd'].map((id) => ({ id, slots: 4, inFlight: 0, recentMs: undefined }));
    for (let n = 0; n < 200; n += 1) {
      const prefix = hashOf(`prompt ${n}`);
      const before = choose(among, { prefix, random: Math.random })?.id;
      const after = choose(
        among.filter(({ id }) => id !== 'd'),
        { prefix, random: Math.random },
      )?.id;
      if (before !== 'd') expect(after).toBe(before);
    }
  });

  it('draws equals in proportion to their slots', () => {
    const among = [1, 2, 4].map((slots) => ({ id: `${slots}`, slots, inFlight: 0, recentMs: undefined }));
    const taken = new Map<string, number>();
    for (let n = 0; n < 7_000; n += 1) {
      const id = choose(among, { prefix: undefined, random: Math.random })?.id ?? '';
      taken.set(id, (taken.get(id) ?? 0) + 1);
    }
    for (const slots of [1, 2, 4]) expect((taken.get(`${slots}`) ?? 0) / 1_000 / slots).toBeCloseTo(1, 0);
  });

  it('passes over one that is much slower than the other drawn, and lets a little slower count for nothing', () => {
    const of = (slowMs: number) =>
      choose(
        [
          { id: 'slow', slots: 1, inFlight: 0, recentMs: slowMs },
          { id: 'quick', slots: 1, inFlight: 0, recentMs: 100 },
        ],
        { prefix: undefined, random: drawn([0, 0.9]) },
      )?.id;
    expect(of(1_000)).toBe('quick');
    expect(of(150)).toBe('slow');
  });
});
