import fc from 'fast-check';
import { aSample } from '../testing/examples.js';
import { gapsOf, merge, pointsOf, summaryOf, WINDOW_MS } from './samples.js';

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

  const read = ({ cpuPercent }: { cpuPercent: number }) => ({ share: cpuPercent, words: '' });

  it('show a pause as a break in the line, with its span and how many samples are missing', () => {
    const samples = [aSample(1, START), aSample(2, START + 1_000), aSample(9, START + 8_000)];
    const points = pointsOf(samples, read);
    expect(points.figures.map((figure) => figure === undefined)).toEqual([false, false, true, false]);
    expect(points.at).toEqual([...points.at].sort((a, b) => a - b));
    expect(points.gaps).toEqual([{ fromMs: START + 1_000, toMs: START + 8_000, lost: 6 }]);
  });

  it('do not count what is missing between two lives of the node service', () => {
    const later = { ...aSample(1, START + 60_000), run: 'another' };
    expect(gapsOf([aSample(7, START), later])).toEqual([{ fromMs: START, toMs: START + 60_000, lost: undefined }]);
  });

  it('are summed up in words for whoever can not see the line', () => {
    expect(summaryOf(pointsOf([aSample(1, START, 3), aSample(2, START, 71.6)], read))).toEqual({
      lowest: '3 %',
      mean: '37 %',
      highest: '72 %',
    });
    expect(summaryOf(pointsOf([], read))).toBeUndefined();
  });
});
