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

/** A span of time of which samples are missing: shown as such, never bridged by a line. */
export interface Gap {
  readonly fromMs: number;
  readonly toMs: number;
  /** How many samples are missing, when it is known. */
  readonly lost: number | undefined;
}

/** Where samples are missing: counted by their numbers within one life of the node service, known by the clock alone between two. */
export function gapsOf(samples: readonly NodeSample[]): Gap[] {
  return samples.flatMap((sample, index) => {
    const before = samples[index - 1];
    if (before === undefined || at(sample) - at(before) <= GAP_MS) return [];
    const lost = before.run === sample.run ? sample.seq - before.seq - 1 : undefined;
    return [{ fromMs: at(before), toMs: at(sample), lost: lost === 0 ? undefined : lost }];
  });
}

/** What one graph shows of a moment: a share of 0 to 100, and the figure in words. Undefined is not known. */
export interface Figure {
  readonly share: number;
  readonly words: string;
}
export type ReadFigure = (measurement: Measurement) => Figure | undefined;

/** What a graph draws: figures by their times, and where there are none. */
export interface Points {
  /** Milliseconds since 1970, ascending. */
  readonly at: readonly number[];
  readonly figures: readonly (Figure | undefined)[];
  readonly gaps: readonly Gap[];
}

/** One figure of the samples. The line breaks where samples are missing. */
export function pointsOf(samples: readonly NodeSample[], read: ReadFigure): Points {
  const gaps = gapsOf(samples);
  const rows = [
    ...samples.map((sample) => ({ at: at(sample), figure: read(sample.measurement) })),
    ...gaps.map(({ fromMs, toMs }) => ({ at: (fromMs + toMs) / 2, figure: undefined })),
  ].sort((one, other) => one.at - other.at);
  return { at: rows.map((row) => row.at), figures: rows.map(({ figure }) => figure), gaps };
}

export interface Summary {
  readonly lowest: string;
  readonly mean: string;
  readonly highest: string;
}

/** The lowest, mean and highest of what is drawn, for whoever can not see the line. Undefined when nothing is known. */
export function summaryOf({ figures }: Points): Summary | undefined {
  const shares = figures.flatMap((figure) => figure?.share ?? []);
  if (shares.length === 0) return undefined;
  const show = (share: number): string => `${Math.round(share)} %`;
  return {
    lowest: show(Math.min(...shares)),
    mean: show(shares.reduce((sum, share) => sum + share, 0) / shares.length),
    highest: show(Math.max(...shares)),
  };
}
