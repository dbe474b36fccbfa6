import { type FactFamily, Outage } from '@muster/contracts';
import {
  AckPolicy,
  type Consumer,
  type ConsumerConfig,
  type ConsumerMessages,
  DeliverPolicy,
  JetStreamApiCodes,
  type JsMsg,
  ReplayPolicy,
} from '@nats-io/jetstream';
import { nanos } from '@nats-io/transport-node';
import { isApiError } from './api-error.js';
import { fullJitter, sleep } from './backoff.js';
import type { Connection } from './connection.js';
import { bury, type DeadLetter, toDeadLetters } from './dead-letter.js';
import { type FactOf, readFact } from './fact-message.js';
import { inTraceOf } from './fact-span.js';
import type { ReaderState, Stoppable } from './notice.js';
import { patiently } from './patience.js';
import { StreamDrift, type Streams } from './streams.js';

export interface ConsumeOptions {
  /** The consumer's name on the server, which keeps how far it has come. Letters, digits, `-` and `_`. */
  readonly durable: string;
  /**
   * Keeps a fact that failed for the 8th time, or that cannot be read. When it resolves, the fact is done with here; when
   * it rejects, the fact is tried again. Without one, it goes to the stream DEAD_LETTERS.
   */
  readonly deadLetter?: (letter: DeadLetter) => Promise<void>;
}

export interface Delivery {
  /** 1 at the first try. */
  readonly attempt: number;
  /** Fires when the consumer stops: a handler that can may end early, and the fact comes again. */
  readonly signal: AbortSignal;
}

const MAX_FAILURES = 8;
/** Without a sign of life for so long the server gives the fact to the next. */
const ACK_WAIT_MS = 10_000;
const WORKING_MS = 3_000;
const PULL_MS = 30_000;
const HEARTBEAT_MS = 3_000;
const BATCH = 50;

/**
 * One at a time: while a fact waits for its next try, the server holds back those after it, whichever process asks. That
 * is what keeps the order, over retries and restarts; and it bounds what is under way.
 */
const consumerSettings = (family: FactFamily, durable: string) =>
  ({
    durable_name: durable,
    filter_subject: `${family.prefix}.>`,
    deliver_policy: DeliverPolicy.All,
    replay_policy: ReplayPolicy.Instant,
    ack_policy: AckPolicy.Explicit,
    ack_wait: nanos(ACK_WAIT_MS),
    max_ack_pending: 1,
    // With a limit the server would drop the fact without a word after the last try.
    max_deliver: -1,
  }) satisfies Partial<ConsumerConfig>;

/**
 * Gives every fact of a family to `handler`, in order, at least once, and only once within this process: the fact counts as
 * taken when the promise resolves. A handler whose effect outlives the process keeps the position with the effect and
 * passes over what is not newer. An Outage is tried again for ever, any other failure seven times more, each after a
 * delay with full jitter.
 */
export class FactConsumer<Family extends FactFamily> implements Stoppable {
  readonly #stopping = new AbortController();
  #messages: ConsumerMessages | undefined;
  #position = 0;
  /** The fact that fails, and how often it did so for want of something outside. */
  #outages = { sequence: 0, count: 0 };
  readonly #running: Promise<void>;
  readonly #off: () => void;

  private constructor(
    private readonly connection: Connection,
    private readonly streams: Streams,
    private readonly family: Family,
    private readonly options: ConsumeOptions,
    private readonly handler: (fact: FactOf<Family>, delivery: Delivery) => Promise<void>,
    first: Consumer,
  ) {
    this.#off = connection.onState((state) => {
      if (state === 'down') this.#messages?.stop();
    });
    this.#running = this.#run(first);
  }

  /** Rejects when stream or consumer are there with other settings, and with an Outage when the bus is away or stays too busy. */
  static async open<Family extends FactFamily>(
    connection: Connection,
    streams: Streams,
    family: Family,
    options: ConsumeOptions,
    handler: (fact: FactOf<Family>, delivery: Delivery) => Promise<void>,
  ): Promise<FactConsumer<Family>> {
    const consumer = await patiently(
      () => ensureConsumer(connection, streams, family, options.durable),
      connection.random,
    );
    return new FactConsumer(connection, streams, family, options, handler, consumer);
  }

  /** Throws when the server does not answer. */
  async state(): Promise<ReaderState> {
    const { stream } = this.family;
    const { durable: name } = this.options;
    const info = await this.connection.jsm.consumers.info(stream, name);
    const { num_pending: pending, num_ack_pending: ackPending, num_redelivered: redelivered } = info;
    return { name, stream, pending, ackPending, redelivered };
  }

  /** Takes no further fact; resolves when the one at hand is done with. */
  async stop(): Promise<void> {
    this.#stopping.abort();
    this.#messages?.stop();
    await this.#running;
    this.#off();
  }

  async #run(first: Consumer): Promise<void> {
    const { signal } = this.#stopping;
    let consumer: Consumer | undefined = first;
    for (let failures = 0; !signal.aborted;) {
      await this.connection.up(signal);
      if (signal.aborted) return;
      try {
        consumer ??= await ensureConsumer(this.connection, this.streams, this.family, this.options.durable);
        failures = 0;
        await this.#read(consumer);
      } catch (error) {
        failures += 1;
        if (this.connection.state === 'up')
          this.connection.notify({ notice: 'reopening', what: this.options.durable, error });
        await sleep(fullJitter(failures, { baseMs: 200, capMs: 5_000 }, this.connection.random), signal);
      }
      consumer = undefined;
    }
  }

  async #read(consumer: Consumer): Promise<void> {
    const broken = () => this.#stopping.signal.aborted || this.connection.state === 'down';
    while (!broken()) {
      this.#messages = await consumer.fetch({ max_messages: BATCH, expires: PULL_MS, idle_heartbeat: HEARTBEAT_MS });
      // Whoever stopped us while this pull began found nothing to stop.
      if (broken()) this.#messages.stop();
      for await (const message of this.#messages) {
        if (this.#stopping.signal.aborted) {
          message.nak();
          return;
        }
        await this.#take(message);
      }
    }
  }

  async #take(message: JsMsg): Promise<void> {
    const working = setInterval(() => {
      message.working();
    }, WORKING_MS);
    try {
      const fact = this.#parse(message);
      if (fact.position > this.#position) {
        const delivery = { attempt: message.info.deliveryCount, signal: this.#stopping.signal };
        await inTraceOf(this.options.durable, fact, () => this.handler(fact, delivery));
        this.#position = fact.position;
      }
      // Confirmed, so that the next fact does not wait out the time that a lost word would cost.
      await message.ackAck({ timeout: 2_000 }).catch(() => false);
    } catch (error) {
      await this.#failed(message, error);
    } finally {
      clearInterval(working);
    }
  }

  #parse(message: JsMsg): FactOf<Family> {
    try {
      return readFact(this.family, message, message.json());
    } catch (error) {
      throw new Unreadable(error);
    }
  }

  async #failed(message: JsMsg, error: unknown): Promise<void> {
    const { streamSequence: sequence, deliveryCount } = message.info;
    if (this.#outages.sequence !== sequence) this.#outages = { sequence, count: 0 };
    if (error instanceof Outage || this.#stopping.signal.aborted) this.#outages.count += 1;
    const failures = deliveryCount - this.#outages.count;
    if (error instanceof Unreadable || (!(error instanceof Outage) && failures >= MAX_FAILURES)) {
      if (await this.#bury(message, error instanceof Unreadable ? error.cause : error, failures)) return;
    }
    const delayMs = fullJitter(deliveryCount, { floorMs: 50, baseMs: 500, capMs: 30_000 }, this.connection.random);
    const { durable } = this.options;
    this.connection.notify({
      notice: 'retrying',
      durable,
      subject: message.subject,
      failures,
      delayMs,
      error,
      correlationId: correlationOf(message),
    });
    message.nak(delayMs);
  }

  /** Puts the fact where somebody finds it, and only then out of the way. */
  async #bury(message: JsMsg, error: unknown, failures: number): Promise<boolean> {
    const { durable, deadLetter = toDeadLetters(this.connection, this.streams) } = this.options;
    if (!(await bury(this.connection, message, { durable, deadLetter, error, failures }))) return false;
    // Without a reason: nats-server 2.9 does not understand one, and would give the message again for ever.
    message.term();
    return true;
  }
}

const correlationOf = (message: JsMsg): string => message.headers?.get('ce-correlationid') ?? '';

class Unreadable extends Error {
  constructor(cause: unknown) {
    super('The message is not a fact of this family', { cause });
  }
}

async function ensureConsumer(
  connection: Connection,
  streams: Streams,
  family: FactFamily,
  durable: string,
): Promise<Consumer> {
  await streams.ensure(family.stream);
  const wanted = consumerSettings(family, durable);
  const { consumers } = connection.jsm;
  const info = await consumers.info(family.stream, durable).catch((error: unknown) => {
    if (isApiError(error, JetStreamApiCodes.ConsumerNotFound)) return consumers.add(family.stream, wanted);
    throw error;
  });
  if (info.config.ack_wait !== wanted.ack_wait)
    await consumers.update(family.stream, durable, { ack_wait: wanted.ack_wait });
  for (const field of Object.keys(wanted) as (keyof typeof wanted)[]) {
    if (field !== 'ack_wait' && info.config[field] !== wanted[field])
      throw new StreamDrift(`${family.stream} consumer ${durable}`, field, wanted[field], info.config[field]);
  }
  return connection.js.consumers.getConsumerFromInfo(info);
}
