import type { Spread } from '@muster/contracts';
import { build, type JsHistogram } from 'hdr-histogram-js';
import * as z from 'zod/mini';

const count = z.number().check(z.int(), z.gte(0));

/** A distribution as it is stored: exact number, sum and maximum; and the buckets, each as its index and its count. */
export const StoredDistribution = z.object({ n: count, sum: count, max: count, buckets: z.array(count) });
export type StoredDistribution = z.infer<typeof StoredDistribution>;

/** A day in ms: what lasted longer counts as a day. */
const MOST = 86_400_000;

// One for all: only its bounds of buckets are used, which are the same in every histogram of this shape.
const emptyHistogram = (): JsHistogram =>
  build({
    lowestDiscernibleValue: 1,
    highestTrackableValue: MOST,
    numberOfSignificantValueDigits: 2,
    bitBucketSize: 64,
  }) as JsHistogram;
const shape = emptyHistogram();

/** A value as it is recorded, and the bucket that it falls into. */
export interface Placed {
  readonly whole: number;
  readonly bucket: number;
}

export function placed(value: number): Placed {
  const whole = Math.min(MOST, Math.max(0, Math.round(value)));
  return { whole, bucket: shape.countsArrayIndex(whole) };
}

/**
 * How whole numbers from 0 on spread, in the buckets of an HDR histogram of two significant digits: a percentile is off by less
 * than one part in a hundred. Merging loses nothing: the merge of two is the distribution of all their values, in any order.
 */
export class Distribution {
  #n = 0;
  #sum = 0;
  #max = 0;
  readonly #buckets = new Map<number, number>();

  static from({ n, sum, max, buckets }: StoredDistribution): Distribution {
    const distribution = new Distribution();
    distribution.#add(n, sum, max);
    for (let at = 0; at + 1 < buckets.length; at += 2) distribution.#bucket(buckets[at] ?? 0, buckets[at + 1] ?? 0);
    return distribution;
  }

  /** Values below 0 count as 0. */
  record(value: number): void {
    this.count(placed(value));
  }

  /** The same for a value that is recorded in several distributions. */
  count({ whole, bucket }: Placed): void {
    this.#add(1, whole, whole);
    this.#bucket(bucket, 1);
  }

  merge(other: Distribution): void {
    this.#add(other.#n, other.#sum, other.#max);
    for (const [index, times] of other.#buckets) this.#bucket(index, times);
  }

  stored(): StoredDistribution {
    const buckets = [...this.#buckets].sort(([one], [another]) => one - another).flat();
    return { n: this.#n, sum: this.#sum, max: this.#max, buckets };
  }

  /** Undefined when nothing was recorded. `scale` is how many of the recorded numbers make up one of the told. */
  spread(scale = 1): Spread | undefined {
    if (this.#n === 0) return undefined;
    const histogram = emptyHistogram();
    for (const [index, times] of this.#buckets) histogram.recordValueWithCount(shape.valueFromIndex(index), times);
    const at = (percent: number) => Math.min(histogram.getValueAtPercentile(percent), this.#max) / scale;
    return {
      count: this.#n,
      mean: this.#sum / this.#n / scale,
      ...{ p50: at(50), p95: at(95), p99: at(99), max: this.#max / scale },
    };
  }

  #add(n: number, sum: number, max: number): void {
    this.#n += n;
    this.#sum += sum;
    this.#max = Math.max(this.#max, max);
  }

  #bucket(index: number, times: number): void {
    this.#buckets.set(index, (this.#buckets.get(index) ?? 0) + times);
  }
}
