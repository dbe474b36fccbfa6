import type { IncomingMessage, ServerResponse } from 'node:http';
import { OpenAiError } from './openai-error.js';

/** Bodies beyond this are refused: the longest prompts are a few MiB. */
export const MAX_BODY_BYTES = 16 * 1024 * 1024;

/** The body of a request as JSON. Throws OpenAiError when it is none or too long. */
export async function readJson(request: IncomingMessage): Promise<unknown> {
  const parts: Buffer[] = [];
  let bytes = 0;
  for await (const part of request as AsyncIterable<Buffer>) {
    bytes += part.length;
    if (bytes > MAX_BODY_BYTES)
      throw new OpenAiError(413, `The body is longer than ${MAX_BODY_BYTES} bytes.`, 'request_too_large');
    parts.push(part);
  }
  try {
    return JSON.parse(Buffer.concat(parts).toString('utf8')) as unknown;
  } catch {
    throw new OpenAiError(400, 'The body is not valid JSON.', 'invalid_json');
  }
}

export function sendJson(response: ServerResponse, status: number, body: unknown): void {
  if (response.destroyed || response.writableEnded) return;
  response
    .writeHead(status, { 'content-type': 'application/json', ...(status === 503 ? { 'retry-after': '1' } : {}) })
    .end(JSON.stringify(body));
}

/**
 * An answer as server-sent events. When its reader is slow, what follows is gathered and sent as one event once there is
 * room: what waits is never more than the text of the answer itself.
 */
export class EventStream<Piece extends { readonly text: string; readonly kind: string }> {
  #waiting: Piece[] = [];

  constructor(
    private readonly response: ServerResponse,
    private readonly eventOf: (piece: Piece) => unknown,
  ) {
    response.writeHead(200, {
      'content-type': 'text/event-stream; charset=utf-8',
      'cache-control': 'no-cache',
      // For proxies on the way that would gather the answer.
      'x-accel-buffering': 'no',
    });
    response.flushHeaders();
    response.on('drain', () => this.#flush());
  }

  /** A piece of text; joined to the one before where that still waits and is of the same kind. */
  text(piece: Piece): void {
    const last = this.#waiting.at(-1);
    if (last?.kind === piece.kind) this.#waiting.splice(-1, 1, { ...piece, text: last.text + piece.text });
    else this.#waiting.push(piece);
    if (!this.response.writableNeedDrain) this.#flush();
  }

  /** Something else than text, after all that waits. */
  event(body: unknown): void {
    this.#flush();
    this.#write(JSON.stringify(body));
  }

  /** Ends the answer. One that failed ends without `[DONE]`, so that nobody takes it for whole. */
  end(error?: OpenAiError): void {
    this.#flush();
    if (error !== undefined) this.#write(JSON.stringify(error.body()));
    else this.#write('[DONE]');
    this.response.end();
  }

  #flush(): void {
    for (const piece of this.#waiting.splice(0)) this.#write(JSON.stringify(this.eventOf(piece)));
  }

  #write(data: string): void {
    if (!this.response.destroyed) this.response.write(`data: ${data}\n\n`);
  }
}
