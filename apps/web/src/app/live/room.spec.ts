import fc from 'fast-check';
import { type Place, step } from './room.js';

const add = (sum: number, change: { by: number }): number => sum + change.by;
const at = (seq: number, snapshot = 0): Place<number> => ({ epoch: 'e', seq, snapshot });

describe('step', () => {
  it('folds the next change in', () => {
    expect(step(at(3, 10), { epoch: 'e', seq: 4, by: 5 }, add)).toEqual({ kind: 'next', place: at(4, 15) });
  });

  it('knows what the snapshot holds already', () => {
    expect(step(at(3), { epoch: 'e', seq: 3, by: 5 }, add).kind).toBe('known');
  });

  it('sees a hole, and another epoch as one', () => {
    expect(step(at(3), { epoch: 'e', seq: 5, by: 5 }, add).kind).toBe('hole');
    expect(step(at(3), { epoch: 'f', seq: 4, by: 5 }, add).kind).toBe('hole');
  });

  it('never shows a sum that leaves something out, whatever is lost or doubled on the way', () => {
    fc.assert(
      fc.property(fc.array(fc.record({ by: fc.integer(), times: fc.nat({ max: 2 }) })), (messages) => {
        let place = at(0);
        let sum = 0;
        for (const [index, { by, times }] of messages.entries()) {
          const before = sum;
          sum += by;
          for (let time = 0; time < times; time += 1) {
            const taken = step(place, { epoch: 'e', seq: index + 1, by }, add);
            // A hole is answered by a new snapshot of this moment.
            if (taken.kind === 'hole') place = at(index + 1, sum);
            if (taken.kind === 'next') place = taken.place;
          }
          if (place.seq === index + 1) expect(place.snapshot).toBe(sum);
          else if (place.seq === index) expect(place.snapshot).toBe(before);
        }
      }),
    );
  });
});
