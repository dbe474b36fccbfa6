import type { Bus } from '@muster/bus';
import type { LogEntry, LogLevel, NodeSample, ReadLog, ReplyOf, RequestOf } from '@muster/contracts';
import type { FromNode, ResumeFrom } from '@muster/node-link';
import type { Clock } from '@muster/service';
import { type FlowStart, NodeTelemetry, type Now } from './node-telemetry.js';

type FrameOf<Type extends FromNode['type']> = Extract<FromNode, { type: Type }>;

/** A sample no older than this was sent as it was measured; an older one was fetched after an outage and says nothing of rhythm. */
const LIVE_MS = 1_500;

/** Whether a frame is one that the node sends of itself once a second. */
export const isBeat = (frame: FromNode): boolean =>
  frame.type === 'samples' && frame.items.some(({ ageMs }) => ageMs < LIVE_MS);

/** One node's samples and lines on their way: kept in memory, and published as they come. */
export class NodeFeed {
  readonly #telemetry: NodeTelemetry;

  constructor(
    nodeId: string,
    epoch: string,
    private readonly clock: Clock,
    private readonly bus: Pick<Bus, 'publishSample' | 'publishLog'>,
  ) {
    this.#telemetry = new NodeTelemetry(nodeId, epoch, clock.monotonicMs());
  }

  /** Where the flow goes on when the link is made anew. */
  get resume(): ResumeFrom | undefined {
    return this.#telemetry.seen;
  }

  /** The flow of a link begins. See NodeTelemetry.begin. */
  begin(start: FlowStart): { restarted: boolean; linesMissing: boolean } {
    return this.#telemetry.begin(start);
  }

  takeSamples({ items }: FrameOf<'samples'>): void {
    for (const sample of this.#telemetry.takeSamples(items, this.#now())) this.bus.publishSample(sample);
  }

  takeLines({ lines }: FrameOf<'lines'>): void {
    this.#publish(this.#telemetry.takeLines(lines, this.#now()));
  }

  /**
   * The node no longer has what would come next. Returns how many lines that were. What the node
   * wrote before it was ever listened to was never here, so none of it is lost.
   */
  takeGap({ of, lost }: FrameOf<'gap'>): number {
    const { isStranger } = this.#telemetry;
    this.#telemetry.skip(of, lost);
    if (of === 'samples' || isStranger) return 0;
    this.#publish([this.#telemetry.gap(lost, 'node', this.#now())]);
    return lost;
  }

  /** Shows where lines were cut because there were too many. Returns how many, since it was asked last. */
  tellDropped(): number {
    const { entries, lost } = this.#telemetry.tellDropped(this.#now());
    this.#publish(entries);
    return lost;
  }

  /** What the Gateway has to say in this node's log. */
  remark(level: LogLevel, message: string): void {
    this.#publish([this.#telemetry.remark(level, message, this.#now())]);
  }

  readSamples(): NodeSample[] {
    return this.#telemetry.readSamples(this.#now());
  }

  readLog(request: RequestOf<typeof ReadLog>): ReplyOf<typeof ReadLog> {
    return this.#telemetry.readLog(request);
  }

  #publish(entries: readonly LogEntry[]): void {
    const { nodeId, epoch } = this.#telemetry;
    if (entries.length > 0) this.bus.publishLog({ nodeId, epoch, entries: [...entries] });
  }

  #now(): Now {
    return { wallMs: Date.parse(this.clock.now()), monotonicMs: this.clock.monotonicMs() };
  }
}
