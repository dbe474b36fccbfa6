import { within } from '@muster/bus';
import { collectDefaultMetrics, Counter, Histogram, Registry } from 'prom-client';
import { DURATION_BUCKETS } from './duration-buckets.js';
import { type Family, familyOf, type Labels, type Reading, readFamilies, writeFamilies } from './families.js';
import { LoopDelay } from './loop-delay.js';

/** However many ask, what is measured is read once in this time. */
const READ_EVERY_MS = 1_000;
/** A figure that takes longer to be read than this is left out. */
const READ_WITHIN_MS = 900;

/** Gauges of prom-client that end as counters must, which `promtool check metrics` refuses; each is a sum of another one. */
const MISNAMED = ['nodejs_active_resources_total', 'nodejs_active_handles_total', 'nodejs_active_requests_total'];
/** Since the last scrape, so that two who scrape take it from each other; `muster_event_loop_delay_seconds` says it without that. */
const PER_SCRAPE = ['', '_min', '_max', '_mean', '_stddev', '_p50', '_p90', '_p99'].map(
  (of) => `nodejs_eventloop_lag${of}_seconds`,
);

interface Figure {
  readonly name: string;
  readonly type: 'counter' | 'gauge';
  readonly help: string;
  readonly read: Read;
}

export type Read = () => Iterable<Reading> | number | Promise<Iterable<Reading> | number>;

/**
 * What a service counts and measures, by Prometheus' conventions: `muster_…`, base units, `_total` for what only grows.
 * Labels come from closed lists, and names of models and nodes, of which there are as many as somebody has made.
 */
export class Metrics {
  readonly #registry = new Registry();
  readonly #reads: Figure[] = [];
  readonly #whole: (() => readonly Family[])[] = [];
  readonly #beside: (() => readonly Family[])[] = [];
  readonly #failures: Counter<'metric'>;
  readonly #delay: LoopDelay;
  #last: { atMs: number; families: Promise<Family[]> } | undefined;

  constructor() {
    collectDefaultMetrics({ register: this.#registry });
    for (const name of [...MISNAMED, ...PER_SCRAPE]) this.#registry.removeSingleMetric(name);
    this.#delay = new LoopDelay(
      this.histogram(
        'muster_event_loop_delay_seconds',
        'How late the event loop came to a timer, looked at 20 times a second',
        [],
        {
          buckets: [0.001, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 10],
        },
      ),
    );
    this.#failures = this.counter(
      'muster_metric_read_failures_total',
      'Figures that could not be read and were left out',
      ['metric'],
    );
  }

  /** Something that only grows and is counted where it happens. The name ends with `_total`. */
  counter<Label extends string>(name: string, help: string, labelNames: readonly Label[]): Counter<Label> {
    return new Counter({ name, help, labelNames: [...labelNames], registers: [this.#registry] });
  }

  /** How long, or how much, in buckets. */
  histogram<Label extends string>(
    name: string,
    help: string,
    labelNames: readonly Label[],
    { buckets = DURATION_BUCKETS }: { readonly buckets?: readonly number[] } = {},
  ): Histogram<Label> {
    return new Histogram({
      name,
      help,
      labelNames: [...labelNames],
      buckets: [...buckets],
      registers: [this.#registry],
    });
  }

  /** A value of this moment, read when somebody asks: one number, or one for each set of labels. Throws for a name that is taken. */
  gauge(name: string, help: string, read: Read): void {
    this.#add('gauge', name, help, read);
  }

  /** Something that only grows and is counted elsewhere already. */
  counted(name: string, help: string, read: Read): void {
    this.#add('counter', name, help, read);
  }

  /** Families that somebody counts in his own way, for where a request pays for each count. */
  families(read: () => readonly Family[]): void {
    this.#whole.push(read);
  }

  /** Families that stand on this service's own page and are not told over the bus: there are many of them, or others have them too. */
  beside(read: () => readonly Family[]): void {
    this.#beside.push(read);
  }

  /** What is told over the bus. Read at most once a second; a figure that cannot be read is left out and counted. */
  told(): Promise<Family[]> {
    const nowMs = performance.now();
    if (this.#last === undefined || nowMs - this.#last.atMs >= READ_EVERY_MS)
      this.#last = { atMs: nowMs, families: this.#read() };
    return this.#last.families;
  }

  /** The page of this service in Prometheus' text format. */
  async text(): Promise<string> {
    const families = await this.told();
    return writeFamilies([...families, ...this.#beside.flatMap((read) => read())]);
  }

  /** Ends what measures by itself. */
  stop(): void {
    this.#delay.stop();
  }

  #add(type: 'counter' | 'gauge', name: string, help: string, read: Read): void {
    if (this.#reads.some((each) => each.name === name)) throw new Error(`There is a metric ${name} already`);
    this.#reads.push({ name, type, help, read });
  }

  async #read(): Promise<Family[]> {
    const read = await Promise.all(this.#reads.map((each) => this.#one(each)));
    // After the others: what failed among them is counted here.
    const own = readFamilies(await this.#registry.metrics());
    return [...own, ...read.flatMap((family) => family ?? []), ...this.#whole.flatMap((whole) => whole())];
  }

  async #one({ name, type, help, read }: Figure): Promise<Family | undefined> {
    try {
      const value = await within(READ_WITHIN_MS, Promise.resolve(read()));
      if (value !== undefined) return familyOf(name, type, help, typeof value === 'number' ? [{ value }] : value);
    } catch {
      // Who is away is said by its own check; here its figures are left out.
    }
    this.#failures.inc({ metric: name });
    return undefined;
  }
}

/** One reading for each member of a closed list, 1 for the one that holds and 0 for the others. */
export const oneOf = <T extends string>(label: string, all: readonly T[], now: T, labels: Labels = {}): Reading[] =>
  all.map((each) => ({ value: each === now ? 1 : 0, labels: { ...labels, [label]: each } }));
