import { type Msg, nanos, type Subscription } from '@nats-io/transport-node';
import type { Connection } from './connection.js';

/** Where a message stands, as the subject for its acknowledgement says. */
export interface Standing {
  /** The how many-th of its consumer; each once and in order where nothing is acknowledged. */
  readonly delivered: number;
  /** Its place in the stream. */
  readonly sequence: number;
  /** How many wait behind it. */
  readonly pending: number;
}

/**
 * Reads `$JS.ACK.<stream>.<consumer>.<times>.<sequence>.<delivered>.<time>.<pending>`, with a domain and an account in front of the
 * stream, and perhaps more behind, in the newer form (NATS ADR-15). Throws for any other subject.
 */
export function standingOf(reply: string | undefined): Standing {
  const tokens = (reply ?? '').split('.');
  const at = tokens.length >= 11 ? 7 : 5;
  const [sequence, delivered, , pending] = tokens.slice(at, at + 4).map(Number);
  const isWhole = Number.isInteger(sequence) && Number.isInteger(delivered) && Number.isInteger(pending);
  if (!isWhole || tokens[0] !== '$JS' || tokens[1] !== 'ACK' || tokens.length < 9)
    throw new Error('A message of a stream does not say where it stands');
  return { delivered: delivered ?? 0, sequence: sequence ?? 0, pending: pending ?? 0 };
}

export interface PullOptions {
  readonly stream: string;
  readonly consumer: string;
  /** Of one batch. */
  readonly most: number;
}

/** So many batches are asked for at once: the next one arrives while the effect of one is under way. It bounds what waits here. */
const BATCHES_ASKED = 2;
const PULL_MS = 30_000;
const HEARTBEAT_MS = 3_000;
/** The server says nothing for so long: it, or the consumer, is gone. */
const SILENT_TURNS = 3;
/** How long a batch waits to become fuller: more is on its way, or nothing is known to be. */
const FILL_MS = 50;
const SETTLE_MS = 2;

/** What the server says instead of a message (NATS ADR-13): it is there, and a pull that ended with nothing wrong. */
const IDLE = 100;
const ENDED = new Set([404, 408]);

/**
 * The messages of a pull consumer without acknowledgements, as batches: what the client's own `fetch` does, without an object, a
 * promise and a turn of the loop for each message, which cost more than to receive it. At most two batches are here or on their way.
 */
export class Pull {
  readonly #inbox: string;
  readonly #answers: Subscription;
  readonly #timer: NodeJS.Timeout;
  #arrived: Msg[] = [];
  /** Messages that were asked for and have not come. */
  #asked = 0;
  #error: Error | undefined;
  #stopped = false;
  #taker: { resolve(batch: Msg[]): void; reject(error: Error): void } | undefined;
  #looking = false;
  #waited: { readonly timer: NodeJS.Timeout; readonly isLast: boolean } | undefined;
  #silentTurns = 0;

  constructor(
    private readonly connection: Connection,
    private readonly options: PullOptions,
  ) {
    this.#inbox = connection.inbox();
    this.#answers = connection.nc.subscribe(this.#inbox, {
      callback: (error, message) => {
        if (error !== null) this.#fail(error);
        else this.#take(message);
      },
    });
    this.#timer = setInterval(() => {
      this.#silentTurns += 1;
      if (this.#asked > 0 && this.#silentTurns > SILENT_TURNS)
        this.#fail(new Error('The server says nothing any more'));
    }, HEARTBEAT_MS).unref();
    this.#ask();
  }

  /**
   * What has arrived or is about to, at most one batch; empty once it was stopped. Rejects when the consumer is not there any more.
   * One call at a time.
   */
  next(): Promise<Msg[]> {
    if (this.#stopped) return Promise.resolve([]);
    if (this.#error !== undefined) return Promise.reject(this.#error);
    return new Promise((resolve, reject) => {
      this.#taker = { resolve, reject };
      this.#look();
    });
  }

  /** Gives nothing more; who waits for a batch gets an empty one. */
  stop(): void {
    if (this.#stopped) return;
    this.#stopped = true;
    clearInterval(this.#timer);
    this.#stopWaiting();
    if (!this.connection.nc.isClosed()) this.#answers.unsubscribe();
    this.#arrived = [];
    this.#taker?.resolve([]);
    this.#taker = undefined;
  }

  #take(message: Msg): void {
    this.#silentTurns = 0;
    if (message.subject === this.#inbox) return this.#told(message);
    this.#asked -= 1;
    this.#arrived.push(message);
    if (this.#asked === 0) this.#ask();
    if (this.#taker === undefined) return;
    if (this.#arrived.length >= this.options.most) return this.#give();
    if (this.#looking) return;
    this.#looking = true;
    // Once for all that comes with one reading of the socket.
    setImmediate(() => {
      this.#looking = false;
      this.#look();
    });
  }

  #told(message: Msg): void {
    const { code, description } = message.headers ?? { code: 0, description: '' };
    if (code === IDLE) return;
    if (!ENDED.has(code)) return this.#fail(new Error(`Reading ended: ${description || code}`));
    this.#asked = 0;
    this.#ask();
  }

  /** Asks for as much as there is room, once all that was asked for has come. */
  #ask(): void {
    const room = BATCHES_ASKED * this.options.most - this.#arrived.length;
    if (this.#asked > 0 || room < this.options.most || this.#stopped || this.connection.nc.isClosed()) return;
    this.#asked = room;
    const { stream, consumer } = this.options;
    this.connection.nc.publish(
      `$JS.API.CONSUMER.MSG.NEXT.${stream}.${consumer}`,
      JSON.stringify({ batch: room, expires: nanos(PULL_MS), idle_heartbeat: nanos(HEARTBEAT_MS) }),
      { reply: this.#inbox },
    );
  }

  /** Gives what is there when it is a whole batch, or has waited long enough for more. */
  #look(): void {
    if (this.#taker === undefined || this.#arrived.length === 0) return;
    if (this.#arrived.length >= this.options.most) return this.#give();
    let isLast: boolean;
    try {
      isLast = standingOf(this.#arrived.at(-1)?.reply).pending === 0;
    } catch (error) {
      return this.#fail(error as Error);
    }
    if (this.#waited !== undefined && (this.#waited.isLast || !isLast)) return;
    this.#stopWaiting();
    const timer = setTimeout(() => this.#give(), isLast ? SETTLE_MS : FILL_MS);
    this.#waited = { timer, isLast };
  }

  #give(): void {
    this.#stopWaiting();
    const { most } = this.options;
    const batch = this.#arrived.length <= most ? this.#arrived : this.#arrived.slice(0, most);
    this.#arrived = this.#arrived.length <= most ? [] : this.#arrived.slice(most);
    this.#ask();
    const taker = this.#taker;
    this.#taker = undefined;
    taker?.resolve(batch);
  }

  #fail(error: Error): void {
    this.#error ??= error;
    this.#stopWaiting();
    this.#taker?.reject(this.#error);
    this.#taker = undefined;
  }

  #stopWaiting(): void {
    clearTimeout(this.#waited?.timer);
    this.#waited = undefined;
  }
}
