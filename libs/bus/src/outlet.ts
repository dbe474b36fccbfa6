import type { RequestMessage } from '@muster/contracts';
import type { Msg, Subscription } from '@nats-io/transport-node';
import type { Connection } from './connection.js';
import type { Stoppable } from './notice.js';
import { WrittenHeaders } from './written-headers.js';

/** A message that is not acknowledged after this time may or may not be in the stream. */
const ACKNOWLEDGED_WITHIN_MS = 5_000;
const SWEEP_MS = 500;

interface Pending {
  readonly sentMs: number;
  readonly told: (stored: boolean) => void;
}

/**
 * Sends facts that need no order among themselves, many at a time, each acknowledged by its stream. It answers for one
 * connection and keeps nothing: what was not surely stored is told, and whoever sent it sends it again, with the same id.
 */
export class Outlet implements Stoppable {
  readonly #inbox: string;
  /** In the order of sending. */
  readonly #pending = new Map<number, Pending>();
  readonly #answers: Subscription;
  readonly #off: () => void;
  readonly #timer: NodeJS.Timeout;
  #next = 1;

  constructor(private readonly connection: Connection) {
    this.#inbox = connection.inbox();
    this.#answers = connection.nc.subscribe(`${this.#inbox}.*`, {
      callback: (error, message) => {
        if (error === null) this.#answered(message);
      },
    });
    this.#off = connection.onState((state) => {
      if (state === 'down') this.#giveUp();
    });
    this.#timer = setInterval(() => this.#sweep(), SWEEP_MS).unref();
  }

  /** How many are on their way. */
  get pending(): number {
    return this.#pending.size;
  }

  /** Sends one; `told` is called once, with whether it is in the stream for sure. Never throws. */
  send({ id, subject, headers: attributes, body }: RequestMessage, told: (stored: boolean) => void): void {
    const { connection } = this;
    if (connection.state === 'down' || connection.nc.isClosed()) return told(false);
    const number = this.#next;
    this.#next += 1;
    this.#pending.set(number, { sentMs: performance.now(), told });
    try {
      connection.nc.publish(subject, body, {
        reply: `${this.#inbox}.${number}`,
        headers: new WrittenHeaders({ 'Nats-Msg-Id': id, ...attributes }),
      });
    } catch {
      this.#settle(number, false);
    }
  }

  async stop(): Promise<void> {
    this.#off();
    this.#answers.unsubscribe();
    clearInterval(this.#timer);
    this.#giveUp();
    return Promise.resolve();
  }

  #answered(message: Msg): void {
    const number = Number(message.subject.slice(this.#inbox.length + 1));
    // A publish acknowledgement has an error or a sequence number (NATS ADR-1); without a body nobody was there to store it.
    const { data } = message;
    this.#settle(
      number,
      data.length > 0 && !Buffer.from(data.buffer, data.byteOffset, data.length).includes('"error"'),
    );
  }

  #settle(number: number, stored: boolean): void {
    const pending = this.#pending.get(number);
    if (pending === undefined) return;
    this.#pending.delete(number);
    pending.told(stored);
  }

  #sweep(): void {
    const before = performance.now() - ACKNOWLEDGED_WITHIN_MS;
    for (const [number, { sentMs }] of this.#pending) {
      if (sentMs > before) return;
      this.#settle(number, false);
    }
  }

  #giveUp(): void {
    for (const number of [...this.#pending.keys()]) this.#settle(number, false);
  }
}
