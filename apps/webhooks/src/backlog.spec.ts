import { Backlog } from './backlog.js';

const item = (key: string, n: number) => ({ key, position: `F${n}`, mark: `FLEET:${n}` });

describe('what is to be delivered', () => {
  it('comes in order within a key, and other keys do not wait', () => {
    const backlog = new Backlog('F0', 10);
    const [a1, b2, a3] = [item('a', 1), item('b', 2), item('a', 3)];
    for (const each of [a1, b2, a3]) backlog.add(each, false);
    expect([backlog.take(), backlog.take(), backlog.take()]).toEqual([a1, b2, undefined]);
    backlog.delivered(b2);
    expect(backlog.take()).toBeUndefined();
    backlog.again(a1);
    expect(backlog.take()).toBe(a1);
    backlog.delivered(a1);
    expect(backlog.take()).toBe(a3);
  });

  it('is delivered up to what waits, and knows what is delivered beyond', () => {
    const backlog = new Backlog('F0', 10);
    const [a1, b2, a3] = [item('a', 1), item('b', 2), item('a', 3)];
    for (const each of [a1, b2, a3]) backlog.add(each, false);
    backlog.take();
    backlog.take();
    backlog.delivered(b2);
    expect([backlog.position, backlog.done]).toEqual(['F0', ['FLEET:2']]);
    backlog.delivered(a1);
    expect([backlog.position, backlog.done, backlog.size]).toEqual(['F2', [], 1]);
    expect(backlog.take()).toBe(a3);
    backlog.delivered(a3);
    expect([backlog.position, backlog.size]).toEqual(['F3', 0]);
  });

  it('passes by what is nothing for the receiver, but not before what comes first', () => {
    const backlog = new Backlog('F0', 3);
    const a1 = item('a', 1);
    backlog.add(a1, false);
    backlog.add(item('b', 2), true);
    expect([backlog.position, backlog.free]).toEqual(['F0', 1]);
    backlog.reached('F9');
    expect(backlog.position).toBe('F0');
    backlog.take();
    backlog.delivered(a1);
    expect([backlog.position, backlog.free]).toEqual(['F2', 3]);
    backlog.reached('F9');
    expect(backlog.position).toBe('F9');
  });
});
