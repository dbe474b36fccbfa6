import { type Grouping, NO_NAME, readableText, type SeriesPoint, type TallyOf } from '@muster/contracts';
import type { Line } from '../ui/line-graph.js';
import { figure, took } from '../ui/format.js';
import type { Series } from './tallies-store.js';

/** What a node, model or key is called where it has no name. */
export function nameOf(by: Grouping, { id, name }: TallyOf): string {
  if (by === 'all') return '';
  if (id === NO_NAME.others) return 'others';
  if (id === NO_NAME.none) return by === 'key' ? 'no key' : by === 'node' ? 'no node' : 'no model';
  return readableText(name ?? (by === 'model' ? id : id.slice(0, 8)));
}

/** One graph: its lines beside the times of all steps. */
export interface Graph {
  readonly title: string;
  readonly words: (value: number) => string;
  readonly lines: readonly Line[];
}

export interface Graphs {
  readonly times: readonly number[];
  readonly fromMs: number;
  readonly toMs: number;
  readonly graphs: readonly Graph[];
}

type Read = (point: SeriesPoint, seconds: number) => number | undefined;

const perSecond = (value: number): string => `${figure(value)}/s`;
const [P50, P95, P99] = [0, 1, 2] as const;

/** What each graph shows of a step; with several nodes, models or keys one line each, else the lines of this list. */
const shown: readonly { title: string; words: (value: number) => string; empty: 0 | null; lines: [string, Read][] }[] =
  [
    { title: 'Requests', words: perSecond, empty: 0, lines: [['', ({ ended }, seconds) => ended / seconds]] },
    { title: 'Failed', words: perSecond, empty: 0, lines: [['', ({ failed }, seconds) => failed / seconds]] },
    {
      ...{ title: 'Total time', words: took, empty: null },
      lines: [
        ['p95', (point) => point.totalMs?.[P95]],
        ['p50', (point) => point.totalMs?.[P50]],
        ['p99', (point) => point.totalMs?.[P99]],
      ],
    },
    {
      ...{ title: 'First token', words: took, empty: null },
      lines: [
        ['p95', (point) => point.firstTokenMs?.[P95]],
        ['p50', (point) => point.firstTokenMs?.[P50]],
      ],
    },
    {
      ...{ title: 'Tokens', words: perSecond, empty: 0 },
      lines: [
        ['out', ({ tokensOut }, seconds) => tokensOut / seconds],
        ['in', ({ tokensIn }, seconds) => tokensIn / seconds],
      ],
    },
    {
      ...{ title: 'Waited in the queue', words: took, empty: null },
      lines: [
        ['p95', (point) => point.queueMs?.[P95]],
        ['p50', (point) => point.queueMs?.[P50]],
      ],
    },
  ];

/** The graphs of a window. A step without requests is 0 where it is counted, and nothing where it is measured. */
export function graphsOf(series: Series, by: Grouping, nowMs: number): Graphs {
  const { stepMs } = series;
  const [fromMs, toMs] = [Date.parse(series.from), Date.parse(series.to)];
  const times = Array.from({ length: Math.round((toMs - fromMs) / stepMs) }, (_, at) => fromMs + at * stepMs);
  const steps = series.lines.map(({ of, points }) => ({
    name: nameOf(by, of),
    points: new Map(points.map((point) => [Date.parse(point.at), point])),
  }));
  const values = (points: ReadonlyMap<number, SeriesPoint>, read: Read, empty: 0 | null): (number | null)[] =>
    times.map((atMs) => {
      const point = points.get(atMs);
      // The step under way is told by what has passed of it.
      const seconds = Math.max(1_000, Math.min(stepMs, nowMs - atMs)) / 1_000;
      return point === undefined ? empty : (read(point, seconds) ?? null);
    });
  const graphs = shown.map(({ title, words, empty, lines }): Graph => {
    const [first] = lines;
    if (by === 'all') {
      const points = steps[0]?.points ?? new Map<number, SeriesPoint>();
      return { title, words, lines: lines.map(([name, read]) => ({ name, values: values(points, read, empty) })) };
    }
    const [kind = '', read] = first ?? [];
    const named = kind === '' ? title : `${title}, ${kind}`;
    const apart = steps.map(({ name, points }) => ({ name, values: read ? values(points, read, empty) : [] }));
    return { title: named, words, lines: apart };
  });
  // Each step is drawn at its middle.
  return { times: times.map((atMs) => atMs + stepMs / 2), fromMs, toMs, graphs };
}
