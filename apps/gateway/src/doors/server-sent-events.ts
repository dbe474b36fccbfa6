import { PassThrough } from 'node:stream';
import { sleep, within } from '@muster/bus';

/** What waits for a reader beside what the system's own buffers hold. */
const MOST_WAITING_BYTES = 256 * 1024;

/** A reader who takes nothing for so long, while something waits for it, is let go. */
export const STALLED_MS = 10_000;

/** How long the last words of a stream may take to be read. */
const LAST_WORDS_MS = 1_000;

/**
 * An answer without an end, in the form of WHATWG HTML 9.2. Whoever writes waits for whoever reads; a reader who takes nothing for
 * STALLED_MS is closed.
 */
export class ServerSentEvents {
  readonly body = new PassThrough({ highWaterMark: MOST_WAITING_BYTES });
  readonly #closed = new AbortController();

  constructor() {
    const over = (): void => {
      this.#closed.abort();
    };
    this.body.once('close', over).once('error', over);
  }

  /** Fires when nothing can be written any more. */
  get closed(): AbortSignal {
    return this.#closed.signal;
  }

  /** Writes whole events or comments. False when the reader has stopped reading: then nothing more is to be written. */
  async write(text: string): Promise<boolean> {
    if (this.closed.aborted) return false;
    if (this.body.write(text)) return true;
    const drained = new Promise<true>((resolve) => {
      this.body.once('drain', () => {
        resolve(true);
      });
      this.closed.addEventListener(
        'abort',
        () => {
          resolve(true);
        },
        { once: true },
      );
    });
    return (await within(STALLED_MS, drained)) === true && !this.closed.aborted;
  }

  /** Ends with a comment that says why, which a reader who reads will see. */
  async end(why: string): Promise<void> {
    if (this.closed.aborted) return;
    this.body.end(comment(why));
    await sleep(LAST_WORDS_MS, this.closed);
    this.body.destroy();
  }
}

export const comment = (words: string): string => `: ${words}\n\n`;

/** One event. An `id` alone is remembered by whoever reads and dispatches nothing. `data` is one line. */
export const serverSentEvent = ({ id, event, data }: { id?: string; event?: string; data?: string }): string =>
  [
    ...(id === undefined ? [] : [`id: ${id}\n`]),
    ...(event === undefined ? [] : [`event: ${event}\n`]),
    ...(data === undefined ? [] : [`data: ${data}\n`]),
    '\n',
  ].join('');
