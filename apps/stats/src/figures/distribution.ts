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

/** How often each bucket came, while the buckets of one distribution are put in order; all 0 between two. */
const times = new Float64Array(shape.countsArrayLength);
/** With more than this that is not in order it is put in order, so that a distribution stays as small as its buckets. */
const MOST_UNORDERED = 8_192;

/**
 * How whole numbers from 0 on spread, in the buckets of an HDR histogram of two significant digits: a percentile is off by less
 * than one part in a hundred. Merging loses nothing: the merge of two is the distribution of all their values, in any order.
 */
export class Distribution {
  #n = 0;
  #sum = 0;
  #max = 0;
  /** The bucket of each value, in the order in which they came. */
  #values: number[] = [];
  /** Buckets and how often each came, in turns. */
  #buckets: number[] = [];
  #inOrder = true;

  static from({ n, sum, max, buckets }: StoredDistribution): Distribution {
    const distribution = new Distribution();
    distribution.#add(n, sum, max);
    distribution.#buckets = [...buckets];
    return distribution;
  }

  /** Values below 0 count as 0. */
  record(value: number): void {
    const whole = Math.min(MOST, Math.max(0, Math.round(value)));
    this.#add(1, whole, whole);
    this.#inOrder = false;
    this.#values.push(shape.countsArrayIndex(whole));
    this.#bound();
  }

  merge(other: Distribution): void {
    this.#add(other.#n, other.#sum, other.#max);
    this.#inOrder = false;
    for (const bucket of other.#values) this.#values.push(bucket);
    for (const each of other.#buckets) this.#buckets.push(each);
    this.#bound();
  }

  stored(): StoredDistribution {
    return { n: this.#n, sum: this.#sum, max: this.#max, buckets: [...this.#ordered()] };
  }

  /** Undefined when nothing was recorded. `scale` is how many of the recorded numbers make up one of the told. */
  spread(scale = 1): Spread | undefined {
    if (this.#n === 0) return undefined;
    const histogram = emptyHistogram();
    const buckets = this.#ordered();
    for (let at = 0; at < buckets.length; at += 2)
      histogram.recordValueWithCount(shape.valueFromIndex(buckets[at] ?? 0), buckets[at + 1] ?? 0);
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

  #bound(): void {
    if (this.#values.length + this.#buckets.length > MOST_UNORDERED) this.#ordered();
  }

  /** Each bucket once, the lowest first: a value is only noted when it comes, since most come once and are stored once. */
  #ordered(): readonly number[] {
    if (this.#inOrder) return this.#buckets;
    let [lowest, highest] = [times.length, -1];
    const note = (bucket: number, count: number): void => {
      times[bucket] = (times[bucket] ?? 0) + count;
      if (bucket < lowest) lowest = bucket;
      if (bucket > highest) highest = bucket;
    };
    for (const bucket of this.#values) note(bucket, 1);
    for (let at = 0; at + 1 < this.#buckets.length; at += 2) note(this.#buckets[at] ?? 0, this.#buckets[at + 1] ?? 0);
    const ordered: number[] = [];
    for (let bucket = lowest; bucket <= highest; bucket += 1) {
      const count = times[bucket];
      if (count === undefined || count === 0) continue;
      ordered.push(bucket, count);
      times[bucket] = 0;
    }
    this.#values = [];
    this.#buckets = ordered;
    this.#inOrder = true;
    return ordered;
  }
}
