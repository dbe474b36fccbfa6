import { Slots } from './slots.js';

const stays = new AbortController().signal;

describe('Slots', () => {
  it('give the free one that fits best, and the others after it', async () => {
    const slots = new Slots(['a', 'b', 'c'], 0);
    const fit = (item: string) => (item === 'b' ? 2 : item === 'c' ? 1 : 0);
    const claims = [await slots.claim(stays, fit), await slots.claim(stays, fit), await slots.claim(stays, fit)];
    expect(claims.map(({ item }) => item)).toEqual(['b', 'c', 'a']);
    expect(slots.inFlight).toBe(3);
  });

  it('let the others wait in the order of their coming, and turn away whom the line does not hold', async () => {
    const slots = new Slots(['only'], 2);
    const first = await slots.claim(stays, () => 0);
    const served: string[] = [];
    const second = slots.claim(stays, () => 0).then((claim) => (served.push('second'), claim));
    const third = slots.claim(stays, () => 0).then((claim) => (served.push('third'), claim));
    await expect(slots.claim(stays, () => 0)).rejects.toMatchObject({ status: 503, code: 'queue_full' });
    expect(slots.queued).toBe(2);
    first.release();
    first.release();
    (await second).release();
    (await third).release();
    expect(served).toEqual(['second', 'third']);
    expect([slots.inFlight, slots.queued]).toEqual([0, 0]);
  });

  it('forget whoever leaves the line', async () => {
    const slots = new Slots(['only'], 2);
    const first = await slots.claim(stays, () => 0);
    const leaving = new AbortController();
    const left = slots.claim(leaving.signal, () => 0);
    const next = slots.claim(stays, () => 0);
    leaving.abort(new Error('gone'));
    await expect(left).rejects.toThrow('gone');
    expect(slots.queued).toBe(1);
    first.release();
    expect((await next).item).toBe('only');
    await expect(slots.claim(leaving.signal, () => 0)).rejects.toThrow('gone');
  });
});
