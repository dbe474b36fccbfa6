import fc from 'fast-check';
import { lives } from '../figures/requests.examples.js';
import { isRepeated, startOf } from './tracked.js';

describe('the beginning of a request', () => {
  it('is made again out of its end exactly where the end says all of it', () => {
    let repeated = 0;
    fc.assert(
      fc.property(lives, (all) => {
        for (const { events } of all) {
          const [start, end] = [events[0], events.at(-1)];
          if (start?.type !== 'RequestStarted' || end?.type !== 'RequestFinished') continue;
          const isSame = JSON.stringify(sorted(startOf(end))) === JSON.stringify(sorted(start));
          expect(isRepeated(start, end)).toBe(isSame);
          if (isSame) repeated += 1;
        }
      }),
    );
    expect(repeated).toBeGreaterThan(0);
  });
});

const sorted = ({ type, data }: { type: string; data: object }) => ({
  type,
  data: Object.entries(data).sort(([one], [other]) => (one < other ? -1 : 1)),
});
