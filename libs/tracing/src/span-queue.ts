import { TraceFlags } from '@opentelemetry/api';
import type { ReadableSpan, SpanExporter, SpanProcessor } from '@opentelemetry/sdk-trace';
import type { StartTracing, TracingCounts } from './start.js';

/** Spans that wait; of more, those that come then are dropped and counted. */
const MOST_WAITING = 2_048;
const BATCH = 512;
const EVERY_MS = 1_000;

/** Hands spans over in batches, one batch at a time. What the collector does not take, by way of the exporter's own retries, is lost. */
export class SpanQueue implements SpanProcessor {
  #waiting: ReadableSpan[] = [];
  #exported = 0;
  #dropped = 0;
  #failed = 0;
  #timer: NodeJS.Timeout | undefined;
  #sending: Promise<void> | undefined;
  #trouble = false;

  constructor(
    private readonly exporter: SpanExporter,
    private readonly onProblem: StartTracing['onProblem'],
  ) {}

  get counts(): TracingCounts {
    return { exported: this.#exported, dropped: this.#dropped, failed: this.#failed };
  }

  onStart(): void {
    // A span is handed over when it has ended.
  }

  onEnd(span: ReadableSpan): void {
    if ((span.spanContext().traceFlags & TraceFlags.SAMPLED) === 0) return;
    if (this.#waiting.length >= MOST_WAITING) {
      this.#dropped += 1;
      return;
    }
    this.#waiting.push(span);
    this.#timer ??= setTimeout(() => void this.forceFlush(), EVERY_MS).unref();
  }

  async forceFlush(): Promise<void> {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    // Whoever comes while a batch is on its way waits for it, and then for what has come meanwhile.
    await this.#sending;
    while (this.#waiting.length > 0) {
      this.#sending ??= this.#send(this.#waiting.splice(0, BATCH)).finally(() => (this.#sending = undefined));
      await this.#sending;
    }
  }

  async shutdown(): Promise<void> {
    await this.forceFlush();
    await this.exporter.shutdown();
  }

  #send(batch: ReadableSpan[]): Promise<void> {
    return new Promise((resolve) => {
      this.exporter.export(batch, ({ code, error }) => {
        const taken = Number(code) === 0;
        if (taken) this.#exported += batch.length;
        else this.#failed += batch.length;
        if (!taken && !this.#trouble) this.onProblem('Traces can not be handed over', error);
        this.#trouble = !taken;
        resolve();
      });
    });
  }
}
