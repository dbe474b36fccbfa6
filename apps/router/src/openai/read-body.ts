import type { IncomingMessage } from 'node:http';
import { type ApiError, callErrors } from './errors.js';

export type ReadBody =
  | { readonly outcome: 'read'; readonly bytes: Buffer }
  | { readonly outcome: 'bad'; readonly error: ApiError }
  | { readonly outcome: 'left' };

/**
 * Reads the bodies of calls. One may have `mostBytes`; all that are being read or held together `mostTogether`, so that many
 * large ones can not fill the memory: who comes then is told to come again.
 */
export class Bodies {
  #held = 0;

  constructor(
    private readonly mostBytes: number,
    private readonly mostTogether: number,
  ) {}

  /** Bytes that are held at this moment. */
  get held(): number {
    return this.#held;
  }

  /** Calls back once. What was read stays counted until `release`. */
  read(request: IncomingMessage, done: (read: ReadBody) => void): void {
    const told = request.headers['content-length'];
    const expected = told === undefined ? 0 : Number(told);
    if (expected > this.mostBytes) return done({ outcome: 'bad', error: callErrors.tooLarge(this.mostBytes) });
    if (this.#held + expected > this.mostTogether) return done({ outcome: 'bad', error: callErrors.overloaded });
    const parts: Buffer[] = [];
    let bytes = 0;
    let over = false;
    const end = (read: ReadBody) => {
      if (over) return;
      over = true;
      if (read.outcome !== 'read') this.#held -= bytes;
      done(read);
    };
    request.on('data', (part: Buffer) => {
      if (over) return;
      bytes += part.length;
      this.#held += part.length;
      if (bytes > this.mostBytes) return end({ outcome: 'bad', error: callErrors.tooLarge(this.mostBytes) });
      if (this.#held > this.mostTogether) return end({ outcome: 'bad', error: callErrors.overloaded });
      parts.push(part);
    });
    request.on('end', () => {
      const [only] = parts;
      end({ outcome: 'read', bytes: parts.length === 1 && only !== undefined ? only : Buffer.concat(parts, bytes) });
    });
    request.on('error', () => end({ outcome: 'left' }));
    request.on('close', () => end({ outcome: 'left' }));
  }

  release(bytes: number): void {
    this.#held -= bytes;
  }
}
