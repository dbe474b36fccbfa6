import {
  AckPolicy,
  type Consumer,
  type ConsumerMessages,
  DeliverPolicy,
  type JsMsg,
  ReplayPolicy,
} from '@nats-io/jetstream';
import { nanos } from '@nats-io/transport-node';
import { fullJitter, sleep } from './backoff.js';
import type { Connection } from './connection.js';
import type { Streams } from './streams.js';

/** What is read from one stream: everything from its beginning, the last of each subject, or nothing yet; then all that follows. */
export interface Reading {
  readonly stream: string;
  readonly filter: string;
  readonly from: 'first' | 'last-per-subject' | 'end';
  /**
   * At every opening, before the first message. `anew`: the stream is another than before, whatever was read counts for nothing.
   * What comes follows the message with the number `after`, except with `last-per-subject`.
   */
  opened?(anew: boolean, opened: { readonly created: string; readonly after: number }): void;
  /** One at a time, in the stream's order. */
  message(message: JsMsg): Promise<void> | void;
  /** Once at every opening: all that was in the stream at that time has been given to `message`. */
  caughtUp?(): Promise<void> | void;
}

/** Messages on their way to us at once: the bound of what waits here. */
const BATCH = 200;
/** A pull that brings nothing ends after this time, and a server that says nothing for two heartbeats counts as gone. */
const PULL_MS = 30_000;
const HEARTBEAT_MS = 3_000;
/** The server forgets a reader that has not pulled for so long. */
const FORGOTTEN_AFTER_MS = 60_000;

/** What of a stream, as it was when it was opened, has not come yet. */
interface Awaited {
  readonly isEmpty: boolean;
  came(subject: string): void;
}

/** So many messages, of a stream whose messages stay. */
class Rest implements Awaited {
  constructor(private left: number) {}

  get isEmpty(): boolean {
    return this.left <= 0;
  }

  came(): void {
    this.left -= 1;
  }
}

/**
 * A message of each of these subjects. Where the last of a subject replaces the one before, how many messages are pending says
 * little: one that is replaced on its way is counted, or not, and its successor comes later.
 */
class Subjects implements Awaited {
  readonly #left: Set<string>;

  constructor(subjects: Iterable<string>) {
    this.#left = new Set(subjects);
  }

  get isEmpty(): boolean {
    return this.#left.size === 0;
  }

  came(subject: string): void {
    this.#left.delete(subject);
  }

  keepOnly({ subjects }: Subjects): void {
    for (const subject of this.#left) if (!subjects.has(subject)) this.#left.delete(subject);
  }

  get subjects(): ReadonlySet<string> {
    return this.#left;
  }
}

/**
 * Reads a stream as long as the process lives. The reader lives in the server's memory and is made again after every
 * disturbance: from where it was, or from the beginning when the stream is not the same any more.
 */
export class Follower {
  readonly #stopping = new AbortController();
  #messages: ConsumerMessages | undefined;
  #created: string | undefined;
  #lastSequence = 0;
  #failures = 0;
  readonly #running: Promise<void>;

  constructor(
    private readonly connection: Connection,
    private readonly streams: Streams,
    private readonly reading: Reading,
  ) {
    const off = connection.onState((state) => {
      if (state === 'down') this.#messages?.stop();
    });
    const stop = () => void this.stop();
    connection.closing.addEventListener('abort', stop, { once: true });
    this.#running = this.#run().finally(() => {
      off();
      connection.closing.removeEventListener('abort', stop);
    });
  }

  /** Resolves when the message at hand is done with. */
  async stop(): Promise<void> {
    this.#stopping.abort();
    this.#messages?.stop();
    await this.#running;
  }

  async #run(): Promise<void> {
    const { signal } = this.#stopping;
    while (!signal.aborted) {
      await this.connection.up(signal);
      if (signal.aborted) return;
      try {
        const { consumer, awaited } = await this.#open();
        this.#failures = 0;
        await this.#read(consumer, awaited);
      } catch (error) {
        if (signal.aborted) return;
        this.#failures += 1;
        if (this.connection.state === 'up')
          this.connection.notify({ notice: 'reopening', what: this.reading.filter, error });
        await sleep(fullJitter(this.#failures, { baseMs: 200, capMs: 5_000 }, this.connection.random), signal);
      }
    }
  }

  async #open(): Promise<{ consumer: Consumer; awaited: Awaited }> {
    const { stream, filter, from } = this.reading;
    const { created, state } = await this.streams.ensure(stream);
    const anew = this.#created !== undefined && this.#created !== created;
    if (anew) this.#lastSequence = 0;
    else if (from === 'end' && this.#created === undefined) this.#lastSequence = state.last_seq;
    this.#created = created;
    const start =
      from === 'last-per-subject'
        ? { deliver_policy: DeliverPolicy.LastPerSubject }
        : { deliver_policy: DeliverPolicy.StartSequence, opt_start_seq: this.#lastSequence + 1 };
    const info = await this.connection.jsm.consumers.add(stream, {
      ...start,
      filter_subject: filter,
      ack_policy: AckPolicy.None,
      replay_policy: ReplayPolicy.Instant,
      mem_storage: true,
      num_replicas: 1,
      inactive_threshold: nanos(FORGOTTEN_AFTER_MS),
    });
    this.reading.opened?.(anew, { created, after: this.#lastSequence });
    const awaited = from !== 'last-per-subject' ? new Rest(info.num_pending) : await this.#subjects();
    return { consumer: this.connection.js.consumers.getConsumerFromInfo(info), awaited };
  }

  /** The subjects that the stream has now: each of them is still to come, with its last message or a newer one. */
  async #subjects(): Promise<Subjects> {
    const { stream, filter } = this.reading;
    const { state } = await this.connection.jsm.streams.info(stream, { subjects_filter: filter });
    return new Subjects(Object.keys(state.subjects ?? {}));
  }

  async #read(consumer: Consumer, awaited: Awaited): Promise<void> {
    let delivered = 0;
    let isCaughtUp = false;
    const look = async () => {
      if (isCaughtUp || !awaited.isEmpty) return;
      isCaughtUp = true;
      await this.reading.caughtUp?.();
    };
    const broken = () => this.#stopping.signal.aborted || this.connection.state === 'down';
    try {
      await look();
      while (!broken()) {
        this.#messages = await consumer.fetch({ max_messages: BATCH, expires: PULL_MS, idle_heartbeat: HEARTBEAT_MS });
        // Whoever stopped us while this pull began found nothing to stop.
        if (broken()) return;
        for await (const message of this.#messages) {
          if (this.#stopping.signal.aborted) return;
          const { deliverySequence, streamSequence, pending } = message.info;
          delivered += 1;
          if (deliverySequence !== delivered) throw new Error('A message was lost on the way');
          await this.reading.message(message);
          this.#lastSequence = streamSequence;
          awaited.came(message.subject);
          // A subject that was taken out of the stream as a whole, by hand, never comes.
          if (pending === 0 && !isCaughtUp && awaited instanceof Subjects) awaited.keepOnly(await this.#subjects());
          await look();
        }
      }
    } finally {
      this.#messages?.stop();
      this.#messages = undefined;
      if (this.connection.state === 'up' && !this.connection.nc.isClosed()) await consumer.delete().catch(() => false);
    }
  }
}
