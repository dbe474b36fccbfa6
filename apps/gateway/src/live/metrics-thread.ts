import type { NodeSample } from '@muster/contracts';

/** Five minutes at one a second. */
const SHOWN_SAMPLES = 300;

/**
 * The samples of one node as a page gets them: those the monitor kept, then each new one. It listens before it asks, so
 * nothing falls between the two; what comes twice is taken once. A sample that never comes leaves a hole in time, which the
 * chart shows as one.
 */
export class MetricsThread {
  readonly #samples: NodeSample[] = [];
  /** What came before the monitor answered; no longer than what is shown. */
  #early: NodeSample[] | undefined = [];

  /** The monitor's answer. From here on every sample is shown as it comes. */
  begin(samples: readonly NodeSample[]): void {
    const early = this.#early ?? [];
    this.#early = undefined;
    this.#samples.push(...samples.slice(-SHOWN_SAMPLES));
    for (const sample of early) this.#take(sample);
  }

  /** True when the sample is new and to be told to the members of the room. */
  add(sample: NodeSample): boolean {
    if (this.#early === undefined) return this.#take(sample);
    this.#early.push(sample);
    if (this.#early.length > SHOWN_SAMPLES) this.#early.shift();
    return false;
  }

  snapshot(): NodeSample[] {
    return [...this.#samples];
  }

  #take(sample: NodeSample): boolean {
    const last = this.#samples.at(-1);
    if (last !== undefined && last.run === sample.run && sample.seq <= last.seq) return false;
    this.#samples.push(sample);
    if (this.#samples.length > SHOWN_SAMPLES) this.#samples.shift();
    return true;
  }
}
