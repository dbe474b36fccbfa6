import fc from 'fast-check';
import { aSample } from '../testing/examples.js';
import { merge, rowsOf, summaryOf, WINDOW_MS } from './samples.js';

const START = Date.parse('2026-11-23T12:00:00.000Z');

describe('the samples of a window', () => {
  it('are in order, each once, and span five minutes at most, however they arrive', () => {
    const arriving = fc.array(fc.array(fc.integer({ min: 1, max: 800 }), { maxLength: 40 }), { maxLength: 20 });
    fc.assert(
      fc.property(arriving, (batches) => {
        const known = batches.reduce(
          (samples, batch) =>
            merge(
              samples,
              batch.map((seq) => aSample(seq, START + seq * 1_000)),
            ),
          merge([], []),
        );
        const seqs = known.map(({ seq }) => seq);
        expect(seqs).toEqual([...new Set(seqs)].sort((a, b) => a - b));
        const [first, last] = [known[0], known.at(-1)];
        if (first && last) expect(Date.parse(last.at) - Date.parse(first.at)).toBeLessThanOrEqual(WINDOW_MS);
      }),
    );
  });

  it('are bounded, even when a node sends much faster than it should', () => {
    const flood = Array.from({ length: 2_000 }, (_, index) => aSample(index + 1, START + index));
    const kept = merge([], flood);
    expect(kept.length).toBe(600);
    expect(kept.at(-1)?.seq).toBe(2_000);
  });

  it('show a pause as a break in the line', () => {
    const rows = rowsOf([aSample(1, START), aSample(2, START + 1_000), aSample(9, START + 8_000)]);
    expect(rows.samples.map((sample) => sample?.seq)).toEqual([1, 2, undefined, 9]);
    expect(rows.at).toEqual([...rows.at].sort((a, b) => a - b));
  });

  it('are summed up in words for whoever can not see the line', () => {
    const read = ({ cpuPercent }: { cpuPercent: number }) => ({ share: cpuPercent, words: '' });
    expect(summaryOf([aSample(1, START, 3), aSample(2, START, 71.6)], read)).toEqual({
      lowest: '3 %',
      mean: '37 %',
      highest: '72 %',
    });
    expect(summaryOf([], read)).toBeUndefined();
  });
});
