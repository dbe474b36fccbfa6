import { DURATION_BUCKETS } from './duration-buckets.js';
import { type Family, familyOf, type Labels } from './families.js';

/** One histogram, counted without a label being looked up: for where each count is paid by a request. */
export class Buckets {
  readonly #counts: number[];
  #sum = 0;
  #count = 0;

  /** `bounds` grow. */
  constructor(private readonly bounds: readonly number[] = DURATION_BUCKETS) {
    this.#counts = bounds.map(() => 0);
  }

  observe(value: number): void {
    this.#sum += value;
    this.#count += 1;
    const { bounds } = this;
    for (let index = 0; index < bounds.length; index += 1)
      if (value <= (bounds[index] ?? Infinity)) {
        this.#counts[index] = (this.#counts[index] ?? 0) + 1;
        return;
      }
  }

  /** The lines of the text format: each bucket has all that is not above its bound. */
  lines(name: string, labels: Labels): string[] {
    let below = 0;
    const buckets = this.bounds.map((bound, index) => {
      below += this.#counts[index] ?? 0;
      return { value: below, labels: { ...labels, le: String(bound) } };
    });
    return [
      ...familyOf(`${name}_bucket`, 'counter', '', [
        ...buckets,
        { value: this.#count, labels: { ...labels, le: '+Inf' } },
      ]).lines,
      ...familyOf(`${name}_sum`, 'counter', '', [{ value: this.#sum, labels }]).lines,
      ...familyOf(`${name}_count`, 'counter', '', [{ value: this.#count, labels }]).lines,
    ];
  }
}

/** A histogram for each set of labels. */
export const histogramOf = (
  name: string,
  help: string,
  of: Iterable<{ readonly buckets: Buckets; readonly labels: Labels }>,
): Family => ({
  name,
  type: 'histogram',
  help,
  lines: [...of].flatMap(({ buckets, labels }) => buckets.lines(name, labels)),
});
