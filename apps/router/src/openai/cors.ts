import type { IncomingMessage, ServerResponse } from 'node:http';

/** What a page may read of an answer beside its body. */
const EXPOSED =
  'x-request-id, x-muster-node, x-muster-executor, x-muster-queue-ms, retry-after, ' +
  'x-ratelimit-limit-requests, x-ratelimit-remaining-requests, x-ratelimit-reset-requests, ' +
  'x-ratelimit-limit-tokens, x-ratelimit-remaining-tokens, x-ratelimit-reset-tokens';

/** A browser asks again after so long. */
const PREFLIGHT_S = '600';

/** Lets pages of the allowed origins call from a browser (Fetch standard, 3.3); of others the browser keeps the answer to itself. */
export class Cors {
  constructor(private readonly allowed: () => readonly string[]) {}

  /** Sets the headers for the page that calls. True when it was only asking beforehand, and that is answered. */
  answer(request: IncomingMessage, response: ServerResponse): boolean {
    const { origin } = request.headers;
    if (origin === undefined) return this.#isPreflight(request) && this.#end(response);
    if (this.allowed().includes(origin)) {
      response.setHeader('access-control-allow-origin', origin);
      response.setHeader('access-control-expose-headers', EXPOSED);
      response.setHeader('vary', 'origin');
      if (this.#isPreflight(request)) {
        response.setHeader('access-control-allow-methods', 'GET, POST');
        response.setHeader(
          'access-control-allow-headers',
          request.headers['access-control-request-headers'] ?? 'authorization, content-type, x-api-key',
        );
        response.setHeader('access-control-max-age', PREFLIGHT_S);
      }
    }
    return this.#isPreflight(request) && this.#end(response);
  }

  #isPreflight({ method }: IncomingMessage): boolean {
    return method === 'OPTIONS';
  }

  #end(response: ServerResponse): boolean {
    response.writeHead(204);
    response.end();
    return true;
  }
}
