import type { LoadPoint } from '@muster/contracts';
import { missingSteps, pointsOfLoad, spans } from './load-history.js';

const START = Date.parse('2026-11-23T12:00:00.000Z');
const point = (minute: number, mean: number, more: Partial<LoadPoint> = {}): LoadPoint => ({
  at: new Date(START + minute * 60_000).toISOString(),
  samples: 60,
  cpuPercent: { mean, highest: mean + 10 },
  memoryPercent: { mean: 50, highest: 50 },
  ...more,
});
const history = { span: spans[1], stepMs: 60_000, points: [point(0, 20), point(1, 30), point(4, 40)] };

describe('the figures of a longer span', () => {
  it('are the mean of each step in its middle, with the highest in words', () => {
    const { at, figures } = pointsOfLoad(history, ({ cpuPercent }) => cpuPercent);
    expect(at[0]).toBe(START + 30_000);
    expect(figures[1]).toEqual({ share: 30, words: '30 %, at most 40 %' });
  });

  it('break where steps are missing', () => {
    expect(missingSteps(history)).toEqual([{ fromMs: START + 120_000, toMs: START + 240_000, lost: undefined }]);
    const { figures } = pointsOfLoad(history, ({ cpuPercent }) => cpuPercent);
    expect(figures.map((figure) => figure?.share)).toEqual([20, 30, undefined, 40]);
  });

  it('are not known where the machine did not tell', () => {
    const { figures } = pointsOfLoad(history, ({ gpuPercent }) => gpuPercent);
    expect(figures.every((figure) => figure === undefined)).toBe(true);
  });
});
