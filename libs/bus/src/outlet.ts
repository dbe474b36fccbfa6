import type { RequestMessage } from '@muster/contracts';
import type { Msg, Subscription } from '@nats-io/transport-node';
import type { Connection } from './connection.js';
import type { Stoppable } from './notice.js';
import { Unanswered } from './unanswered.js';
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
  readonly #pending = new Unanswered<Pending>();
  readonly #answers: Subscription;
  readonly #off: () => void;
  readonly #timer: NodeJS.Timeout;

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
    const number = this.#pending.add({ sentMs: performance.now(), told });
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
    this.#pending.take(number)?.told(stored);
  }

  #sweep(): void {
    const before = performance.now() - ACKNOWLEDGED_WITHIN_MS;
    for (const { told } of this.#pending.takeWhile(({ sentMs }) => sentMs <= before)) told(false);
  }

  #giveUp(): void {
    for (const { told } of this.#pending.takeWhile(() => true)) told(false);
  }
}
