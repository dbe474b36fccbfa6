import type { LogEntry, LogLevel, LogLine, Measurement, NodeSample, LoadPoint } from '@muster/contracts';
import { LineBudget } from './line-budget.js';
import type { KeptFlow } from './flows.table.js';
import { LogRing } from './log-ring.js';
import { Minutes } from './minutes.js';
import { SampleWindow, WINDOW_MS } from './sample-window.js';

/** Now, for people and for reckoning. */
export interface Now {
  readonly wallMs: number;
  readonly monotonicMs: number;
}

export interface ArrivedSample {
  readonly seq: number;
  readonly ageMs: number;
  readonly measurement: Measurement;
}

/** A sample and how it is written: once, for whoever keeps it and whoever is told. */
export interface WrittenSample {
  readonly sample: NodeSample;
  readonly bytes: Buffer;
}

/** A node that says a sample is older than this says nothing that a clock could be set by. */
const OLDEST_MS = 60 * 60_000;

/**
 * Where the flow of a node goes on after an outage: the last numbers seen, of samples in one life of it, of lines in one
 * numbering.
 */
export interface Seen {
  readonly run: string;
  readonly sample: number;
  readonly numbering: string;
  readonly line: number;
}

/** What a link begins with: the life of the node service, and what of its lines is known already. */
export interface FlowStart {
  readonly run: string;
  readonly numbering: string;
  readonly line: number;
}

/** What is known of one node's samples and log in memory, and how what arrives becomes that. */
export class NodeTelemetry {
  readonly #samples: SampleWindow;
  readonly #minutes = new Minutes();
  readonly log: LogRing;
  readonly #budget: LineBudget;
  #seen: Seen | undefined;
  #isStranger = true;
  #dropped = 0;

  constructor(
    readonly nodeId: string,
    epoch: string,
    nowMs: number,
    kept?: KeptFlow,
  ) {
    this.#samples = new SampleWindow(nodeId);
    this.log = new LogRing(epoch, kept?.lastN);
    this.#budget = new LineBudget(nowMs);
    // The last five minutes are asked for once more: they were in the memory of whoever watched the node before.
    this.#seen = kept?.seen && { ...kept.seen, sample: Math.max(0, kept.seen.sample - WINDOW_MS / 1_000) };
  }

  /** Nothing of the node's log was ever seen here. */
  get isStranger(): boolean {
    return this.#isStranger && this.#seen?.line === 0;
  }

  get seen(): Seen | undefined {
    return this.#seen;
  }

  /**
   * The node's flow begins, with the same life as before or another. `restarted`: it is another than the last one seen;
   * `linesMissing`: and what it wrote last before may be missing, since its lines are not those of before.
   */
  begin({ run, numbering, line }: FlowStart): { restarted: boolean; linesMissing: boolean } {
    const before = this.#seen;
    this.#isStranger = before === undefined;
    this.#seen = { run, sample: before?.run === run ? before.sample : 0, numbering, line };
    const restarted = before !== undefined && before.run !== run;
    return { restarted, linesMissing: restarted && line === 0 };
  }

  /** Stamps samples by the monitor's clock and keeps those of the last five minutes. Gives the ones worth publishing. */
  takeSamples(items: readonly ArrivedSample[], now: Now): WrittenSample[] {
    const { run } = this.#flow();
    const taken: WrittenSample[] = [];
    for (const { seq, ageMs, measurement } of items) {
      this.#seen = { ...this.#flow(), sample: seq };
      const age = Math.min(ageMs, OLDEST_MS);
      const atMs = Math.trunc(now.wallMs - age);
      this.#minutes.add(measurement, atMs);
      if (age > WINDOW_MS) continue;
      const at = new Date(atMs).toISOString();
      const sample: NodeSample = { nodeId: this.nodeId, run, seq, at, measurement };
      const bytes = Buffer.from(JSON.stringify(sample));
      this.#samples.add(sample, now.monotonicMs - age, bytes.length, atMs);
      taken.push({ sample, bytes });
    }
    return taken;
  }

  /** Keeps lines, as many as the node may send. What is cut is counted, and told by `tellDropped` or before the next line. */
  takeLines(lines: readonly LogLine[], now: Now): LogEntry[] {
    const { run } = this.#flow();
    const last = lines.at(-1);
    if (last !== undefined) this.#seen = { ...this.#flow(), line: last.seq };
    const admitted = this.#budget.admit(lines, now.monotonicMs);
    const entries = admitted.length > 0 ? this.tellDropped(now).entries : [];
    for (const line of admitted) entries.push(this.log.add({ kind: 'line', run, line }));
    this.#dropped += lines.length - admitted.length;
    return entries;
  }

  /** Lines were cut of which nobody was told yet. */
  get hasDropped(): boolean {
    return this.#dropped > 0;
  }

  /** The place where lines were cut because there were too many, if there is one that was not told yet. */
  tellDropped(now: Now): { entries: LogEntry[]; lost: number } {
    const lost = this.#dropped;
    if (lost === 0) return { entries: [], lost };
    this.#dropped = 0;
    return { entries: [this.gap(lost, 'monitor', now)], lost };
  }

  gap(lost: number | undefined, where: 'node' | 'link' | 'monitor', now: Now): LogEntry {
    const at = new Date(now.wallMs).toISOString();
    return this.log.add({ kind: 'gap', at, ...(lost === undefined ? {} : { lost }), where });
  }

  /** Numbers that do not come: the flow goes on after them. */
  skip(of: 'samples' | 'lines', lost: number): void {
    const seen = this.#flow();
    this.#seen = of === 'samples' ? { ...seen, sample: seen.sample + lost } : { ...seen, line: seen.line + lost };
  }

  /** What the Gateway has to say in this node's log. */
  remark(level: LogLevel, message: string, now: Now): LogEntry {
    return this.log.add({ kind: 'remark', at: new Date(now.wallMs).toISOString(), level, message });
  }

  newestSample(now: Now, withinMs: number): NodeSample | undefined {
    return this.#samples.newest(now.monotonicMs, withinMs);
  }

  readSamples(now: Now): NodeSample[] {
    return this.#samples.read(now.monotonicMs);
  }

  /** Whole minutes that are not kept yet. */
  minutesDue(nowMs: number): LoadPoint[] {
    return this.#minutes.due(nowMs);
  }

  minutesKept(points: readonly LoadPoint[]): void {
    this.#minutes.kept(points);
  }

  #flow(): Seen {
    if (this.#seen === undefined) throw new Error('Samples and lines come after the hello');
    return this.#seen;
  }
}
