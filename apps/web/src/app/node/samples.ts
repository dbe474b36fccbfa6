import type { Measurement, NodeSample } from '@muster/contracts';

export const WINDOW_MS = 300_000;
/** More samples than a window can hold at 1 Hz: a node that sends faster loses its oldest. */
const MOST_SAMPLES = 600;
/** Samples come once a second; a pause longer than this is shown as a gap and not bridged by a line. */
const GAP_MS = 2_500;

const at = (sample: NodeSample): number => Date.parse(sample.at);
const sameSample = (a: NodeSample, b: NodeSample): boolean => a.run === b.run && a.seq === b.seq;

/**
 * Adds samples to those known: in the order of their times, each once, and only those of the last five minutes before the
 * newest, at most 600. Samples fetched after an outage may be older than some that are known.
 */
export function merge(known: readonly NodeSample[], more: readonly NodeSample[]): readonly NodeSample[] {
  if (more.length === 0) return known;
  const all = [...known, ...more].sort((a, b) => at(a) - at(b));
  const last = all.at(-1);
  if (last === undefined) return all;
  const from = at(last) - WINDOW_MS;
  return all
    .filter(
      (sample, index) =>
        at(sample) >= from && !all.slice(Math.max(0, index - 4), index).some((other) => sameSample(other, sample)),
    )
    .slice(-MOST_SAMPLES);
}

/** Samples as rows of a graph. A row without a sample is a gap: the line breaks there. */
export interface Rows {
  /** Seconds since 1970, ascending. */
  readonly at: readonly number[];
  readonly samples: readonly (NodeSample | undefined)[];
}

export function rowsOf(samples: readonly NodeSample[]): Rows {
  const rows: { at: number; sample: NodeSample | undefined }[] = [];
  let before: number | undefined;
  for (const sample of samples) {
    const now = at(sample);
    if (before !== undefined && now - before > GAP_MS) rows.push({ at: (before + now) / 2_000, sample: undefined });
    rows.push({ at: now / 1_000, sample });
    before = now;
  }
  return { at: rows.map((row) => row.at), samples: rows.map((row) => row.sample) };
}

/** What one graph shows of a measurement: a share of 0 to 100, and the figure in words. Undefined is not known. */
export interface Figure {
  readonly share: number;
  readonly words: string;
}
export type ReadFigure = (measurement: Measurement) => Figure | undefined;

export interface Summary {
  readonly lowest: string;
  readonly mean: string;
  readonly highest: string;
}

/** The lowest, mean and highest of a span of samples, for whoever can not see the line. Undefined when nothing is known. */
export function summaryOf(samples: readonly NodeSample[], read: ReadFigure): Summary | undefined {
  const shares = samples.flatMap(({ measurement }) => read(measurement)?.share ?? []);
  if (shares.length === 0) return undefined;
  const show = (share: number): string => `${Math.round(share)} %`;
  return {
    lowest: show(Math.min(...shares)),
    mean: show(shares.reduce((sum, share) => sum + share, 0) / shares.length),
    highest: show(Math.max(...shares)),
  };
}
