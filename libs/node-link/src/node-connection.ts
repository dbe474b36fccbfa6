import { performance } from 'node:perf_hooks';
import type { Certificate, LinkCause, NodeOrder, NodeOutcome } from '@muster/contracts';
import { decode, ProtocolFault } from './codec.js';
import { ClockOffset } from './clock-offset.js';
import { FromNode, type GoodbyeToNode, type Hello, sinceOrders, type ToNode } from './frames.js';
import { FlowNumbers } from './flow-numbers.js';
import { limits, ORDERS_SINCE } from './limits.js';
import { isPlainSamples } from './plain-samples.js';
import { Questions, Unanswered } from './questions.js';
import { readable, readableOutcome } from './readable.js';
import type { SocketWire } from './socket-wire.js';
import { TokenBucket } from './token-bucket.js';

/** Where the flow goes on: the last numbers seen, of samples in a run, of lines in a numbering. Of others all is sent that the node has. */
export interface ResumeFrom {
  readonly run: string;
  readonly sample: number;
  /** What `numberingOf` said of the hello when the lines were seen. */
  readonly numbering: string;
  readonly line: number;
}

/** What the numbers of a node's lines count in: a numbering that outlasts its restarts, else its run. */
export const numberingOf = ({ run, log }: Pick<Hello, 'run' | 'log'>): string => log?.id ?? run;

/** The last line that somebody has of this node, in the numbering of its hello; 0 when he has none of it. */
export function lineSeen(hello: Pick<Hello, 'run' | 'log'>, resume: ResumeFrom | undefined): number {
  if (resume?.numbering === numberingOf(hello)) return resume.line;
  const continues = hello.log?.continues;
  return resume !== undefined && resume.numbering === continues?.id ? Math.min(resume.line, continues.upTo) : 0;
}

const numbersFrom = (hello: Hello, resume: ResumeFrom | undefined): FlowNumbers =>
  new FlowNumbers(resume?.run === hello.run ? resume.sample : 0, lineSeen(hello, resume));

export interface Linked {
  readonly hello: Hello;
  readonly certificate: Certificate;
  readonly protocol: number;
  readonly resume: ResumeFrom | undefined;
  readonly silentAfterMs?: number | undefined;
}

interface Question {
  readonly askedMs: number;
  answer(roundTripMs: number): void;
  fail(error: Error): void;
}

/** The timer of this process was late by more than this: it was held up itself, and the other's silence proves nothing. */
const HELD_UP_MS = 500;

/**
 * The Gateway's end of a link that is made. Asks the node for a sign of life every 5 s and ends as `silent` when none came for
 * 20 s; ends itself when the node breaks the protocol; reads slower from a node that sends too fast. Nothing thrown out of it
 * ends the process: what happens to a link is told by `closed` alone.
 */
export class NodeConnection {
  readonly hello: Hello;
  readonly certificate: Certificate;
  /** The protocol version that both ends agreed on. */
  readonly protocol: number;
  /** Why the link ended, once it has. Never rejects. */
  readonly closed: Promise<LinkCause>;

  readonly #wire: SocketWire;
  #numbers: FlowNumbers;
  readonly #frames: TokenBucket;
  readonly #bytes: TokenBucket;
  readonly #orders = new Questions<NodeOutcome>(limits.ordersAtHand);
  readonly #questions = new Map<number, Question>();
  #asked = 0;
  #roundTripMs: number | undefined;
  readonly #clock = new ClockOffset();
  #handler: ((frame: FromNode) => void) | undefined;
  readonly #silentAfterMs: number;
  #heardMs = performance.now();
  #resolveClosed!: (cause: LinkCause) => void;
  #cause: LinkCause | undefined;
  #timer: NodeJS.Timeout | undefined;
  #resumeReading: NodeJS.Timeout | undefined;

  constructor(wire: SocketWire, { hello, certificate, protocol, resume, silentAfterMs }: Linked) {
    this.hello = hello;
    this.certificate = certificate;
    this.protocol = protocol;
    this.#wire = wire;
    this.#silentAfterMs = silentAfterMs ?? limits.silentNodeMs;
    this.#numbers = numbersFrom(hello, resume);
    const nowMs = performance.now();
    this.#frames = new TokenBucket(limits.framesPerSecond * 2, limits.framesPerSecond, nowMs);
    this.#bytes = new TokenBucket(limits.bytesPerSecond * 2, limits.bytesPerSecond, nowMs);
    this.closed = new Promise((resolve) => (this.#resolveClosed = resolve));
    wire.handOver({
      onText: (text) => this.#take(text),
      onFault: () => this.#end('protocol'),
      onClosed: () => this.#end('closed'),
    });
    this.#keepAlive();
  }

  /** How long the last sign of life took there and back, in milliseconds. */
  get roundTripMs(): number | undefined {
    return this.#roundTripMs;
  }

  /** How far the node's clock is ahead of this one, in milliseconds, behind it when negative; undefined when it does not tell. */
  get clockOffsetMs(): number | undefined {
    return this.#clock.offsetMs;
  }

  /**
   * Takes every frame from now on, in order, and starts the flow of samples and lines. Called once. The handler must not
   * throw: each frame is parsed, its numbers follow one another or a `gap` says which are missing, its text is inert. `resume` is
   * where the flow goes on, when that has moved since the link was dialled.
   */
  onFrame(handler: (frame: FromNode) => void, resume?: ResumeFrom): void {
    if (this.#handler !== undefined) throw new Error('The frames of this link have a handler already');
    this.#handler = handler;
    if (resume !== undefined) this.#numbers = numbersFrom(this.hello, resume);
    this.send({ type: 'resume', sample: this.#numbers.sample, line: this.#numbers.line });
  }

  /** Sends one frame. After the end of the link nothing happens. */
  send(frame: ToNode): void {
    this.#wire.send(frame);
  }

  /** Asks for a sign of life. Resolves with the time there and back in milliseconds; rejects when the link ends before. */
  ping(): Promise<number> {
    return new Promise((resolve, reject) => {
      if (this.#cause !== undefined) return reject(new Error('The link has ended'));
      // Asked faster than answered: the oldest question is given up.
      const [oldest] = this.#questions.keys();
      if (oldest !== undefined && this.#questions.size >= 16) this.#forget(oldest, new Error('Not answered in time'));
      this.#asked += 1;
      this.#questions.set(this.#asked, { askedMs: performance.now(), answer: resolve, fail: reject });
      this.send({ type: 'ping', id: this.#asked });
    });
  }

  /**
   * Has the node carry out an order. Rejects with Unanswered: whether it was carried out is not known then, and the same id on
   * this or a later link has no second effect.
   */
  order(
    id: string,
    order: NodeOrder,
    { withinMs = limits.orderMs, traceparent }: { withinMs?: number; traceparent?: string } = {},
  ): Promise<NodeOutcome> {
    if (this.#cause !== undefined) return Promise.reject(new Unanswered('ended'));
    if (this.protocol < ORDERS_SINCE) return Promise.reject(new Unanswered('too-old'));
    return this.#orders.ask(id, withinMs, () =>
      this.send({ type: 'order', id, order, ...(traceparent === undefined ? {} : { traceparent }) }),
    );
  }

  /** Says goodbye and closes; cuts the socket when the node does not close within 1 s. */
  close(reason: GoodbyeToNode = 'stopping'): void {
    if (this.#cause !== undefined) return;
    this.send({ type: 'goodbye', reason });
    this.#end('closed');
    this.#wire.socket.close(1000);
  }

  /** Says goodbye as soon as the orders at hand are answered or given up: for a link whose place another has taken. */
  retire(reason: GoodbyeToNode): void {
    void this.#orders.settled().then(() => {
      this.close(reason);
    });
  }

  /** Cuts the socket at once: for a peer that is taken for dead. */
  terminate(cause: LinkCause = 'closed'): void {
    this.#end(cause);
    this.#wire.socket.terminate();
  }

  #take(text: string): void {
    if (this.#cause !== undefined) return;
    this.#restrain(text.length);
    try {
      const frame = decode(FromNode, text, isPlainSamples);
      if (this.protocol < ORDERS_SINCE && sinceOrders.has(frame.type)) throw new ProtocolFault('unknown-type');
      this.#numbers.follow(frame, this.#handler !== undefined);
      this.#heardMs = performance.now();
      if (frame.type === 'pong') this.#answered(frame.id, frame.at);
      if (frame.type === 'outcome') return this.#orders.answered(frame.id, readableOutcome(frame.outcome));
      if (frame.type === 'goodbye') this.#end(frame.reason === 'key-changed' ? 'key-refused' : 'closed', frame);
      else this.#handler?.(readable(frame));
    } catch (error) {
      if (!(error instanceof ProtocolFault)) throw error;
      this.#wire.fault(error);
    }
  }

  /** A node that sends too much is read more slowly, so that it waits and no other does. */
  #restrain(bytes: number): void {
    const nowMs = performance.now();
    const debtMs = Math.max(this.#frames.take(1, nowMs), this.#bytes.take(bytes, nowMs));
    if (debtMs === 0 || this.#resumeReading !== undefined) return;
    this.#wire.socket.pause();
    this.#resumeReading = setTimeout(() => {
      this.#resumeReading = undefined;
      this.#wire.socket.resume();
    }, debtMs);
  }

  #answered(id: number, at: string | undefined): void {
    const question = this.#questions.get(id);
    if (question === undefined) return;
    this.#questions.delete(id);
    this.#roundTripMs = performance.now() - question.askedMs;
    if (at !== undefined) this.#clock.heard(Date.parse(at), Date.now(), this.#roundTripMs);
    question.answer(this.#roundTripMs);
  }

  #forget(id: number, error: Error): void {
    this.#questions.get(id)?.fail(error);
    this.#questions.delete(id);
  }

  /** A ping every 5 s. When nothing at all was heard since the last one, the link is cut. */
  #keepAlive(): void {
    const setMs = performance.now();
    const waitMs = Math.min(limits.pingEveryMs, this.#silentAfterMs);
    this.#timer = setTimeout(() => {
      const nowMs = performance.now();
      // Held up itself, it may have frames that it has not read: the silence counts anew.
      if (nowMs - setMs > waitMs + HELD_UP_MS) this.#heardMs = nowMs;
      else if (nowMs - this.#heardMs >= this.#silentAfterMs) return this.terminate('silent');
      this.ping().catch(() => undefined);
      this.#keepAlive();
    }, waitMs);
  }

  #end(cause: LinkCause, last?: FromNode): void {
    if (this.#cause !== undefined) return;
    this.#cause = cause;
    clearTimeout(this.#timer);
    clearTimeout(this.#resumeReading);
    for (const id of [...this.#questions.keys()]) this.#forget(id, new Error('The link has ended'));
    this.#orders.end();
    if (last !== undefined) {
      this.#handler?.(last);
      this.#wire.socket.close(1000);
    } else if (this.#wire.socket.isPaused) this.#wire.socket.resume();
    this.#resolveClosed(cause);
  }
}
