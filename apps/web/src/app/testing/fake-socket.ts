import type { Provider } from '@angular/core';
import { type ConsoleSocket, MakeSocket } from '../live/connection.js';

type Handler = (...values: unknown[]) => void;

/** A socket without a wire: a spec plays the server. Joins are answered by what `onJoin` returns. */
export class FakeSocket {
  connected = false;
  /** As after a lost wire: socket.io dials again by itself. */
  active = true;
  readonly emitted: { event: string; values: unknown[] }[] = [];
  onJoin: (event: string, request: unknown) => Promise<unknown> = () => Promise.reject(new Error('No answer'));
  readonly #handlers = new Map<string, Set<Handler>>();

  on(event: string, handler: Handler): this {
    this.#handlers.set(event, (this.#handlers.get(event) ?? new Set()).add(handler));
    return this;
  }

  off(event: string, handler: Handler): this {
    this.#handlers.get(event)?.delete(handler);
    return this;
  }

  connect(): this {
    if (!this.connected) {
      this.connected = true;
      this.says('connect');
    }
    return this;
  }

  disconnect(): this {
    if (this.connected) {
      this.connected = false;
      this.says('disconnect', 'io client disconnect');
    }
    return this;
  }

  /** The wire breaks. */
  breaks(): void {
    this.connected = false;
    this.says('disconnect', 'transport close');
  }

  emit(event: string, ...values: unknown[]): this {
    this.emitted.push({ event, values });
    return this;
  }

  timeout(): this {
    return this;
  }

  emitWithAck(event: string, request?: unknown): Promise<unknown> {
    this.emitted.push({ event, values: [request] });
    return this.onJoin(event, request);
  }

  /** Something comes from the server. */
  says(event: string, ...values: unknown[]): void {
    for (const handler of [...(this.#handlers.get(event) ?? [])]) handler(...values);
  }

  times(event: string): number {
    return this.emitted.filter((sent) => sent.event === event).length;
  }

  get provider(): Provider {
    // Only what the page uses of a socket is there.
    return { provide: MakeSocket, useValue: () => this as unknown as ConsoleSocket };
  }
}
