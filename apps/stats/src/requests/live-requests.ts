import type { Bus } from '@muster/bus';
import { LIVE_REQUESTS, RequestView } from '@muster/contracts';
import * as z from 'zod/mini';
import { msOf } from '../figures/moment.js';

/** Compiled: a hundred are told four times a second. */
const ToldView = z.compile(RequestView);

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
    /** With the names that people know. */
    private readonly named: (request: RequestView) => RequestView,
  ) {}

  changed(requests: readonly RequestView[]): void {
    for (const request of newest(requests)) this.#waiting.set(request.requestId, request);
    if (this.#waiting.size > MOST_WAITING)
      this.#waiting = new Map(newest([...this.#waiting.values()]).map((request) => [request.requestId, request]));
  }

  /** Tells what waits; nothing when nothing does. */
  tell(): void {
    if (this.#waiting.size === 0) return;
    const changed = newest([...this.#waiting.values()]).map((request) => this.named(request));
    this.#waiting = new Map();
    this.#seq += 1;
    // What a view has no name for stays here: on the bus is what its schema says, and no more.
    const named = changed.map((view) => ToldView.parse(view));
    this.bus.publishRequests({ epoch: this.epoch, seq: this.#seq, changed: named });
  }
}

/** The newest of these, as many as are told at once, newest first. Each time is read once: there may be thousands. */
function newest(requests: readonly RequestView[]): readonly RequestView[] {
  if (requests.length <= LIVE_REQUESTS) return requests;
  const times = new Float64Array(requests.length);
  for (let n = 0; n < times.length; n += 1) times[n] = msOf(requests[n]?.acceptedAt ?? '');
  const fromMs = times.slice().sort()[requests.length - LIVE_REQUESTS] ?? 0;
  return requests
    .filter((_, n) => (times[n] ?? 0) >= fromMs)
    .sort((one, other) => msOf(other.acceptedAt) - msOf(one.acceptedAt) || (one.requestId < other.requestId ? 1 : -1))
    .slice(0, LIVE_REQUESTS);
}
