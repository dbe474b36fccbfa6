import type { ApiError } from '../openai/errors.js';
import { errorEvent } from '../openai/errors.js';
import { StreamTap } from '../openai/stream-tap.js';
import { AnswerTap, type Usage } from '../openai/usage.js';

/** How a stream from a node reaches the client. */
export interface StreamRendering {
  /** What goes on to the client of this. */
  take(chunk: Buffer): Buffer;
  /** The node's stream is over: what is still to be said when it is `whole` now. */
  end(): Buffer;
  /** The last thing that is said when it does not come to its end. */
  broken(error: ApiError): Buffer;
  readonly usage: Usage | undefined;
  /** It came to its end and told of no error. */
  readonly whole: boolean;
}

/** How a whole answer from a node reaches the client. */
export interface WholeRendering {
  take(chunk: Buffer): void;
  usage(): Usage | undefined;
  /** What goes to the client in place of the node's own bytes; undefined where these go as they are, and may go in parts. */
  readonly translate: ((whole: Buffer) => Buffer | undefined) | undefined;
}

/** What a request's answer is made into. */
export interface Rendering {
  stream(): StreamRendering;
  whole(): WholeRendering;
}

/** Every byte as the node sent it. */
export const asItIs = (hideUsage: boolean): Rendering => ({
  stream: () => new PassedOn(hideUsage),
  whole: () => {
    const tap = new AnswerTap();
    return {
      take: (chunk) => {
        tap.take(chunk);
      },
      usage: () => tap.usage(),
      translate: undefined,
    };
  },
});

class PassedOn implements StreamRendering {
  readonly #tap: StreamTap;

  constructor(hideUsage: boolean) {
    this.#tap = new StreamTap(hideUsage);
  }

  take(chunk: Buffer): Buffer {
    return this.#tap.take(chunk);
  }

  end(): Buffer {
    return this.#tap.end();
  }

  broken(error: ApiError): Buffer {
    // Half an event before it would swallow it.
    return Buffer.from(`${this.#tap.midEvent ? '\n\n' : ''}${errorEvent(error)}`);
  }

  get usage(): Usage | undefined {
    return this.#tap.usage;
  }

  get whole(): boolean {
    return this.#tap.done && !this.#tap.failed;
  }
}
