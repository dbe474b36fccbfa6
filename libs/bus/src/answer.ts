import { type Caller, type Order, Outage, parseInput, Refusal, type ReplyOf, type RequestOf } from '@muster/contracts';
import type { Msg } from '@nats-io/transport-node';
import { beginSpan } from '@muster/tracing';
import type { Connection } from './connection.js';
import { Gate } from './gate.js';
import type { AnswerOutcome, Stoppable } from './notice.js';
import { orderAttributes, spanName } from './order-span.js';
import { cancelledCall, type Envelope, orderHeaders, partOf, readOrderHeaders, refusalEnvelope } from './wire.js';

/** What a handler learns beside the request. */
export interface Call {
  readonly caller: Caller;
  /** Fires when nobody waits for the answer any more: taken back, or past its deadline. */
  readonly signal: AbortSignal;
  readonly subject: string;
  /** The node that a command is for: the token in the place of the `*`. */
  readonly nodeId: string | undefined;
}

/** What a handler gives: the one answer, or each item of a streamed one. */
export type AnswerOf<O extends Order> = O['answers'] extends 'once'
  ? Promise<ReplyOf<O>>
  : O['answers'] extends 'stream'
    ? AsyncIterable<ReplyOf<O>>
    : Promise<ReplyOf<O>> | AsyncIterable<ReplyOf<O>>;

export type Handler<O extends Order> = (request: RequestOf<O>, call: Call) => AnswerOf<O>;

export interface AnswerOptions {
  /** The subject in place of the order's own, which for commands is all nodes. */
  readonly subject?: string;
  /** Of those who answer in the same group, one gets each order. */
  readonly queue?: string;
  /** How many orders are worked on at once; four times as many may wait, further ones are told `overloaded`. */
  readonly concurrency?: number;
}

/**
 * Whether a caller may give an order: by its permission; as an account, for the orders that an account gives about itself;
 * or as one of Muster's own services, for theirs. Whatever is not allowed in so many words is refused.
 */
export function mayAsk(allowed: Order['allowed'], { actor, permissions }: Caller): boolean {
  if (allowed === 'services') return actor.kind === 'gateway';
  return allowed === 'account' ? actor.kind === 'account' : permissions.includes(allowed);
}

/** The answering side of a process. */
export class Answerer {
  readonly #calls = new Map<string, AbortController>();
  readonly #answers = new Set<Stoppable>();
  #listening = false;

  constructor(private readonly connection: Connection) {}

  answer<O extends Order>(
    order: O,
    handler: Handler<O>,
    { subject = order.subject, queue = 'muster', concurrency = 64 }: AnswerOptions = {},
  ): Stoppable {
    this.#listenForCancels();
    const gate = new Gate(concurrency, concurrency * 4);
    const subscription = this.connection.subscribe(subject, { queue });
    const received = (async () => {
      for await (const message of subscription) {
        if (gate.enter(() => this.#serve(order, handler, message))) continue;
        this.connection.notify({ notice: 'overloaded', subject: message.subject });
        this.connection.counts.answered(order.subject, 'overloaded', 0);
        this.#send(message, { outcome: 'outage', part: partOf(subject), message: 'Too many orders at once' });
      }
    })();
    const stoppable: Stoppable = {
      stop: async () => {
        this.#answers.delete(stoppable);
        // Drained, not dropped: what the server has given us already is answered.
        if (this.connection.state === 'up') await subscription.drain();
        else subscription.unsubscribe();
        await received;
        await gate.idle();
      },
    };
    this.#answers.add(stoppable);
    return stoppable;
  }

  /** Takes no new orders and answers those at hand. */
  async stop(): Promise<void> {
    await Promise.allSettled([...this.#answers].map((answer) => answer.stop()));
  }

  /** Tells every handler that is still at work that nobody waits any more. */
  giveUp(): void {
    for (const call of this.#calls.values()) call.abort();
  }

  async #serve<O extends Order>(order: O, handler: Handler<O>, message: Msg): Promise<void> {
    const { subject } = message;
    const controller = new AbortController();
    let call: string | undefined;
    let correlationId: string | undefined;
    let deadline: NodeJS.Timeout | undefined;
    const beganMs = performance.now();
    let outcome: AnswerOutcome = 'replied';
    const span = beginSpan(`answer ${spanName(order.subject)}`, 'server', {
      from: { traceparent: message.headers?.get(orderHeaders.traceparent) },
      attributes: orderAttributes(order.subject),
      onlyWithin: true,
    });
    const within = <T>(work: () => T): T => (span === undefined ? work() : span.run(work));
    try {
      const head = readOrderHeaders(message.headers);
      call = head.call;
      correlationId = head.caller.correlationId;
      this.#calls.set(call, controller);
      deadline = setTimeout(() => {
        controller.abort();
      }, head.deadlineMs).unref();
      if (!mayAsk(order.allowed, head.caller)) throw new Refusal('not-permitted');
      const request = parseInput(order.request, bodyOf(message)) as RequestOf<O>;
      const context: Call = {
        caller: head.caller,
        signal: controller.signal,
        subject,
        nodeId: subject.startsWith('muster.command.node.') ? subject.split('.')[3] : undefined,
      };
      const answer = within(() => handler(request, context));
      if (order.answers === 'stream')
        outcome = await within(() => this.#stream(order, answer as AsyncIterable<ReplyOf<O>>, message, controller));
      else this.#send(message, { outcome: 'reply', reply: order.reply.parse(await (answer as Promise<ReplyOf<O>>)) });
    } catch (error) {
      span?.failed(error);
      if (error instanceof Refusal) {
        outcome = 'refused';
        this.#send(message, refusalEnvelope(error));
      } else if (error instanceof Outage) {
        outcome = 'outage';
        this.#send(message, { outcome: 'outage', part: error.part, message: error.message });
      } else {
        outcome = 'failure';
        this.connection.notify({
          notice: 'handler-failed',
          subject,
          error,
          ...(correlationId ? { correlationId } : {}),
        });
        this.#send(message, { outcome: 'failure' });
      }
    } finally {
      clearTimeout(deadline);
      if (call !== undefined) this.#calls.delete(call);
      span?.set({ 'muster.outcome': outcome });
      span?.end();
      this.connection.counts.answered(order.subject, outcome, (performance.now() - beganMs) / 1_000);
    }
  }

  async #stream<O extends Order>(
    order: O,
    items: AsyncIterable<ReplyOf<O>>,
    message: Msg,
    { signal }: AbortController,
  ): Promise<AnswerOutcome> {
    let n = 0;
    for await (const item of items) {
      if (signal.aborted) return 'taken-back';
      n += 1;
      this.#send(message, { outcome: 'item', n, reply: order.reply.parse(item) });
    }
    this.#send(message, { outcome: 'end', items: n });
    return 'replied';
  }

  #send(message: Msg, envelope: Envelope): void {
    if (!message.reply || this.connection.nc.isClosed()) return;
    const body = JSON.stringify(envelope);
    const fits = Buffer.byteLength(body) <= this.connection.maxPayloadBytes;
    if (!fits) {
      const error = new Error(`An answer of ${Buffer.byteLength(body)} bytes does not fit into a message`);
      this.connection.notify({ notice: 'handler-failed', subject: message.subject, error });
    }
    message.respond(fits ? body : JSON.stringify({ outcome: 'failure' } satisfies Envelope));
  }

  #listenForCancels(): void {
    if (this.#listening) return;
    this.#listening = true;
    const subscription = this.connection.subscribe(cancelSubject);
    void (async () => {
      for await (const message of subscription) {
        const call = cancelledCall(message.subject);
        if (call !== undefined) this.#calls.get(call)?.abort();
      }
    })();
  }
}

const cancelSubject = 'muster.cancel.*';

function bodyOf(message: Msg): unknown {
  try {
    return message.json();
  } catch {
    throw new Refusal('bad-input', { words: 'The order is not JSON' });
  }
}
