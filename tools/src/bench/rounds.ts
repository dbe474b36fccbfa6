import { cpus } from 'node:os';
import { say } from '../terminal.js';

/** What one turn of a few seconds came to. */
export interface Turn {
  readonly units: number;
  readonly wallMs: number;
  /** Processor time of the processes that do the work. */
  readonly cpuMs: number;
}

export interface Side {
  readonly name: string;
  turn(): Promise<Turn>;
}

export interface Comparator extends Side {
  /** The product passes when the median of the ratios reaches this. Undefined: it only stands beside it, and is not judged. */
  readonly bar?: number;
  /** Which ratio the bar is about: that of processor time unless told otherwise. */
  readonly by?: 'cpu' | 'clock';
}

/** How the product did against one comparator. A ratio of 2 is twice as much work from the same processor time (or in the same time). */
export interface Comparison {
  readonly byCpu: Ratios;
  readonly byTime: Ratios;
}

export interface Ratios {
  readonly median: number;
  readonly worst: number;
  /** Between the quartiles of the comparator's own turns, as a part of their median. */
  readonly spread: number;
  readonly noisy: boolean;
}

const ROUNDS = 9;
/** The comparator alone moved so much between its turns that a ratio would say nothing. */
const NOISY_ABOVE = 0.35;
/** A noisy run is repeated at most so often. */
const REPEATS = 2;

/**
 * Lets product and comparators take turns on the same machine, 9 rounds after one to warm up, and prints how the product did
 * by the processor time of a unit of work: on a machine that others use too it moves far less than the time on the clock,
 * which is printed beside it. Returns what was printed.
 */
export async function compare(title: string, product: Side, comparators: readonly Comparator[]): Promise<string> {
  const sides = [product, ...comparators];
  for (let repeat = 0; ; repeat += 1) {
    const turns = new Map<Side, Turn[]>(sides.map((side) => [side, []]));
    for (let round = -1; round < ROUNDS; round += 1) {
      for (const side of sides) {
        const turn = await side.turn();
        if (round >= 0) turns.get(side)?.push(turn);
      }
    }
    const mine = turns.get(product) ?? [];
    const compared = comparators.map((each) => {
      const comparison = comparisonOf(mine, turns.get(each) ?? []);
      return { each, ...comparison, judged: each.by === 'clock' ? comparison.byTime : comparison.byCpu };
    });
    const noisy = compared.some(({ each, judged }) => each.bar !== undefined && judged.noisy);
    if (noisy && repeat < REPEATS) {
      say(`${title}: noisy, once more …`);
      continue;
    }
    const lines = [
      `| ${title} | a second | µs of processor each | ratio by processor time: median (worst) | by the clock | bar | |`,
      '| --- | ---: | ---: | ---: | ---: | ---: | --- |',
      row(product.name, mine, '', '', '', ''),
      ...compared.map(({ each, byCpu, byTime, judged }) =>
        row(each.name, turns.get(each) ?? [], wordsOf(byCpu), wordsOf(byTime), ...verdictOf(each, judged)),
      ),
    ].join('\n');
    say(`${lines}\n`);
    return lines;
  }
}

/** The bar, and whether it was reached. */
function verdictOf({ bar, by }: Comparator, { median, noisy }: Ratios): [bar: string, verdict: string] {
  if (bar === undefined) return ['', ''];
  const verdict = noisy ? 'noisy, no verdict' : median >= bar ? 'reached' : 'missed';
  return [`${bar} by ${by === 'clock' ? 'the clock' : 'processor time'}`, verdict];
}

/** The ratios of the rounds, product to comparator. */
export function comparisonOf(product: readonly Turn[], comparator: readonly Turn[]): Comparison {
  return {
    byCpu: ratiosOf(product.map(unitsPerCpuMs), comparator.map(unitsPerCpuMs)),
    byTime: ratiosOf(product.map(unitsPerMs), comparator.map(unitsPerMs)),
  };
}

function ratiosOf(product: readonly number[], comparator: readonly number[]): Ratios {
  const ratios = product.map((speed, round) => speed / (comparator[round] ?? Number.NaN));
  const spread = (quantile(comparator, 0.75) - quantile(comparator, 0.25)) / quantile(comparator, 0.5);
  return { median: quantile(ratios, 0.5), worst: Math.min(...ratios), spread, noisy: spread > NOISY_ABOVE };
}

const unitsPerCpuMs = ({ units, cpuMs }: Turn): number => units / cpuMs;
const unitsPerMs = ({ units, wallMs }: Turn): number => units / wallMs;

/** The value below which this part of all values lies, between two values in proportion. */
export function quantile(values: readonly number[], part: number): number {
  const sorted = [...values].sort((one, other) => one - other);
  const at = (sorted.length - 1) * part;
  const [low, high] = [sorted[Math.floor(at)] ?? Number.NaN, sorted[Math.ceil(at)] ?? Number.NaN];
  return low + (high - low) * (at - Math.floor(at));
}

/** The machine, as it stands above a table of figures. */
export const machine = (): string =>
  `${cpus()[0]?.model ?? 'unknown processor'}, ${cpus().length} cores, Node ${process.version}, ${new Date().toISOString().slice(0, 10)}\n`;

const wordsOf = ({ median, worst, noisy }: Ratios): string =>
  `${median.toFixed(2)} (${worst.toFixed(2)})${noisy ? ', noisy' : ''}`;

function row(name: string, turns: readonly Turn[], ...more: string[]): string {
  const aSecond = quantile(turns.map(unitsPerMs), 0.5) * 1000;
  const each = 1000 / quantile(turns.map(unitsPerCpuMs), 0.5);
  return `| ${[name, aSecond.toFixed(0), each.toFixed(0), ...more].join(' | ')} |`;
}
