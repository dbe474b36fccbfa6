import type { Bus } from '@muster/bus';
import type { LogEntry, LogLevel, LogPage, NodeSample, ReadLog, RequestOf } from '@muster/contracts';
import type { FromNode, ResumeFrom } from '@muster/node-link';
import type { Clock } from '@muster/service';
import type { KeptFlow } from './flows.table.js';
import { LogReader } from './log-reader.js';
import { type FlowStart, NodeTelemetry, type Now } from './node-telemetry.js';
import type { Queries } from './queries.js';
import type { Keeps, Unkept } from './telemetry-keeper.js';

type FrameOf<Type extends FromNode['type']> = Extract<FromNode, { type: Type }>;

/** A sample no older than this was sent as it was measured; an older one was fetched after an outage and says nothing of rhythm. */
const LIVE_MS = 1_500;

/** Whether a frame is one that the node sends of itself once a second. */
export const isBeat = (frame: FromNode): boolean =>
  frame.type === 'samples' && frame.items.some(({ ageMs }) => ageMs < LIVE_MS);

/** Remarks made before the feed is open wait; more than these and the oldest goes. */
const MOST_EARLY = 100;
/** With the database away entries wait; beyond this the oldest go, and a gap stands for them in what is kept. */
const MOST_UNKEPT = 10_000;

export interface FeedParts {
  readonly nodeId: string;
  readonly epoch: string;
  readonly clock: Clock;
  readonly bus: Pick<Bus, 'publishSample' | 'publishLog'>;
  readonly queries: Queries;
  /** The token under which the node is held. */
  readonly token: () => number;
}

/**
 * One node's samples and lines on their way: published as they come, the last in memory, and kept. Open it before the link is
 * made.
 */
export class NodeFeed implements Keeps {
  readonly #reader: Promise<LogReader>;
  #haveReader!: (reader: LogReader) => void;
  #telemetry: NodeTelemetry | undefined;
  #early: ((telemetry: NodeTelemetry) => void)[] = [];
  #unkept: LogEntry[] = [];
  #keptLine = 0;

  constructor(private readonly parts: FeedParts) {
    this.#reader = new Promise((resolve) => (this.#haveReader = resolve));
  }

  /** Goes on where the flow was kept last; a node that is new begins. */
  open(kept: KeptFlow | undefined): void {
    const { nodeId, epoch, clock, queries } = this.parts;
    const telemetry = new NodeTelemetry(nodeId, epoch, clock.monotonicMs(), kept);
    this.#telemetry = telemetry;
    this.#haveReader(new LogReader(queries, nodeId, telemetry.log));
    for (const act of this.#early.splice(0)) act(telemetry);
  }

  /** Known how far the flow was taken in: the link can be made. */
  get isOpen(): boolean {
    return this.#telemetry !== undefined;
  }

  /** Where the flow goes on when the link is made anew. */
  get resume(): ResumeFrom | undefined {
    return this.#telemetry?.seen;
  }

  /** The flow of a link begins. See NodeTelemetry.begin. */
  begin(start: FlowStart): { restarted: boolean; linesMissing: boolean } {
    return this.#open.begin(start);
  }

  takeSamples({ items }: FrameOf<'samples'>): void {
    for (const taken of this.#open.takeSamples(items, this.#now()))
      this.parts.bus.publishSample(taken.sample, taken.bytes);
  }

  takeLines({ lines }: FrameOf<'lines'>): void {
    this.#publish(this.#open.takeLines(lines, this.#now()));
  }

  /**
   * The node no longer has what would come next. Returns how many lines that were. What the node
   * wrote before it was ever listened to was never here, so none of it is lost.
   */
  takeGap({ of, lost }: FrameOf<'gap'>): number {
    const { isStranger } = this.#open;
    this.#open.skip(of, lost);
    if (of === 'samples' || isStranger) return 0;
    this.#publish([this.#open.gap(lost, 'node', this.#now())]);
    return lost;
  }

  /** Shows where lines were cut because there were too many. Returns how many, since it was asked last. */
  tellDropped(): number {
    if (this.#telemetry === undefined || !this.#telemetry.hasDropped) return 0;
    const { entries, lost } = this.#telemetry.tellDropped(this.#now());
    this.#publish(entries);
    return lost;
  }

  /** What the Gateway has to say in this node's log. */
  remark(level: LogLevel, message: string): void {
    const now = this.#now();
    const act = (telemetry: NodeTelemetry) => {
      this.#publish([telemetry.remark(level, message, now)]);
    };
    if (this.#telemetry !== undefined) return act(this.#telemetry);
    this.#early.push(act);
    if (this.#early.length > MOST_EARLY) this.#early.shift();
  }

  /** The newest sample that is no older than this. */
  newestSample(withinMs: number): NodeSample | undefined {
    return this.#telemetry?.newestSample(this.#now(), withinMs);
  }

  readSamples(): NodeSample[] {
    return this.#telemetry?.readSamples(this.#now()) ?? [];
  }

  async readLog(request: RequestOf<typeof ReadLog>): Promise<LogPage> {
    return (await this.#reader).read(request);
  }

  unkept(nowMs: number): Unkept | undefined {
    const telemetry = this.#telemetry;
    if (telemetry === undefined) return undefined;
    const minutes = telemetry.minutesDue(nowMs);
    const line = telemetry.seen?.line ?? 0;
    // How far the samples are is no reason to write: what is fetched twice of them is added up once.
    if (this.#unkept.length === 0 && minutes.length === 0 && line === this.#keptLine) return undefined;
    return {
      nodeId: this.parts.nodeId,
      token: this.parts.token(),
      flow: { lastN: telemetry.log.last, seen: telemetry.seen },
      entries: [...this.#unkept],
      minutes,
    };
  }

  kept({ entries, flow, minutes }: Unkept): void {
    this.#telemetry?.minutesKept(minutes);
    const last = entries.at(-1)?.n ?? 0;
    this.#unkept = this.#unkept.filter(({ n }) => n > last);
    this.#keptLine = flow.seen?.line ?? 0;
  }

  get #open(): NodeTelemetry {
    if (this.#telemetry === undefined) throw new Error('The link is made once the feed is open');
    return this.#telemetry;
  }

  #publish(entries: readonly LogEntry[]): void {
    if (entries.length === 0) return;
    const { nodeId, epoch, bus } = this.parts;
    bus.publishLog({ nodeId, epoch, entries: [...entries] });
    this.#unkept.push(...entries);
    if (this.#unkept.length > MOST_UNKEPT) this.#unkept = this.#unkept.slice(-MOST_UNKEPT);
  }

  #now(): Now {
    return { wallMs: this.parts.clock.wallMs(), monotonicMs: this.parts.clock.monotonicMs() };
  }
}
