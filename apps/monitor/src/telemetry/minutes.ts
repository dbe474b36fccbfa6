import { loadOf, type NodeSample, type LoadPoint, type LoadSpread } from '@muster/contracts';

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
  readonly #sums = new Map(figures.map((figure) => [figure, new Sum()]));
  #samples = 0;
  #kept = 0;

  constructor(private readonly startMs: number) {}

  add({ measurement }: NodeSample): void {
    const executors = measurement.executors ?? [];
    const total = (read: (executor: (typeof executors)[number]) => number | undefined) => {
      const known = executors.flatMap((executor) => read(executor) ?? []);
      return known.length === 0 ? undefined : known.reduce((sum, value) => sum + value, 0);
    };
    const values: Partial<Record<Figure, number | undefined>> = {
      ...loadOf(measurement),
      inFlight: total(({ inFlight }) => inFlight),
      tokensPerSecond: total(({ tokensPerSecond }) => tokensPerSecond),
    };
    for (const [figure, sum] of this.#sums) sum.add(values[figure]);
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
    const known = [...this.#sums].flatMap(([figure, { spread }]) => (spread === undefined ? [] : [[figure, spread]]));
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

  add(sample: NodeSample): void {
    const startMs = Math.floor(Date.parse(sample.at) / MINUTE_MS) * MINUTE_MS;
    let minute = this.#open.get(startMs);
    if (minute === undefined) {
      minute = new OpenMinute(startMs);
      this.#open.set(startMs, minute);
    }
    minute.add(sample);
  }

  /** The minutes that are over and of which not all is kept, oldest first. What is too old to change is let go. */
  due(nowMs: number): LoadPoint[] {
    const due: LoadPoint[] = [];
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
