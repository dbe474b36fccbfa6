import fc from 'fast-check';
import { FairQueue } from './fair-queue.js';

const keys = fc.constantFrom('a', 'b', 'c', 'd');
const steps = fc.array(
  fc.oneof(
    fc.record({ do: fc.constant('push' as const), key: keys }),
    fc.record({ do: fc.constant('take' as const), key: keys }),
    fc.record({ do: fc.constant('remove' as const), key: keys }),
  ),
  { maxLength: 80 },
);
interface Entry {
  readonly key: string;
  readonly n: number;
}

describe('the queue', () => {
  it('gives back everything once, each key in the order of its coming', () => {
    fc.assert(
      fc.property(steps, (told) => {
        const queue = new FairQueue<Entry>();
        const waiting: Entry[] = [];
        const taken: Entry[] = [];
        told.forEach((step, n) => {
          if (step.do === 'push') {
            const entry = { key: step.key, n };
            queue.push(step.key, entry);
            waiting.push(entry);
          } else if (step.do === 'take') {
            const entry = queue.take();
            expect(entry === undefined).toBe(waiting.length === 0);
            if (entry === undefined) return;
            expect(waiting.find(({ key }) => key === entry.key)).toBe(entry);
            waiting.splice(waiting.indexOf(entry), 1);
            taken.push(entry);
          } else {
            const entry = waiting.find(({ key }) => key === step.key);
            expect(queue.remove(step.key, entry ?? { key: step.key, n })).toBe(entry !== undefined);
            if (entry !== undefined) waiting.splice(waiting.indexOf(entry), 1);
          }
          expect(queue.size).toBe(waiting.length);
        });
        expect(queue.drain()).toHaveLength(waiting.length);
        expect(queue.size).toBe(0);
      }),
    );
  });

  it('lets no key wait longer than one turn of each other key', () => {
    fc.assert(
      fc.property(fc.array(keys, { minLength: 1, maxLength: 60 }), (order) => {
        const queue = new FairQueue<string>();
        for (const key of order) queue.push(key, key);
        let last = new Map<string, number>();
        const waiting = new Set(order);
        for (let turn = 0; queue.size > 0; turn += 1) {
          const key = queue.take() ?? '';
          expect(turn - (last.get(key) ?? -1)).toBeLessThanOrEqual(waiting.size);
          last = last.set(key, turn);
        }
      }),
    );
  });

  it('knows how many are before an entry', () => {
    fc.assert(
      fc.property(fc.array(keys, { minLength: 1, maxLength: 40 }), (order) => {
        const queue = new FairQueue<Entry>();
        const entries = order.map((key, n): Entry => ({ key, n }));
        for (const entry of entries) queue.push(entry.key, entry);
        const told = new Map(entries.map((entry) => [entry, queue.ahead(entry.key, entry)]));
        queue.drain().forEach((entry, turn) => expect(told.get(entry)).toBe(turn));
        expect(queue.ahead('a', { key: 'a', n: -1 })).toBeUndefined();
      }),
    );
  });

  it('passes over who can not use what is free, and leaves its turn to it', () => {
    const queue = new FairQueue<string>();
    for (const entry of ['a1', 'a2', 'b1']) queue.push(entry.charAt(0), entry);
    expect(queue.take((entry) => entry !== 'a1' && entry !== 'a2')).toBe('b1');
    expect(queue.take()).toBe('a1');
  });
});
