import { randomUUID } from 'node:crypto';
import fc from 'fast-check';
import { sample } from '../fleet/fleet.examples.js';
import { MetricsThread } from './metrics-thread.js';

const nodeId = randomUUID();
const seqs = (thread: MetricsThread) => thread.snapshot().map(({ seq }) => seq);

describe('the samples of a room', () => {
  it('go on from what the monitor kept without a hole and without a repeat, wherever its answer falls', () => {
    fc.assert(
      fc.property(fc.nat(40), fc.nat(40), fc.nat(40), (kept, early, later) => {
        const thread = new MetricsThread();
        // The monitor has published 1..kept+early when it answers; the room listens from some point before that.
        const answered = kept + early;
        for (let seq = kept + 1; seq <= answered; seq++) thread.add(sample(nodeId, seq));
        thread.begin(Array.from({ length: answered }, (_, index) => sample(nodeId, index + 1)));
        const told = [];
        for (let seq = answered; seq <= answered + later; seq++) if (thread.add(sample(nodeId, seq))) told.push(seq);
        const all = Array.from({ length: answered + later }, (_, index) => index + 1);
        expect(seqs(thread)).toEqual(answered === 0 ? [0, ...all] : all);
        expect(told).toEqual(answered === 0 ? [0, ...all] : all.slice(answered));
      }),
    );
  });

  it('keep those that came while the monitor was asked and did not yet know them', () => {
    const thread = new MetricsThread();
    expect(thread.add(sample(nodeId, 3))).toBe(false);
    thread.begin([sample(nodeId, 1), sample(nodeId, 2)]);
    expect(seqs(thread)).toEqual([1, 2, 3]);
  });

  it('begin anew with the node', () => {
    const thread = new MetricsThread();
    thread.begin([sample(nodeId, 90)]);
    expect(thread.add({ ...sample(nodeId, 1), run: randomUUID() })).toBe(true);
  });

  it('are those of the last five minutes', () => {
    const thread = new MetricsThread();
    for (let seq = 1; seq <= 1000; seq++) thread.add(sample(nodeId, seq));
    thread.begin([]);
    for (let seq = 1001; seq <= 1100; seq++) thread.add(sample(nodeId, seq));
    expect(seqs(thread)).toHaveLength(300);
    expect(seqs(thread).at(-1)).toBe(1100);
  });
});
