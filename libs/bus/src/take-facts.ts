import { type FactFamily, Outage, RequestEvent, type StreamName } from '@muster/contracts';
import { AckPolicy, DeliverPolicy, ReplayPolicy } from '@nats-io/jetstream';
import { type Msg, nanos } from '@nats-io/transport-node';
import * as z from 'zod/mini';
import { fullJitter, sleep } from './backoff.js';
import type { Connection } from './connection.js';
import { bury, type DeadLetter, toDeadLetters } from './dead-letter.js';
import { type FactOf, readFact } from './fact-message.js';
import type { ReaderState, Stoppable } from './notice.js';
import { Pull, type Standing, standingOf } from './pull.js';
import type { Streams } from './streams.js';

/** A place in a stream of the bus. A stream that was lost and made anew counts from 1 again, so its life belongs to it. */
export interface StreamPlace {
  /** When the stream was made, as the server tells it: another stream of the same name has another. */
  readonly life: string;
  /** The sequence of the last message that is taken; 0 before the first. */
  readonly sequence: number;
}

/** Facts that follow one another, for one effect. */
export interface Batch<F> {
  /** In the order of the stream. May be empty: then only the place moves, past what went to the dead letters. */
  readonly facts: readonly F[];
  /** The body of each as it came: JSON that was read. */
  readonly bodies: readonly string[];
  /** Where the reader stood before: the effect is due only if its own place is this one. Undefined: nowhere yet. */
  readonly from: StreamPlace | undefined;
  /** Where it stands with these facts: to be kept in the same transaction as their effect. */
  readonly to: StreamPlace;
  /** How many messages wait behind these. */
  readonly pending: number;
  /** 1 at the first try. */
  readonly attempt: number;
  /** Fires when the reader stops: a handler that can may end early, and the facts come again. */
  readonly signal: AbortSignal;
}

export type FactBatch<Family extends FactFamily> = Batch<FactOf<Family>>;

/** Where facts of one shape are on the bus, and how a message is read as one; `read` throws when it does not fit. */
export interface FactSource<F> {
  readonly stream: StreamName;
  readonly prefix: string;
  read(message: Msg, body: string): F;
}

export const familySource = <Family extends FactFamily>(family: Family): FactSource<FactOf<Family>> => ({
  stream: family.stream,
  prefix: family.prefix,
  read: (message, body) => readFact(family, message, JSON.parse(body)),
});

const PREFIX = 'muster.request.';

/** What a fact about a request says, as its subject tells; undefined of a subject that tells none. */
function typeIn(subject: string): RequestEvent['type'] | undefined {
  if (subject.startsWith('finished.', PREFIX.length)) return 'RequestFinished';
  if (subject.startsWith('started.', PREFIX.length)) return 'RequestStarted';
  return subject.startsWith('dispatched.', PREFIX.length) ? 'RequestDispatched' : undefined;
}

/** The same schema as a program of its own, which takes a fifth of the time: there are two facts of each request. */
const Compiled = z.compile(RequestEvent);

/** What is right is taken as it was read, not copied field by field; what is not is parsed for the words that say why. */
const checked = (fact: unknown): RequestEvent => (z.validate(Compiled, fact) ? fact : RequestEvent.parse(fact));

/** What became of requests, as their routers tell it. */
export const requestSource: FactSource<RequestEvent> = {
  stream: 'REQUESTS',
  prefix: PREFIX.slice(0, -1),
  // The subject says the type as well as a header does, and is there without reading them all.
  read: ({ subject }, body) => checked({ type: typeIn(subject), data: JSON.parse(body) }),
};

const textOf = (bytes: Uint8Array): string =>
  Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('utf8');

export interface TakeOptions {
  /** Names the reader in notices, and in dead letters. Letters, digits, `-` and `_`. */
  readonly name: string;
  /** The place that stands beside the effect; asked at every opening. Undefined: begin with the first fact that is kept. */
  readonly place: () => Promise<StreamPlace | undefined>;
  /** How many facts go into one effect at most; 500 unless told otherwise. */
  readonly most?: number;
  /** See ConsumeOptions. */
  readonly deadLetter?: (letter: DeadLetter) => Promise<void>;
}

/**
 * Thrown by a handler whose own place is not the batch's `from`: another process was quicker, or the database was set
 * back. The reader asks for the place and goes on from there.
 */
export class PlaceMoved extends Error {
  override readonly name = 'PlaceMoved';

  constructor(reader: string) {
    super(`The effect of ${reader} stands at another place than these facts begin at`);
  }
}

const MOST = 500;
/** The server forgets a reader that has not pulled for so long. */
const FORGOTTEN_AFTER_MS = 60_000;
const MAX_FAILURES = 8;

/**
 * Hands the facts of a family over in order, many at a time, to an effect that keeps the place beside itself in one
 * transaction: so each fact takes effect once, whatever dies when, and a database that was set back to an older state is
 * given again what it lacks. The server keeps nothing about this reader; its place is the only truth.
 *
 * While the effect fails the same batch is tried again, after 0.05 to 30 s with full jitter: for an Outage for ever, for
 * anything else at first whole, then fact by fact, so that the one at fault shows; after its 8th failure that one goes to
 * the dead letters, as what cannot be read does at once, and the others go on.
 */
export class FactTaker<F> implements Stoppable {
  readonly #stopping = new AbortController();
  readonly #most: number;
  readonly #deadLetter: (letter: DeadLetter) => Promise<void>;
  #pull: Pull | undefined;
  /** The life of the stream that is read, and how far the effect is. */
  #life = '';
  #at: StreamPlace | undefined;
  #lastError: unknown;
  readonly #running: Promise<void>;

  constructor(
    private readonly connection: Connection,
    private readonly streams: Streams,
    private readonly source: FactSource<F>,
    private readonly options: TakeOptions,
    private readonly handler: (batch: Batch<F>) => Promise<void>,
  ) {
    this.#most = Math.max(1, options.most ?? MOST);
    this.#deadLetter = options.deadLetter ?? toDeadLetters(connection, streams);
    const off = connection.onState((state) => {
      if (state === 'down') this.#pull?.stop();
    });
    this.#running = this.#run().finally(off);
  }

  /** Throws when the server does not answer. */
  async state(): Promise<ReaderState> {
    const { stream } = this.source;
    const { created: life, state } = await this.streams.ensure(stream);
    const taken = this.#at?.life === life ? this.#at.sequence : Math.max(0, state.first_seq - 1);
    return { name: this.options.name, stream, pending: Math.max(0, state.last_seq - taken) };
  }

  /** Takes no further fact; resolves when the batch at hand is done with. */
  async stop(): Promise<void> {
    this.#stopping.abort();
    this.#pull?.stop();
    await this.#running;
  }

  async #run(): Promise<void> {
    const { signal } = this.#stopping;
    for (let failures = 0; !signal.aborted;) {
      await this.connection.up(signal);
      if (signal.aborted) return;
      try {
        const consumer = await this.#open();
        await this.#read(consumer, () => (failures = 0));
      } catch (error) {
        if (signal.aborted) return;
        failures += 1;
        if (this.connection.state === 'up' && !(error instanceof PlaceMoved))
          this.connection.notify({ notice: 'reopening', what: this.options.name, error });
        await sleep(fullJitter(failures, { baseMs: 200, capMs: 5_000 }, this.connection.random), signal);
      }
    }
  }

  /** Makes a reader on the server; its name. */
  async #open(): Promise<string> {
    const { stream, prefix } = this.source;
    const { name } = this.options;
    const kept = await this.options.place();
    const { created: life, state } = await this.streams.ensure(stream);
    // A stream that ends before our place has lost its end, and what comes there now are other facts than those we took.
    const sequence = kept?.life === life ? Math.min(kept.sequence, state.last_seq) : 0;
    this.#at = kept;
    if (kept !== undefined && (kept.life !== life || sequence < kept.sequence))
      this.connection.notify({ notice: 'place-lost', reader: name, stream });
    else if (kept !== undefined && state.first_seq > sequence + 1)
      this.connection.notify({ notice: 'facts-missed', reader: name, stream, upTo: state.first_seq - sequence - 1 });
    const info = await this.connection.jsm.consumers.add(stream, {
      deliver_policy: DeliverPolicy.StartSequence,
      opt_start_seq: sequence + 1,
      filter_subject: `${prefix}.>`,
      ack_policy: AckPolicy.None,
      replay_policy: ReplayPolicy.Instant,
      mem_storage: true,
      num_replicas: 1,
      inactive_threshold: nanos(FORGOTTEN_AFTER_MS),
    });
    this.#life = life;
    return info.name;
  }

  async #read(consumer: string, gotOn: () => void): Promise<void> {
    const { stream } = this.source;
    const broken = () => this.#stopping.signal.aborted || this.connection.state === 'down';
    if (broken()) return;
    const pull = new Pull(this.connection, { stream, consumer, most: this.#most });
    this.#pull = pull;
    let delivered = 0;
    try {
      for (let messages = await pull.next(); messages.length > 0 && !broken(); messages = await pull.next()) {
        const last = standingOf(messages.at(-1)?.reply);
        delivered += messages.length;
        // Each is delivered once and in order: as many as the last one says, or one is missing.
        if (last.delivered !== delivered) throw new Error('A message was lost on the way');
        await this.#take(messages, last);
        gotOn();
      }
    } finally {
      pull.stop();
      this.#pull = undefined;
      if (this.connection.state === 'up' && !this.connection.nc.isClosed())
        await this.connection.jsm.consumers.delete(stream, consumer).catch(() => false);
    }
  }

  /** Whole, and when that fails for another reason than an outage, fact by fact. */
  async #take(messages: readonly Msg[], last: Standing): Promise<void> {
    const readable: Msg[] = [];
    const whole: { facts: F[]; bodies: string[] } = { facts: [], bodies: [] };
    for (const message of messages) {
      const body = textOf(message.data);
      const fact = this.#parse(message, body);
      if (fact instanceof Error) {
        await this.#buryAtLast(message, fact, 1);
        continue;
      }
      readable.push(message);
      whole.facts.push(fact);
      whole.bodies.push(body);
    }
    const end = messages.at(-1);
    if (end === undefined || (await this.#handOver(end, whole, last, 1))) return;
    for (const [n, message] of readable.entries()) {
      const standing = standingOf(message.reply);
      const one = { facts: whole.facts.slice(n, n + 1), bodies: whole.bodies.slice(n, n + 1) };
      if (await this.#handOver(message, one, standing, MAX_FAILURES)) continue;
      await this.#buryAtLast(message, this.#lastError, MAX_FAILURES);
      await this.#handOver(message, nothing, standing, Number.POSITIVE_INFINITY);
    }
    if (readable.at(-1) !== end) await this.#handOver(end, nothing, last, Number.POSITIVE_INFINITY);
  }

  /** `end` is the last message of these. False when the effect failed so often for another reason than an outage. */
  async #handOver(
    end: Msg,
    { facts, bodies }: Pick<Batch<F>, 'facts' | 'bodies'>,
    { sequence, pending }: Standing,
    tries: number,
  ): Promise<boolean> {
    const { signal } = this.#stopping;
    const to = { life: this.#life, sequence };
    for (let attempt = 1, failures = 0; ; attempt += 1) {
      try {
        await this.handler({ facts, bodies, from: this.#at, to, pending, attempt, signal });
        this.#at = to;
        return true;
      } catch (error) {
        if (error instanceof PlaceMoved || signal.aborted) throw error;
        if (!(error instanceof Outage)) failures += 1;
        this.#lastError = error;
        if (failures >= tries) return false;
        await this.#waitAfter(end, error, attempt, failures);
      }
    }
  }

  #parse(message: Msg, body: string): F | Error {
    try {
      return this.source.read(message, body);
    } catch (error) {
      return error instanceof Error ? error : new Error(String(error));
    }
  }

  /** Until it is kept: what comes after it waits. Throws only when the reader stops. */
  async #buryAtLast(message: Msg, error: unknown, failures: number): Promise<void> {
    const { name: durable } = this.options;
    for (let attempt = 1; ; attempt += 1) {
      if (await bury(this.connection, message, { durable, deadLetter: this.#deadLetter, error, failures })) return;
      await this.#waitAfter(message, error, attempt, failures);
    }
  }

  async #waitAfter(message: Msg, error: unknown, attempt: number, failures: number): Promise<void> {
    const { signal } = this.#stopping;
    const delayMs = fullJitter(attempt, { floorMs: 50, baseMs: 500, capMs: 30_000 }, this.connection.random);
    const { subject } = message;
    const correlationId = message.headers?.get('ce-correlationid') ?? '';
    const { name: durable } = this.options;
    this.connection.notify({ notice: 'retrying', durable, subject, failures, delayMs, error, correlationId });
    await sleep(delayMs, signal);
    signal.throwIfAborted();
  }
}

/** The place alone moves. */
const nothing = { facts: [], bodies: [] } as const;
