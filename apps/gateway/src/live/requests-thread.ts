import {
  cursorOfRequest,
  LIVE_REQUESTS,
  newestRequestFirst,
  type RequestPage,
  type RequestView,
} from '@muster/contracts';

/**
 * The newest requests as a room gets them, each once and in its newest shape, at most so many. It listens before it asks, so
 * nothing falls between the answer and what is told after it.
 */
export class RequestsThread {
  #requests: RequestView[] = [];
  #more = false;
  /** What was told before the page came: it is newer than what the page says of the same request. */
  readonly #early = new Map<string, RequestView>();
  #begun = false;

  begin({ requests, older }: RequestPage): void {
    this.#begun = true;
    this.#more = older !== null;
    this.#take([...requests.filter(({ requestId }) => !this.#early.has(requestId)), ...this.#early.values()]);
    this.#early.clear();
  }

  /** False while the page is awaited: what is told then comes with the snapshot. */
  add(changed: readonly RequestView[]): boolean {
    if (this.#begun) {
      this.#take(changed);
      return true;
    }
    for (const request of changed) {
      this.#early.set(request.requestId, request);
      const [first] = this.#early.keys();
      if (this.#early.size > 2 * LIVE_REQUESTS && first !== undefined) this.#early.delete(first);
    }
    return false;
  }

  snapshot(): RequestPage {
    const last = this.#requests.at(-1);
    return { requests: [...this.#requests], older: this.#more && last !== undefined ? cursorOfRequest(last) : null };
  }

  #take(changed: readonly RequestView[]): void {
    const known = new Map(this.#requests.map((request) => [request.requestId, request]));
    for (const request of changed) known.set(request.requestId, request);
    const all = [...known.values()].sort(newestRequestFirst);
    if (all.length > LIVE_REQUESTS) this.#more = true;
    this.#requests = all.slice(0, LIVE_REQUESTS);
  }
}
