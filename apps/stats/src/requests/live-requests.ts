import type { Bus } from '@muster/bus';
import { LIVE_REQUESTS, newestRequestFirst, type RequestView } from '@muster/contracts';

/** New shapes of requests reach whoever looks four times a second. */
export const TELL_EVERY_MS = 250;

/** More than this waiting to be told, and only the newest are kept: the others could not be told anyway. */
const MOST_WAITING = 10 * LIVE_REQUESTS;

/** Tells the newest of the requests that changed, each once in its newest shape. */
export class LiveRequests {
  #waiting = new Map<string, RequestView>();
  #seq = 0;

  constructor(
    private readonly epoch: string,
    private readonly bus: Pick<Bus, 'publishRequests'>,
  ) {}

  changed(requests: readonly RequestView[]): void {
    for (const request of requests) this.#waiting.set(request.requestId, request);
    if (this.#waiting.size > MOST_WAITING)
      this.#waiting = new Map(this.#newest().map((request) => [request.requestId, request]));
  }

  /** Tells what waits; nothing when nothing does. */
  tell(): void {
    if (this.#waiting.size === 0) return;
    const changed = this.#newest();
    this.#waiting = new Map();
    this.#seq += 1;
    this.bus.publishRequests({ epoch: this.epoch, seq: this.#seq, changed });
  }

  #newest(): RequestView[] {
    return [...this.#waiting.values()].sort(newestRequestFirst).slice(0, LIVE_REQUESTS);
  }
}
