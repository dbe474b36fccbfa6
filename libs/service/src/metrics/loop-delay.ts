import type { Histogram } from 'prom-client';

const EVERY_MS = 50;

/** Looks 20 times a second how late the event loop comes to a timer. It costs one clock reading each time. */
export class LoopDelay {
  readonly #timer: NodeJS.Timeout;
  #dueMs = performance.now() + EVERY_MS;

  constructor(private readonly histogram: Pick<Histogram, 'observe'>) {
    this.#timer = setInterval(() => {
      this.#look();
    }, EVERY_MS).unref();
  }

  stop(): void {
    clearInterval(this.#timer);
  }

  #look(): void {
    const nowMs = performance.now();
    this.histogram.observe(Math.max(0, nowMs - this.#dueMs) / 1_000);
    this.#dueMs = nowMs + EVERY_MS;
  }
}
