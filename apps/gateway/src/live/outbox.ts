import type { Socket as TcpSocket } from 'node:net';
import type { Flow, Verdict } from './pressure.js';
import { HOLD_BYTES, Pressure } from './pressure.js';

/** The part of an Engine.IO connection that is looked at: both events are in its documentation. */
export interface EngineConnection {
  on(event: 'packetCreate', handler: (packet: { data?: unknown; options?: object }) => void): unknown;
  on(event: 'drain', handler: () => void): unknown;
}

const sizeOf = (data: unknown): number => (typeof data === 'string' || Buffer.isBuffer(data) ? data.length : 0);

/**
 * What goes to a whole room is put into a frame once, whose head and body would be two writes to each socket. All packets of a message
 * share their options: the first one joins the two.
 */
function joinFrame(options: { wsPreEncodedFrame?: unknown }): void {
  const { wsPreEncodedFrame: frame } = options;
  if (Array.isArray(frame) && frame.length === 2 && frame.every((part) => Buffer.isBuffer(part)))
    options.wsPreEncodedFrame = [Buffer.concat(frame)];
}

/**
 * What waits to be sent to one socket: packets that Engine.IO holds back while an earlier write is under way (in characters,
 * nearly all of them one byte), and bytes that the operating system has not taken yet.
 */
export class Outbox {
  readonly #pressure: Pressure;
  #held = new Set<string>();
  #packetBytes = 0;
  #inSnapshot = false;
  #ringing = false;

  /** `onMuch` is called after each change that finds so much waiting that the socket is to be judged at once. */
  constructor(
    connection: EngineConnection,
    private readonly tcp: TcpSocket,
    nowMs: number,
    onMuch: () => void,
  ) {
    this.#pressure = new Pressure(nowMs);
    connection.on('packetCreate', ({ data, options }) => {
      this.#packetBytes += sizeOf(data);
      if (options !== undefined) joinFrame(options);
      if (this.#packetBytes + tcp.writableLength > HOLD_BYTES && !this.#inSnapshot) this.#ring(onMuch);
    });
    // All that was held back has been handed on.
    connection.on('drain', () => {
      this.#packetBytes = 0;
    });
  }

  /** Once the packet is on its way: whoever hears it may close the connection that is just about to write. */
  #ring(onMuch: () => void): void {
    if (this.#ringing) return;
    this.#ringing = true;
    queueMicrotask(() => {
      this.#ringing = false;
      onMuch();
    });
  }

  get flow(): Flow {
    const { writableLength } = this.tcp;
    const queuedBytes = this.#packetBytes + writableLength;
    // Node counts these anew each time. What was delivered matters only while something waits, and mostly nothing does.
    return { queuedBytes, deliveredBytes: queuedBytes === 0 ? 0 : this.tcp.bytesWritten - writableLength };
  }

  judge(nowMs: number): Verdict {
    return this.#pressure.judge(this.flow, nowMs);
  }

  /** Sends a snapshot, whose size is not held against the socket. */
  snapshot(send: () => void): void {
    const before = this.flow.queuedBytes;
    this.#inSnapshot = true;
    try {
      send();
    } finally {
      this.#inSnapshot = false;
    }
    this.#pressure.snapshot(Math.max(0, this.flow.queuedBytes - before));
  }

  /** A room that the socket was taken out of until it has drained. */
  hold(room: string): void {
    this.#held.add(room);
  }

  /** The rooms that it may enter anew; they are told once. */
  release(): string[] {
    const held = [...this.#held];
    this.#held = new Set();
    return held;
  }
}
