import type {
  ApiKeyUsed,
  BucketName,
  Caller,
  Fact,
  FactFamily,
  HistoryGrew,
  HttpReading,
  MonitorPulse,
  NodeLog,
  NodeSample,
  Order,
  ReplyOf,
  RequestEvent,
  RequestsChanged,
  RouterPulse,
  StreamName,
} from '@muster/contracts';
import type * as z from 'zod/mini';
import { Answerer, type AnswerOptions, type Handler } from './answer.js';
import { type AskedWith, Asker, type AskOptions } from './ask.js';
import { within } from './backoff.js';
import { Bucket } from './bucket.js';
import { type BusOptions, Connection } from './connection.js';
import { type ConsumeOptions, type Delivery, FactConsumer } from './consume-facts.js';
import type { FactOf } from './fact-message.js';
import { FactLog } from './fact-log.js';
import { followFacts, type Following } from './follow-facts.js';
import { type LaneOptions, Lanes, type OnLane } from './lanes.js';
import type { BusState, ReaderState, Stoppable, Tail } from './notice.js';
import { Outlet } from './outlet.js';
import { OutsiderConsumers } from './outsider-consumers.js';
import { Publisher } from './publish.js';
import { type KeptLetter, readDeadLetters } from './read-dead-letters.js';
import { Streams } from './streams.js';
import { type Batch, type FactBatch, FactTaker, familySource, requestSource, type TakeOptions } from './take-facts.js';

/** Everything that a process does on NATS goes through here: orders, facts, samples, state. One a process. */
export class Bus {
  readonly #asker: Asker;
  readonly #answerer: Answerer;
  readonly #streams: Streams;
  readonly #publisher: Publisher;
  readonly #lanes: Lanes;
  readonly #log: FactLog;
  /** What outsiders read by. For the registry, which decides who may. */
  readonly outsiders: OutsiderConsumers;
  readonly #consumers = new Set<Stoppable>();
  readonly #readers = new Set<{ state(): Promise<ReaderState> }>();

  constructor(private readonly connection: Connection) {
    this.#streams = new Streams(connection);
    this.#asker = new Asker(connection);
    this.#answerer = new Answerer(connection);
    this.#publisher = new Publisher(connection, this.#streams);
    this.#lanes = new Lanes(connection);
    this.#log = new FactLog(connection, this.#streams);
    this.outsiders = new OutsiderConsumers(connection, this.#streams);
  }

  get state(): BusState {
    return this.connection.state;
  }

  /** Calls on every change of `state`; returns what ends it. */
  onState(handler: (state: BusState) => void): () => void {
    return this.connection.onState(handler);
  }

  /** Asks and gives the one answer. Throws the service's own Refusal, or an AskOutage that says whether anything can have been done. */
  ask<O extends Order & { answers: 'once' }>(
    order: O,
    request: AskedWith<O>,
    caller: Caller,
    options?: AskOptions,
  ): Promise<ReplyOf<O>> {
    return this.#asker.ask(order, request, caller, options);
  }

  /** Asks everybody who answers; each reply goes to `take` as it comes. Resolves at the deadline. See Asker. */
  askEverybody<O extends Order & { answers: 'once' }>(
    order: O,
    request: AskedWith<O>,
    caller: Caller,
    take: (reply: ReplyOf<O>) => void,
    signal?: AbortSignal,
  ): Promise<void> {
    return this.#asker.askEverybody(order, request, caller, take, signal);
  }

  /** Asks an order that answers as a stream: each item in order, none missing. Leaving the loop takes the order back. */
  askStream<O extends Order & { answers: 'stream' }>(
    order: O,
    request: AskedWith<O>,
    caller: Caller,
    options?: AskOptions,
  ): AsyncGenerator<ReplyOf<O>, void, undefined> {
    return this.#asker.askStream(order, request, caller, options);
  }

  /**
   * Answers an order as one of its group. Who may not give it, and requests of another shape, never reach the handler.
   * Resolves when the server knows of it; while the bus is away, at once.
   */
  async answer<O extends Order>(order: O, handler: Handler<O>, options?: AnswerOptions): Promise<Stoppable> {
    const answering = this.#answerer.answer(order, handler, options);
    await this.connection.settled();
    return answering;
  }

  /** Makes the streams and buckets of the contracts where they are not there. Throws StreamDrift where they are different. */
  assertStreams(): Promise<void> {
    return this.#streams.assertAll();
  }

  /** Calls with the name of a stream (`KV_<bucket>` for a bucket) that was lost and made anew, empty. Returns what ends it. */
  onStoreLost(handler: (stream: string) => void): () => void {
    return this.#streams.onLost(handler);
  }

  /** Publishes a fact after the one with the id `after`. See Publisher. */
  publishFact(fact: Fact, { after }: { after: string | undefined }): Promise<void> {
    return this.#publisher.publish(fact, after);
  }

  /** A way out for facts that need no order among themselves. Their stream must be there: see `assertStreams`. */
  outlet(): Outlet {
    return new Outlet(this.connection);
  }

  /** The end of a stream. Throws an Outage. */
  tail(stream: StreamName): Promise<Tail> {
    return this.#publisher.tail(stream);
  }

  /** Each fact of a family in order, acknowledged after its effect. See FactConsumer. */
  async consumeFacts<Family extends FactFamily>(
    family: Family,
    options: ConsumeOptions,
    handler: (fact: FactOf<Family>, delivery: Delivery) => Promise<void>,
  ): Promise<Stoppable> {
    const consumer = await FactConsumer.open(this.connection, this.#streams, family, options, handler);
    return this.#keep(consumer);
  }

  /** The facts of a family in order, many at a time, for an effect that keeps their place beside itself. See FactTaker. */
  takeFacts<Family extends FactFamily>(
    family: Family,
    options: TakeOptions,
    handler: (batch: FactBatch<Family>) => Promise<void>,
  ): Stoppable {
    return this.#keep(new FactTaker(this.connection, this.#streams, familySource(family), options, handler));
  }

  /** The facts about requests likewise: from all routers, in the order in which they came to the stream. */
  takeRequests(options: TakeOptions, handler: (batch: Batch<RequestEvent>) => Promise<void>): Stoppable {
    return this.#keep(new FactTaker(this.connection, this.#streams, requestSource, options, handler));
  }

  /** Every fact of the families from the first one on, for a fold in memory. See followFacts. */
  followFacts<Family extends FactFamily>(
    families: readonly Family[],
    handler: (fact: FactOf<Family>) => Promise<void> | void,
  ): Promise<Following> {
    return Promise.resolve(followFacts(this.connection, this.#streams, families, handler));
  }

  /** The streams of facts for readers who keep their position themselves. See FactReader. */
  get factLog(): FactLog {
    return this.#log;
  }

  /** How far this process's readers of facts are that keep their place. One that the server says nothing about is left out. */
  async readers(): Promise<ReaderState[]> {
    if (this.connection.state === 'down') return [];
    const states = await Promise.allSettled([...this.#readers].map((reader) => reader.state()));
    return states.flatMap((each) => (each.status === 'fulfilled' ? [each.value] : []));
  }

  /** The newest facts that readers gave up, newest first. Throws an Outage. */
  deadLetters(most: number): Promise<KeptLetter[]> {
    return readDeadLetters(this.connection, this.#streams, most);
  }

  /** `bytes`: how the sample is written, where that is known already. It goes out with others within a few milliseconds. */
  publishSample(sample: NodeSample, bytes?: Uint8Array): void {
    this.#lanes.publishSample(sample, bytes);
  }

  publishLog(log: NodeLog): void {
    this.#lanes.publishLog(log);
  }

  publishPulse(pulse: MonitorPulse): void {
    this.#lanes.publishPulse(pulse);
  }

  publishKeyUse(use: ApiKeyUsed): void {
    this.#lanes.publishKeyUse(use);
  }

  onKeyUses(handler: (use: ApiKeyUsed) => void): Stoppable {
    return this.#lanes.onKeyUses(handler);
  }

  publishHttpReading(reading: HttpReading): void {
    this.#lanes.publishHttpReading(reading);
  }

  onHttpReadings(handler: (reading: HttpReading) => void): Stoppable {
    return this.#lanes.onHttpReadings(handler);
  }

  publishHistory(grew: HistoryGrew): void {
    this.#lanes.publishHistory(grew);
  }

  onHistory(handler: OnLane<HistoryGrew>): Stoppable {
    return this.#lanes.onHistory(handler);
  }

  publishRequests(requests: RequestsChanged): void {
    this.#lanes.publishRequests(requests);
  }

  onRequests(handler: OnLane<RequestsChanged>): Stoppable {
    return this.#lanes.onRequests(handler);
  }

  onSamples(handler: OnLane<NodeSample>, options?: LaneOptions): Stoppable {
    return this.#lanes.onSamples(handler, options);
  }

  onLogs(handler: OnLane<NodeLog>, options?: LaneOptions): Stoppable {
    return this.#lanes.onLogs(handler, options);
  }

  onPulses(handler: OnLane<MonitorPulse>): Stoppable {
    return this.#lanes.onPulses(handler);
  }

  publishRouterPulse(pulse: RouterPulse): void {
    this.#lanes.publishRouterPulse(pulse);
  }

  onRouterPulses(handler: OnLane<RouterPulse>): Stoppable {
    return this.#lanes.onRouterPulses(handler);
  }

  bucket<Schema extends z.ZodMiniType>(name: BucketName, schema: Schema): Bucket<Schema> {
    return new Bucket(this.connection, this.#streams, name, schema);
  }

  #keep(consumer: Stoppable & { state(): Promise<ReaderState> }): Stoppable {
    const stoppable: Stoppable = {
      stop: async () => {
        await consumer.stop();
        this.#consumers.delete(stoppable);
        this.#readers.delete(consumer);
      },
    };
    this.#consumers.add(stoppable);
    this.#readers.add(consumer);
    return stoppable;
  }

  /**
   * Takes nothing new, finishes what is at hand, sends what waits, closes. What is not finished after `finishMs` is given
   * up: orders are told to their handlers as taken back, facts come again to whoever is next.
   */
  async close({ finishMs = 10_000 }: { finishMs?: number } = {}): Promise<void> {
    this.#lanes.flush();
    this.connection.beginClosing();
    const consumers = [...this.#consumers, { stop: () => this.#log.close() }].map((consumer) => consumer.stop());
    await within(finishMs, Promise.allSettled([this.#answerer.stop(), ...consumers]));
    this.#answerer.giveUp();
    await this.connection.close();
  }
}

/** Connects. Rejects with an Outage when no server answers in time, and with the reason when a server is not fit. */
export const connectBus = async (options: BusOptions): Promise<Bus> => new Bus(await Connection.open(options));
