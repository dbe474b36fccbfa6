import {
  ApiKeyUsed,
  HistoryGrew,
  HttpReading,
  httpReadingSubject,
  keyUseSubject,
  type LogEntry,
  lanes,
  logSubject,
  MonitorPulse,
  NodeLog,
  NodeSample,
  pulseSubject,
  RequestsChanged,
  RouterPulse,
  routerPulseSubject,
  sampleSubject,
} from '@muster/contracts';
import type * as z from 'zod/mini';
import type { Connection } from './connection.js';
import { GapCounter, type Lost } from './gaps.js';
import type { Stoppable } from './notice.js';

/** Takes a message at once, in order; how many of its kind were lost before it is told with it. */
export type OnLane<T> = (value: T, lost: Lost) => void;

export interface LaneOptions {
  /** Only this node's. */
  readonly nodeId?: string;
}

/** Room that headers and the frame around the lines need. */
const LOG_OVERHEAD_BYTES = 1_024;
/** More than this waits unread in a subscription: the oldest are passed over, and count as lost. */
const MAX_UNREAD = 5_000;
/** Samples of a thousand nodes come one by one; what came within so long goes out as one write, which costs a tenth of so many. */
const TOGETHER_MS = 20;
/** How often it is told that things were not sent. */
const TELL_EVERY_MS = 10_000;

/**
 * The lane that may lose: core NATS, not kept, numbered so that a loss shows. While the bus is away nothing waits to be sent:
 * what was true for a moment is dropped and counted, and whoever receives sees the gap.
 */
export class Lanes {
  readonly #notSent = new Map<string, number>();
  #toldAt = -Infinity;
  readonly #together: [subject: string, bytes: Uint8Array][] = [];
  #flushSoon: NodeJS.Timeout | undefined;

  constructor(private readonly connection: Connection) {
    connection.onState((state) => {
      if (state === 'up') this.#tell();
    });
  }

  publishSample(sample: NodeSample, bytes: Uint8Array = Buffer.from(JSON.stringify(sample))): void {
    this.#together.push([sampleSubject(sample.nodeId), bytes]);
    this.#flushSoon ??= setTimeout(() => this.flush(), TOGETHER_MS);
  }

  /** Sends what waits to go out together. */
  flush(): void {
    clearTimeout(this.#flushSoon);
    this.#flushSoon = undefined;
    for (const [subject, bytes] of this.#together.splice(0)) this.#send('samples', subject, bytes);
  }

  /** Lines that do not fit into one message go in several. */
  publishLog({ nodeId, epoch, entries }: NodeLog): void {
    let part: LogEntry[] = [];
    let bytes = 0;
    const flush = () => {
      if (part.length > 0) this.#publish('log', logSubject(nodeId), { nodeId, epoch, entries: part } satisfies NodeLog);
      part = [];
      bytes = 0;
    };
    for (const entry of entries) {
      const size = Buffer.byteLength(JSON.stringify(entry)) + 1;
      if (bytes + size + LOG_OVERHEAD_BYTES > this.connection.maxPayloadBytes / 2) flush();
      part.push(entry);
      bytes += size;
    }
    flush();
  }

  publishPulse(pulse: MonitorPulse): void {
    this.#publish('pulses', pulseSubject(pulse.monitorId), pulse);
  }

  publishRouterPulse(pulse: RouterPulse): void {
    this.#publish('routers', routerPulseSubject(pulse.router), pulse);
  }

  /** A pulse numbered no higher than the last one was overtaken on its way and is passed over. */
  onRouterPulses(handler: OnLane<RouterPulse>): Stoppable {
    const last = new GapCounter();
    return this.#listen(lanes.routers.subject, RouterPulse, (pulse) => {
      const lost = last.take(pulse.router, '', pulse.seq);
      if (lost !== undefined) handler(pulse, this.#known('routers', lost));
    });
  }

  publishKeyUse(use: ApiKeyUsed): void {
    this.#publish('keyUses', keyUseSubject(use.keyId), use);
  }

  /** That a key was used, told once a minute at most by each process that serves it. Not numbered: the next use tells anew. */
  onKeyUses(handler: (use: ApiKeyUsed) => void): Stoppable {
    return this.#listen(lanes.keyUses.subject, ApiKeyUsed, handler);
  }

  publishHttpReading(reading: HttpReading): void {
    this.#publish('httpReadings', httpReadingSubject(reading.integrationId), reading);
  }

  /** What integrations read over HTTP. Not numbered: each message says everything that its gateway knows of one. */
  onHttpReadings(handler: (reading: HttpReading) => void): Stoppable {
    return this.#listen(lanes.httpReadings.subject, HttpReading, handler);
  }

  publishHistory(grew: HistoryGrew): void {
    this.#publish('history', lanes.history.subject, grew);
  }

  /** Entries that have joined the timeline, each once. A registry that is not known yet counts as if nothing of it was lost. */
  onHistory(handler: OnLane<HistoryGrew>): Stoppable {
    const gaps = new GapCounter();
    return this.#listen(lanes.history.subject, HistoryGrew, (grew) => {
      const lost = gaps.take(grew.epoch, grew.epoch, grew.seq);
      if (lost !== undefined) handler(grew, this.#known('history', lost));
    });
  }

  publishRequests(requests: RequestsChanged): void {
    this.#publish('requests', lanes.requests.subject, requests);
  }

  /** Requests that changed. A life of stats that is not known yet counts as if nothing of it was lost. */
  onRequests(handler: OnLane<RequestsChanged>): Stoppable {
    const gaps = new GapCounter();
    return this.#listen(lanes.requests.subject, RequestsChanged, (requests) => {
      const lost = gaps.take(requests.epoch, requests.epoch, requests.seq);
      if (lost !== undefined) handler(requests, this.#known('requests', lost));
    });
  }

  onSamples(handler: OnLane<NodeSample>, { nodeId }: LaneOptions = {}): Stoppable {
    const gaps = new GapCounter();
    return this.#listen(nodeId === undefined ? lanes.samples.subject : sampleSubject(nodeId), NodeSample, (sample) => {
      const lost = gaps.take(sample.nodeId, sample.run, sample.seq);
      if (lost !== undefined) handler(sample, this.#known('samples', lost));
    });
  }

  onLogs(handler: OnLane<NodeLog>, { nodeId }: LaneOptions = {}): Stoppable {
    const gaps = new GapCounter();
    return this.#listen(nodeId === undefined ? lanes.log.subject : logSubject(nodeId), NodeLog, (log) => {
      const [first, last] = [log.entries[0], log.entries.at(-1)];
      if (first === undefined || last === undefined) return;
      const lost = gaps.take(log.nodeId, log.epoch, first.n, last.n);
      if (lost === undefined) return;
      this.#known('log', lost);
      handler(log, lost);
    });
  }

  /** A pulse numbered no higher than the last one comes from a monitor that was started again. */
  onPulses(handler: OnLane<MonitorPulse>): Stoppable {
    const last = new GapCounter();
    return this.#listen(lanes.pulses.subject, MonitorPulse, (pulse) => {
      const lost = last.take(pulse.monitorId, '', pulse.seq);
      if (lost === undefined) last.forget(pulse.monitorId);
      handler(pulse, lost ?? last.take(pulse.monitorId, '', pulse.seq) ?? 0);
    });
  }

  /** A sender that is not known yet counts as if nothing of it was lost. */
  #known(lane: string, lost: Lost): number {
    if (lost === 'unknown' || lost === 0) return 0;
    this.connection.counts.lost(lane, lost);
    return lost;
  }

  #publish(lane: string, subject: string, value: object): void {
    this.#send(lane, subject, Buffer.from(JSON.stringify(value)));
  }

  #send(lane: string, subject: string, body: Uint8Array): void {
    const fits = body.length <= this.connection.maxPayloadBytes;
    if (fits && this.connection.state === 'up' && !this.connection.nc.isClosed()) {
      this.connection.nc.publish(subject, body);
      return;
    }
    this.#notSent.set(lane, (this.#notSent.get(lane) ?? 0) + 1);
    if (performance.now() - this.#toldAt > TELL_EVERY_MS) this.#tell();
  }

  #tell(): void {
    this.#toldAt = performance.now();
    for (const [lane, messages] of this.#notSent) this.connection.notify({ notice: 'not-sent', lane, messages });
    this.#notSent.clear();
  }

  #listen<T extends z.ZodMiniType>(subject: string, schema: T, handler: (value: z.output<T>) => void): Stoppable {
    const subscription = this.connection.subscribe(subject);
    const running = (async () => {
      for await (const message of subscription) {
        if (subscription.getPending() > MAX_UNREAD) continue;
        try {
          const parsed = schema.safeParse(message.json());
          if (parsed.success) handler(parsed.data);
          else this.connection.notify({ notice: 'malformed', subject: message.subject, error: parsed.error });
        } catch (error) {
          const notice = error instanceof SyntaxError ? 'malformed' : 'handler-failed';
          this.connection.notify({ notice, subject: message.subject, error });
        }
      }
    })();
    return {
      stop: async () => {
        subscription.unsubscribe();
        await running;
      },
    };
  }
}
