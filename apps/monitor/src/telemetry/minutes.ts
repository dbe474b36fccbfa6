import { loadOf, type LoadPoint, type LoadSpread, type Measurement } from '@muster/contracts';

const MINUTE_MS = 60_000;
/** A node has samples of the last 30 minutes: as long a minute may still be added to, and a little longer. */
const OPEN_MS = 35 * MINUTE_MS;
/** What could not be written for so long is let go. */
const UNKEPT_MS = 24 * 60 * MINUTE_MS;
/** A minute is not written before so long after its end: its last samples may still be on their way. */
const SETTLED_MS = 3_000;

class Sum {
  #count = 0;
  #sum = 0;
  #highest = -Infinity;

  add(value: number | undefined): void {
    if (value === undefined) return;
    this.#count += 1;
    this.#sum += value;
    this.#highest = Math.max(this.#highest, value);
  }

  /** Undefined while nothing was added. */
  get spread(): LoadSpread | undefined {
    return this.#count === 0 ? undefined : { mean: this.#sum / this.#count, highest: this.#highest };
  }
}

const figures = ['cpuPercent', 'memoryPercent', 'gpuPercent', 'vramPercent', 'inFlight', 'tokensPerSecond'] as const;
export type Figure = (typeof figures)[number];

/** One minute as it is added up. */
class OpenMinute {
  readonly #sums = Object.fromEntries(figures.map((figure) => [figure, new Sum()])) as Record<Figure, Sum>;
  #samples = 0;
  #kept = 0;

  constructor(private readonly startMs: number) {}

  add(measurement: Measurement): void {
    // Those of a load are by executor: here it is all of them together.
    const values: Record<Figure, number | undefined> = {
      ...{ gpuPercent: undefined, vramPercent: undefined, ...loadOf(measurement) },
      ...{ inFlight: undefined, tokensPerSecond: undefined },
    };
    for (const { inFlight, tokensPerSecond } of measurement.executors ?? []) {
      values.inFlight = (values.inFlight ?? 0) + inFlight;
      if (tokensPerSecond !== undefined) values.tokensPerSecond = (values.tokensPerSecond ?? 0) + tokensPerSecond;
    }
    for (const figure of figures) this.#sums[figure].add(values[figure]);
    this.#samples += 1;
  }

  /** More has come than was kept. */
  get isDue(): boolean {
    return this.#samples > this.#kept;
  }

  keep(samples: number): void {
    this.#kept = samples;
  }

  get point(): LoadPoint {
    const known = figures
      .map((figure) => [figure, this.#sums[figure]] as const)
      .flatMap(([figure, { spread }]) => (spread === undefined ? [] : [[figure, spread]]));
    // Each measurement tells processor and memory: a minute with a sample has both.
    return {
      at: new Date(this.startMs).toISOString(),
      samples: this.#samples,
      ...(Object.fromEntries(known) as Pick<LoadPoint, Figure>),
    };
  }
}

/** The samples of one node by the minute. Samples may come late and in any order, as after an outage; each is added once. */
export class Minutes {
  readonly #open = new Map<number, OpenMinute>();

  /** `atMs`: when it was measured, in milliseconds since 1970. */
  add(measurement: Measurement, atMs: number): void {
    const startMs = Math.floor(atMs / MINUTE_MS) * MINUTE_MS;
    let minute = this.#open.get(startMs);
    if (minute === undefined) {
      minute = new OpenMinute(startMs);
      this.#open.set(startMs, minute);
    }
    minute.add(measurement);
  }

  /** The minutes that are over and of which not all is kept, oldest first. What is too old to change is let go. */
  due(nowMs: number): LoadPoint[] {
    const due: LoadPoint[] = [];
    // Asked once a second, and mostly there is the one minute that is not over yet.
    if (this.#open.size === 1 && this.#open.has(Math.floor(nowMs / MINUTE_MS) * MINUTE_MS)) return due;
    for (const [startMs, minute] of [...this.#open].sort(([one], [other]) => one - other)) {
      if (startMs + (minute.isDue ? UNKEPT_MS : OPEN_MS) < nowMs) this.#open.delete(startMs);
      else if (minute.isDue && startMs + MINUTE_MS + SETTLED_MS <= nowMs) due.push(minute.point);
    }
    return due;
  }

  /** These are written as they were given by `due`. */
  kept(points: readonly LoadPoint[]): void {
    for (const { at, samples } of points) this.#open.get(Date.parse(at))?.keep(samples);
  }
}
