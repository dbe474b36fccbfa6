import { AT } from '../testing/examples.js';
import { graphsOf, nameOf } from './series-lines.js';

const fromMs = Date.parse(AT);
const at = (step: number) => new Date(fromMs + step * 10_000).toISOString();
const point = (step: number, ended: number) => ({
  ...{
    at: at(step),
    ended,
    failed: 1,
    tokensIn: 100,
    tokensOut: 50,
    totalMs: [10, 20, 30] as [number, number, number],
  },
});
const series = {
  ...{ from: at(0), to: at(4), stepMs: 10_000, more: false },
  lines: [
    { of: { id: 'tiny' }, points: [point(1, 20), point(3, 5)] },
    { of: { id: '' }, points: [point(2, 10)] },
  ],
};

describe('the graphs of a window', () => {
  it('have a value for every step: none counted is 0, none measured is nothing', () => {
    const { times, graphs } = graphsOf({ ...series, lines: series.lines.slice(0, 1) }, 'all', fromMs + 40_000);
    expect(times).toHaveLength(4);
    const [requests, , total] = graphs;
    expect(requests?.lines).toEqual([{ name: '', values: [0, 2, 0, 0.5] }]);
    expect(total?.lines.map(({ name, values }) => [name, values])).toEqual([
      ['p95', [null, 20, null, 20]],
      ['p50', [null, 10, null, 10]],
      ['p99', [null, 30, null, 30]],
    ]);
  });

  it('tell the step under way by what has passed of it', () => {
    const { graphs } = graphsOf(series, 'model', fromMs + 32_000);
    expect(graphs[0]?.lines[0]?.values.at(-1)).toBe(2.5);
  });

  it('have a line for each model, with its name', () => {
    const { graphs } = graphsOf(series, 'model', fromMs + 40_000);
    expect(graphs[2]).toMatchObject({ title: 'Total time, p95', lines: [{ name: 'tiny' }, { name: 'no model' }] });
    expect(nameOf('key', { id: '*' })).toBe('others');
    expect(nameOf('node', { id: '0123456789', name: 'gpu' })).toBe('gpu');
  });
});
