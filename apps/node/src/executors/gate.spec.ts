import { Gate, queueFor } from './gate.js';

const stays = new AbortController().signal;
const open = (slots: number, waitMs = 60_000): Gate<string> => {
  const gate = new Gate<string>(() => 0, waitMs);
  gate.open('there', slots);
  return gate;
};

describe('the gate of an executor', () => {
  it('lets in as many as it has slots, and the others in turn', async () => {
    const gate = open(1);
    const first = await gate.enter(stays);
    const order: string[] = [];
    const waiting = ['second', 'third'].map(async (name) => {
      const entrance = await gate.enter(stays);
      order.push(name);
      if (entrance.outcome === 'in') entrance.release();
    });
    expect([gate.inFlight, gate.queued]).toEqual([1, 2]);
    if (first.outcome === 'in') first.release();
    await Promise.all(waiting);
    expect(order).toEqual(['second', 'third']);
    expect([gate.inFlight, gate.queued]).toEqual([0, 0]);
  });

  it('refuses who finds the queue full, and gives up who waits too long or leaves', async () => {
    const gate = open(1, 20);
    await gate.enter(stays);
    const left = new AbortController();
    const leaving = gate.enter(left.signal);
    const waiting = Array.from({ length: queueFor(1) - 1 }, () => gate.enter(stays));
    expect(await gate.enter(stays)).toEqual({ outcome: 'full' });
    left.abort();
    expect(await leaving).toEqual({ outcome: 'left' });
    expect((await Promise.all(waiting)).every(({ outcome }) => outcome === 'timed-out')).toBe(true);
    expect(gate.queued).toBe(0);
  });

  it('has everybody wait while it is held, and nobody while it is shut', async () => {
    const gate = new Gate<string>(() => 0, 60_000);
    expect(await gate.enter(stays)).toMatchObject({ outcome: 'shut' });
    gate.hold(2);
    const waiting = [gate.enter(stays), gate.enter(stays)];
    gate.open('there', 2);
    expect((await Promise.all(waiting)).map(({ outcome }) => outcome)).toEqual(['in', 'in']);
    gate.hold(2);
    const refused = gate.enter(stays);
    gate.shut('It is stopping');
    expect(await refused).toEqual({ outcome: 'shut', words: 'It is stopping' });
  });

  it('ends everything when it is told to, and tells when nobody is inside any more', async () => {
    const gate = open(1);
    const inside = await gate.enter(stays);
    const waiting = gate.enter(stays);
    expect(await gate.emptyWithin(5)).toBe(false);
    const empty = gate.emptyWithin(60_000);
    expect(gate.cancelAll()).toBe(2);
    expect(await waiting).toEqual({ outcome: 'cancelled' });
    if (inside.outcome !== 'in') throw new Error('Not inside');
    expect(inside.signal.aborted).toBe(true);
    inside.release();
    inside.release();
    expect(await empty).toBe(true);
    expect(gate.inFlight).toBe(0);
  });
});
