import type { Duplex } from 'node:stream';
import type { WebSocket } from 'ws';
import type * as z from 'zod/mini';
import { decode, faultOfSocket, ProtocolFault } from './codec.js';
import type { FromNode, ToNode } from './frames.js';
import type { HandshakeFrame } from './handshake.frames.js';
import { limits } from './limits.js';

/** The other end went away before it had said what was expected. */
export class WireClosed extends Error {
  override readonly name = 'WireClosed';
}

export interface WireHandlers {
  onText(text: string): void;
  onFault(fault: ProtocolFault): void;
  onClosed(): void;
}

/**
 * A WebSocket as both ends read it: text frames only, and until the other end has proved itself one frame at a time and no
 * more than 4 KiB in all. Close codes for what goes wrong are sent here; the socket never outlives its closing by 1 s.
 */
export class SocketWire {
  readonly #waiting: string[] = [];
  #ended: Error | undefined;
  #wake: (() => void) | undefined;
  #handlers: WireHandlers | undefined;
  #bytes = 0;
  readonly #count = (chunk: Buffer): void => {
    this.#bytes += chunk.length;
    if (this.#bytes > limits.bytesBeforeProof) this.fault(new ProtocolFault('too-big'));
  };

  constructor(
    readonly socket: WebSocket,
    private readonly transport: Duplex,
  ) {
    transport.prependListener('data', this.#count);
    socket.on('message', (data: Buffer, isBinary) => {
      if (isBinary) this.fault(new ProtocolFault('not-text'));
      else this.#take(data.toString('utf8'));
    });
    socket.on('error', (error) => this.fault(new ProtocolFault(faultOfSocket(error))));
    socket.on('close', () => this.#end(new WireClosed('The other end closed the link')));
  }

  /** Sends one frame. What can not be sent any more is lost with the link. `sent` is called once it left this process. */
  send(frame: ToNode | FromNode | HandshakeFrame, sent?: () => void): void {
    if (this.socket.readyState === this.socket.OPEN) this.socket.send(JSON.stringify(frame), () => sent?.());
  }

  /** The next frame of the handshake. Rejects with ProtocolFault or WireClosed. */
  async receive<Schema extends Parameters<typeof decode>[0]>(schema: Schema): Promise<z.output<Schema>> {
    while (this.#waiting.length === 0) {
      if (this.#ended !== undefined) throw this.#ended;
      await new Promise<void>((resolve) => (this.#wake = resolve));
    }
    try {
      return decode(schema, this.#waiting.shift() ?? '');
    } catch (error) {
      if (error instanceof ProtocolFault) this.fault(error);
      throw error;
    }
  }

  /** The other end has proved itself: from now on the frame limit alone holds. */
  trust(): void {
    this.transport.off('data', this.#count);
  }

  /** The handshake is over: from now on every frame goes to `handlers`, those that came since included. */
  handOver(handlers: WireHandlers): void {
    this.#handlers = handlers;
    for (const text of this.#waiting.splice(0)) handlers.onText(text);
    if (this.#ended instanceof ProtocolFault) handlers.onFault(this.#ended);
    else if (this.#ended !== undefined) handlers.onClosed();
  }

  /** Ends the link because the other end broke the protocol. */
  fault(fault: ProtocolFault): void {
    if (this.#ended !== undefined) return;
    this.#end(fault);
    this.socket.close(fault.closeCode, fault.fault);
  }

  #take(text: string): void {
    if (this.#ended !== undefined) return;
    if (this.#handlers !== undefined) return this.#handlers.onText(text);
    // A frame a turn each way: nobody has two to say before the other answered, but the hello and what follows it.
    if (this.#waiting.length >= 8) return this.fault(new ProtocolFault('out-of-turn'));
    this.#waiting.push(text);
    this.#wake?.();
  }

  #end(error: ProtocolFault | WireClosed): void {
    if (this.#ended !== undefined) return;
    this.#ended = error;
    this.#wake?.();
    if (error instanceof ProtocolFault) this.#handlers?.onFault(error);
    else this.#handlers?.onClosed();
  }
}
