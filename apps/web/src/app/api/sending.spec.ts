import { Sending } from './sending.js';

describe('an order that is sent', () => {
  it('keeps its name while it is the same, and gets another when it is not', () => {
    let made = 0;
    const sending = new Sending(() => (made += 1));
    expect([{ a: 1 }, { a: 1 }, { a: 2 }, { a: 2 }, { a: 1 }].map((body) => sending.of(body))).toEqual([1, 1, 2, 2, 3]);
  });
});
