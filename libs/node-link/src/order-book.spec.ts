import type { NodeOutcome } from '@muster/contracts';
import { limits } from './limits.js';
import { OrderBook } from './order-book.js';

const order = { order: 'stop', executorId: 'e' } as const;
const done: NodeOutcome = { outcome: 'done', done: { executorId: 'e', model: 'm', restartNeeded: false } };

describe('the orders of a node', () => {
  it('are carried out once each, however often they are sent', async () => {
    let times = 0;
    const book = new OrderBook(() => {
      times += 1;
      return Promise.resolve(done);
    });
    expect(await Promise.all([book.take('a', order), book.take('a', order)])).toEqual([done, done]);
    expect(await book.take('a', order)).toBe(done);
    expect(times).toBe(1);
    await book.take('b', order);
    expect(times).toBe(2);
  });

  it('that fail have an outcome too, and a repeat has the same', async () => {
    const book = new OrderBook(() => Promise.reject(new Error('The disk is full')));
    expect(await book.take('a', order)).toEqual({ outcome: 'failed', words: 'The disk is full' });
    expect(await book.take('a', order)).toEqual({ outcome: 'failed', words: 'The disk is full' });
  });

  it('are refused beyond what is at hand, and may then be sent again', async () => {
    const ends: (() => void)[] = [];
    const book = new OrderBook(() => new Promise((resolve) => ends.push(() => resolve(done))));
    const first = Array.from({ length: limits.ordersAtHand }, (_, n) => book.take(`${n}`, order));
    expect(await book.take('late', order)).toEqual({ outcome: 'refused', code: 'node-busy' });
    for (const end of ends.splice(0)) end();
    await Promise.all(first);
    const again = book.take('late', order);
    for (const end of ends.splice(0)) end();
    expect(await again).toBe(done);
  });

  it('are forgotten in the end, the oldest first', async () => {
    let times = 0;
    const book = new OrderBook(() => {
      times += 1;
      return Promise.resolve(done);
    });
    for (let n = 0; n <= limits.outcomesKept; n += 1) await book.take(`${n}`, order);
    await book.take(`${limits.outcomesKept}`, order);
    expect(times).toBe(limits.outcomesKept + 1);
    await book.take('0', order);
    expect(times).toBe(limits.outcomesKept + 2);
  });
});
