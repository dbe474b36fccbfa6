import { type Caller, type Order, Refusal, type ReplyOf } from '@muster/contracts';
import { beginSpan } from '@muster/tracing';
import { type Msg, nuid } from '@nats-io/transport-node';
import type * as z from 'zod/mini';
import type { Connection } from './connection.js';
import { orderAttributes, spanName } from './order-span.js';
import { AskOutage, type AskProblem, cancelSubject, Envelope, partOf, readRefusal, writeOrderHeaders } from './wire.js';

/** What may be asked with: a field with a default may be left out. */
export type AskedWith<O extends Order> = z.input<O['request']>;

export interface AskOptions {
  /** The subject in place of the order's own: for a command, `commandSubject(order, nodeId)`. */
  readonly subject?: string;
  /** Gives the order up; the answering side is told. */
  readonly signal?: AbortSignal;
}

/** So many items of a streamed answer may wait for their reader; with one more the answer is given up. */
const MAX_UNREAD_ITEMS = 1_000;
/** So many orders of one process may wait for their answer. */
const MAX_WAITING = 10_000;
/** What headers may add to a body, generously. */
const HEADER_BYTES = 8 * 1024;

/** So many answers are taken when everybody is asked. */
const MOST_ANSWERS = 1_000;

type Sink = (answer: Envelope | AskOutage) => void;

/** The asking side: one inbox for the whole process, each call under its own last token. */
export class Asker {
  readonly #inbox: string;
  readonly #waiting = new Map<string, Sink>();

  constructor(private readonly connection: Connection) {
    this.#inbox = connection.inbox();
    const subscription = connection.subscribe(`${this.#inbox}.*`);
    void (async () => {
      for await (const message of subscription) this.#take(message);
    })();
    connection.onState((state) => {
      if (state === 'down') this.#fail('disconnected', 'The connection to the bus broke while waiting for the answer');
    });
  }

  /** One answer. Throws the service's own Refusal, or an AskOutage. */
  async ask<O extends Order>(
    order: O,
    request: AskedWith<O>,
    caller: Caller,
    options: AskOptions = {},
  ): Promise<ReplyOf<O>> {
    for await (const reply of this.#answers(order, request, caller, options)) return reply;
    throw new AskOutage('failed', partOf(order.subject), 'The answer ended before it began');
  }

  /** Every item of a streamed answer in order, none missing: a lost one ends it with an AskOutage. */
  askStream<O extends Order>(
    order: O,
    request: AskedWith<O>,
    caller: Caller,
    options: AskOptions = {},
  ): AsyncGenerator<ReplyOf<O>, void, undefined> {
    return this.#answers(order, request, caller, options);
  }

  /**
   * Asks everybody who answers, and gives each reply to `take` as it comes. Resolves at the order's deadline, or when the signal
   * fires; who refuses, fails or has not answered by then is passed over. Throws an AskOutage when it could not be asked.
   */
  async askEverybody<O extends Order & { answers: 'once' }>(
    order: O,
    request: AskedWith<O>,
    caller: Caller,
    take: (reply: ReplyOf<O>) => void,
    signal?: AbortSignal,
  ): Promise<void> {
    if (this.connection.state === 'down') throw new AskOutage('not-sent', 'bus', 'There is no connection to the bus');
    if (this.#waiting.size >= MAX_WAITING)
      throw new AskOutage('not-sent', partOf(order.subject), 'Too many orders wait for their answer');
    const call = nuid.next();
    let answers = 0;
    await new Promise<void>((resolve) => {
      const done = () => {
        clearTimeout(timer);
        signal?.removeEventListener('abort', done);
        this.#waiting.delete(call);
        resolve();
      };
      const timer = setTimeout(done, order.deadlineMs);
      signal?.addEventListener('abort', done, { once: true });
      this.#waiting.set(call, (answer) => {
        if (answer instanceof AskOutage) return done();
        answers += 1;
        const reply = answer.outcome === 'reply' ? order.reply.safeParse(answer.reply) : undefined;
        if (reply?.success) take(reply.data as ReplyOf<O>);
        if (answers >= MOST_ANSWERS) done();
      });
      this.connection.nc.publish(order.subject, JSON.stringify(request), {
        reply: `${this.#inbox}.${call}`,
        headers: writeOrderHeaders({ caller, deadlineMs: order.deadlineMs, call }),
      });
    });
  }

  async *#answers<O extends Order>(
    order: O,
    request: AskedWith<O>,
    caller: Caller,
    { subject = order.subject, signal }: AskOptions,
  ): AsyncGenerator<ReplyOf<O>, void, undefined> {
    if (subject.includes('*')) throw new Error(`${subject} goes to one node: give its subject`);
    const part = partOf(subject);
    const outage = (problem: AskProblem, message: string) => new AskOutage(problem, part, message);
    if (signal?.aborted) throw outage('cancelled', 'The order was taken back before it was given');
    if (this.connection.state === 'down') throw new AskOutage('not-sent', 'bus', 'There is no connection to the bus');
    if (this.#waiting.size >= MAX_WAITING) throw outage('not-sent', 'Too many orders wait for their answer');
    const body = JSON.stringify(request);
    if (Buffer.byteLength(body) + HEADER_BYTES > this.connection.maxPayloadBytes) throw new Refusal('too-large');

    const call = nuid.next();
    const inbox = new Unread();
    const sink: Sink = (answer) => {
      inbox.push(answer);
    };
    const deadline = setTimeout(() => {
      sink(outage('deadline', `The ${part} did not answer within ${order.deadlineMs} ms`));
    }, order.deadlineMs);
    const giveUp = () => {
      sink(outage('cancelled', 'The order was taken back'));
    };
    signal?.addEventListener('abort', giveUp, { once: true });
    this.#waiting.set(call, sink);
    let ended = false;
    const span = beginSpan(`ask ${spanName(order.subject)}`, 'client', {
      attributes: orderAttributes(order.subject),
      // What a process asks by itself again and again is no trace.
      onlyWithin: true,
    });
    try {
      const head = { caller, deadlineMs: order.deadlineMs, call };
      this.connection.nc.publish(subject, body, {
        reply: `${this.#inbox}.${call}`,
        headers: writeOrderHeaders(head, span?.traceparent),
      });
      for (let items = 0; ; items += 1) {
        const answer = await inbox.next();
        if (answer === undefined) throw outage('failed', `The ${part} answers faster than the answer is read`);
        if (answer instanceof AskOutage) {
          ended = answer.problem === 'no-responders';
          throw answer;
        }
        const more = await settled(answer, items);
        if (!more) {
          ended = true;
          return;
        }
        const reply = order.reply.safeParse(more.reply);
        if (!reply.success) throw outage('failed', `The ${part} answered in a shape that is not agreed`);
        ended = answer.outcome === 'reply';
        yield reply.data as ReplyOf<O>;
        if (ended) return;
      }
    } catch (error) {
      span?.failed(error);
      throw error;
    } finally {
      span?.end();
      clearTimeout(deadline);
      signal?.removeEventListener('abort', giveUp);
      this.#waiting.delete(call);
      if (!ended && this.connection.state === 'up' && !this.connection.nc.isClosed())
        this.connection.nc.publish(cancelSubject(call));
    }

    /** The next item, or undefined at the end. Throws what the answering side refused or could not do. */
    async function settled(answer: Envelope, items: number): Promise<{ reply: unknown } | undefined> {
      switch (answer.outcome) {
        case 'reply':
          return answer;
        case 'item':
          if (answer.n !== items + 1) throw outage('failed', 'A part of the answer was lost on the way');
          return answer;
        case 'end':
          if (answer.items !== items) throw outage('failed', 'A part of the answer was lost on the way');
          return undefined;
        case 'refusal':
          ended = true;
          throw readRefusal(answer);
        case 'outage':
          ended = true;
          throw new AskOutage('away', answer.part, answer.message);
        case 'failure':
          ended = true;
          throw outage('failed', `The ${part} could not do this; its log tells why`);
      }
    }
  }

  #take(message: Msg): void {
    const sink = this.#waiting.get(message.subject.slice(message.subject.lastIndexOf('.') + 1));
    if (sink === undefined) return;
    if (message.headers?.code === 503 && message.data.length === 0) {
      sink(new AskOutage('no-responders', 'bus', 'Nobody answers this order at the moment'));
      return;
    }
    try {
      sink(Envelope.parse(message.json()));
    } catch (error) {
      this.connection.notify({ notice: 'malformed', subject: message.subject, error });
      sink(new AskOutage('failed', 'bus', 'The answer could not be read', { cause: error }));
    }
  }

  #fail(problem: AskProblem, message: string): void {
    for (const sink of this.#waiting.values()) sink(new AskOutage(problem, 'bus', message));
  }
}

/** Answers that have come and were not read yet. Past its bound it gives the rest up, and `next` says undefined. */
class Unread {
  readonly #answers: (Envelope | AskOutage)[] = [];
  #overrun = false;
  #wake: () => void = () => undefined;

  push(answer: Envelope | AskOutage): void {
    if (this.#answers.length >= MAX_UNREAD_ITEMS) this.#overrun = true;
    else this.#answers.push(answer);
    this.#wake();
  }

  async next(): Promise<Envelope | AskOutage | undefined> {
    for (;;) {
      const answer = this.#answers.shift();
      if (answer !== undefined) return answer;
      if (this.#overrun) return undefined;
      await new Promise<void>((resolve) => (this.#wake = resolve));
    }
  }
}
