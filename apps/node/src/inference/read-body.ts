import type { IncomingMessage } from 'node:http';

/** A request may have so many bytes: room for a long context and a few pictures. */
export const MOST_BODY_BYTES = 32 * 1024 * 1024;
/** All bodies that are in memory at the same moment. */
const MOST_BYTES_AT_ONCE = 256 * 1024 * 1024;

export type Body =
  | { readonly outcome: 'read'; readonly bytes: Buffer; release(): void }
  | { readonly outcome: 'too-large' }
  /** Too many large requests at once. */
  | { readonly outcome: 'no-room' }
  | { readonly outcome: 'left' };

/** Reads the bodies of requests, bounded each and all together. What is read counts until it is released. */
export class Bodies {
  #bytes = 0;

  get bytesHeld(): number {
    return this.#bytes;
  }

  async read(request: IncomingMessage): Promise<Body> {
    if (Number(request.headers['content-length'] ?? 0) > MOST_BODY_BYTES) return { outcome: 'too-large' };
    const chunks: Buffer[] = [];
    let size = 0;
    const release = () => {
      this.#bytes -= size;
      size = 0;
    };
    try {
      for await (const chunk of request) {
        const bytes = chunk as Buffer;
        if (size + bytes.length > MOST_BODY_BYTES) {
          release();
          return { outcome: 'too-large' };
        }
        if (this.#bytes + bytes.length > MOST_BYTES_AT_ONCE) {
          release();
          return { outcome: 'no-room' };
        }
        size += bytes.length;
        this.#bytes += bytes.length;
        chunks.push(bytes);
      }
    } catch {
      // Aborted, or slower than a request may be.
      release();
      return { outcome: 'left' };
    }
    return { outcome: 'read', bytes: Buffer.concat(chunks), release };
  }
}

/** The model that an OpenAI-style body asks for; undefined when it names none, and `bad` when it is no JSON object. */
export function modelOf(bytes: Buffer): string | undefined | { bad: string } {
  let body: unknown;
  try {
    body = JSON.parse(bytes.toString('utf8'));
  } catch {
    return { bad: 'The body is not JSON' };
  }
  if (typeof body !== 'object' || body === null || Array.isArray(body))
    return { bad: 'The body must be a JSON object' };
  if (!('model' in body)) return undefined;
  return typeof body.model === 'string' ? body.model : { bad: 'model must be text' };
}
