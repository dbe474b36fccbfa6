import { performance } from 'node:perf_hooks';
import type { WebSocket } from 'ws';
import type { LogBuffer, SampleBuffer } from './buffers.js';
import type { ModelList } from '@muster/contracts';
import { decode, ProtocolFault } from './codec.js';
import { type FromNode, type GoodbyeFromNode, type Hello, ToNode } from './frames.js';
import type { Admitted } from './handshake.js';
import { limits, ORDERS_SINCE } from './limits.js';
import type { OrderBook } from './order-book.js';
import type { SocketWire } from './socket-wire.js';
import { TokenBucket } from './token-bucket.js';

export interface Served {
  readonly samples: SampleBuffer;
  readonly log: LogBuffer;
  /** What the node says of itself now. */
  readonly hello: () => Hello;
  /** The same object as before while nothing has changed. */
  readonly models: () => ModelList | undefined;
  /** What inference calls carry under the key of this link. */
  readonly ticket: (keyId: string) => string | undefined;
  readonly orders: OrderBook;
  readonly peer: string;
  readonly admitted: Admitted;
  readonly ended: (link: ServedLink, how: LinkEnd) => void;
}

/** How a link ended, as the node sees it. */
export type LinkEnd = 'goodbye' | 'closed' | 'silent' | 'protocol' | 'stopping' | 'key-changed';

/** A line is written with at most 6 bytes a UTF-16 unit; so many units fit well into one frame. */
const LINE_UNITS_PER_FRAME = 64 * 1024;

/**
 * The node's end of one link. It owns no data: it remembers how far it has told, and sends on while the Gateway keeps up.
 * A Gateway that reads slowly or not at all costs 256 KiB and a gap, never more.
 */
export class ServedLink {
  readonly peer: string;
  readonly keyId: string;
  readonly nodeId: string | undefined;

  /** The protocol version that both ends agreed on. */
  readonly protocol: number;

  readonly #wire: SocketWire;
  readonly #served: Served;
  readonly #frames: TokenBucket;
  readonly #stopListening: (() => void)[];
  readonly #idle: NodeJS.Timeout;
  #told: Told;
  #toldModels: ModelList | undefined;
  #toldTicket: string | undefined;
  /** The next number of each; `lineFrom`: no line before it is wanted. */
  #flow: { sample: number; line: number; readonly lineFrom: number } | undefined;
  readonly #lines: TokenBucket;
  #ended = false;
  #pumpSoon: NodeJS.Immediate | undefined;
  #linesSoon: NodeJS.Timeout | undefined;
  /** More lines were sent at once than may be: the rest waits. */
  #linesPaused: NodeJS.Timeout | undefined;

  constructor(wire: SocketWire, served: Served) {
    const { admitted, peer } = served;
    this.peer = peer;
    this.keyId = admitted.keyId;
    this.nodeId = admitted.nodeId;
    this.protocol = admitted.version;
    this.#wire = wire;
    this.#served = served;
    this.#frames = new TokenBucket(limits.framesPerSecond, limits.framesPerSecond, performance.now());
    this.#lines = new TokenBucket(limits.linesAtOnce, limits.linesPerSecond, performance.now());
    const hello = served.hello();
    this.#told = toldBy(hello);
    this.#stopListening = [
      served.samples.onAdd(() => this.#pumpNext()),
      served.log.onAdd(() => (this.#linesSoon ??= setTimeout(() => this.#linesDue(), limits.linesEveryMs))),
    ];
    this.#idle = setTimeout(() => this.terminate('silent'), limits.silentGatewayMs);
    const { numbering } = served.log;
    wire.send({ type: 'hello', ...hello, ...(numbering && { log: numbering }) });
    wire.handOver({
      onText: (text) => this.#take(text),
      onFault: () => this.#end('protocol'),
      onClosed: () => this.#end('closed'),
    });
  }

  /** The bare socket, for a simulated node that misbehaves. */
  get socket(): WebSocket {
    return this.#wire.socket;
  }

  /** Tells what changed in the node's hello since it was last told. */
  refresh(): void {
    if (this.#flow === undefined || this.#ended) return;
    const hello = this.#served.hello();
    const { hardware, condition, executors } = hello;
    const before = this.#told;
    const now = toldBy(hello);
    this.#told = now;
    if (now.hardware !== before.hardware) this.#wire.send({ type: 'hardware', hardware });
    if (now.condition !== before.condition) this.#wire.send({ type: 'condition', condition });
    if (now.executors !== before.executors) this.#wire.send({ type: 'executors', executors });
    this.#refreshSinceOrders();
  }

  #refreshSinceOrders(): void {
    if (this.protocol < ORDERS_SINCE) return;
    const models = this.#served.models();
    if (models !== undefined && models !== this.#toldModels) {
      this.#toldModels = models;
      this.#wire.send({ type: 'models', ...models });
    }
    const ticket = this.#served.ticket(this.keyId);
    if (ticket !== undefined && ticket !== this.#toldTicket) {
      this.#toldTicket = ticket;
      this.#wire.send({ type: 'ticket', ticket });
    }
  }

  /** Says goodbye with what is still to be told, and closes. */
  close(reason: GoodbyeFromNode): void {
    if (this.#ended) return;
    this.#pump();
    this.#wire.send({ type: 'goodbye', reason });
    this.#wire.socket.close(1000);
    this.#end(reason);
  }

  /** Cuts the socket at once. */
  terminate(how: LinkEnd = 'closed'): void {
    this.#wire.socket.terminate();
    this.#end(how);
  }

  #take(text: string): void {
    if (this.#ended) return;
    this.#idle.refresh();
    try {
      if (this.#frames.take(1, performance.now()) > 0) throw new ProtocolFault('too-many');
      const frame = decode(ToNode, text);
      switch (frame.type) {
        case 'resume':
          return this.#start(frame);
        case 'ping':
          // Not read by the Gateway, pongs would pile up.
          if (this.#wire.socket.bufferedAmount > limits.frameBytes) return this.terminate('silent');
          return this.#wire.send({ type: 'pong', id: frame.id, at: new Date().toISOString() });
        case 'order':
          if (this.protocol < ORDERS_SINCE) throw new ProtocolFault('unknown-type');
          return void this.#carryOut(frame);
        case 'goodbye':
          this.#wire.socket.close(1000);
          return this.#end('goodbye');
      }
    } catch (error) {
      if (!(error instanceof ProtocolFault)) throw error;
      this.#wire.fault(error);
    }
  }

  async #carryOut({ id, order, traceparent }: Extract<ToNode, { type: 'order' }>): Promise<void> {
    const outcome = await this.#served.orders.take(id, order, traceparent);
    this.#wire.send({ type: 'outcome', id, outcome });
  }

  #start({ sample, line }: { sample: number; line: number }): void {
    if (this.#flow !== undefined) throw new ProtocolFault('out-of-turn');
    if (sample >= this.#served.samples.next || line >= this.#served.log.next) throw new ProtocolFault('wrong-number');
    const lineFrom = line === 0 ? this.#served.log.recent : line + 1;
    this.#flow = { sample: sample + 1, line: line + 1, lineFrom };
    this.refresh();
    this.#pump();
  }

  #pumpNext(): void {
    this.#pumpSoon ??= setImmediate(() => this.#pump());
  }

  #linesDue(): void {
    this.#linesSoon = undefined;
    this.#pump();
  }

  #goOnWithLines(): void {
    this.#linesPaused = undefined;
    this.#pump();
  }

  /** Sends while there is something to tell and the Gateway keeps up. What left the process calls for the next. */
  #pump(): void {
    this.#pumpSoon = undefined;
    while (!this.#ended && this.#wire.socket.bufferedAmount < limits.waitingBytes) {
      const frame = this.#nextFrame();
      if (frame === undefined) return;
      this.#wire.send(frame, () => this.#ended || this.#pumpNext());
    }
  }

  #nextFrame(): FromNode | undefined {
    const flow = this.#flow;
    if (flow === undefined) return undefined;
    const { samples, log } = this.#served;
    if (flow.sample < samples.first) {
      const lost = samples.first - flow.sample;
      flow.sample = samples.first;
      return { type: 'gap', of: 'samples', lost };
    }
    if (flow.sample < samples.next) {
      const nowMs = performance.now();
      const items = samples.read(flow.sample, limits.samplesPerFrame).map(({ seq, item }) => ({
        seq,
        ageMs: Math.max(0, Math.round(nowMs - item.takenMs)),
        measurement: item.measurement,
      }));
      flow.sample += items.length;
      return { type: 'samples', items };
    }
    const firstLine = Math.max(log.first, flow.lineFrom);
    if (flow.line < firstLine) {
      const lost = firstLine - flow.line;
      flow.line = firstLine;
      return { type: 'gap', of: 'lines', lost };
    }
    if (flow.line < log.next && this.#linesPaused === undefined) {
      const lines = [];
      let units = 0;
      for (const { seq, item } of log.read(flow.line, limits.linesPerFrame)) {
        units += item.message.length;
        if (lines.length > 0 && units > LINE_UNITS_PER_FRAME) break;
        lines.push({ seq, ...item });
      }
      // What the archive was thought to have and could not be read is gone: the next look tells it as a gap.
      if (lines.length === 0) return undefined;
      flow.line += lines.length;
      const debtMs = this.#lines.take(lines.length, performance.now());
      if (debtMs > 0) this.#linesPaused = setTimeout(() => this.#goOnWithLines(), debtMs);
      return { type: 'lines', lines };
    }
    return undefined;
  }

  #end(how: LinkEnd): void {
    if (this.#ended) return;
    this.#ended = true;
    for (const stop of this.#stopListening) stop();
    clearTimeout(this.#idle);
    clearTimeout(this.#linesSoon);
    clearTimeout(this.#linesPaused);
    clearImmediate(this.#pumpSoon);
    this.#served.ended(this, how);
  }
}

type Told = Record<'hardware' | 'condition' | 'executors', string>;

/** As text, so that a hello that is changed in place is seen to have changed. */
const toldBy = ({ hardware, condition, executors }: Hello): Told => ({
  hardware: JSON.stringify(hardware),
  condition: JSON.stringify(condition),
  executors: JSON.stringify(executors),
});
