import { request as httpRequest } from 'node:http';
import { request as httpsRequest } from 'node:https';
import { type EngineAddress, EngineFailure } from './engine.js';

export interface AskOptions {
  readonly withinMs: number;
  /** An answer beyond this is cut off and refused. */
  readonly maxBytes: number;
  readonly signal?: AbortSignal;
  /** To be posted as JSON; a GET without. */
  readonly body?: unknown;
}

/**
 * What an engine answers to a small request: its status and text, whatever the status. Rejects with EngineFailure when there
 * is no answer in time, or one too long. Follows no redirect.
 */
export function ask(
  { origin, socketPath, headers = {} }: EngineAddress,
  path: string,
  { withinMs, maxBytes, signal, body }: AskOptions,
): Promise<{ status: number; text: string }> {
  return new Promise((resolve, reject) => {
    const url = new URL(path, origin);
    const content = body === undefined ? undefined : JSON.stringify(body);
    const within = AbortSignal.timeout(withinMs);
    const request = (url.protocol === 'https:' ? httpsRequest : httpRequest)(
      url,
      {
        method: content === undefined ? 'GET' : 'POST',
        headers: { ...headers, ...(content === undefined ? {} : { 'content-type': 'application/json' }) },
        ...(socketPath === undefined ? {} : { socketPath }),
        // Asked too seldom for a connection to be worth keeping.
        agent: false,
        signal: signal === undefined ? within : AbortSignal.any([signal, within]),
      },
      (response) => {
        const parts: Buffer[] = [];
        let bytes = 0;
        response.on('data', (part: Buffer) => {
          bytes += part.length;
          if (bytes > maxBytes) request.destroy(new Error(`more than ${maxBytes} bytes`));
          else parts.push(part);
        });
        response.once('end', () =>
          resolve({ status: response.statusCode ?? 0, text: Buffer.concat(parts).toString('utf8') }),
        );
        response.once('error', fail);
      },
    );
    const fail = (error: Error) => {
      const why = within.aborted ? `nothing within ${withinMs} ms` : error.message;
      reject(new EngineFailure(`${path} does not answer: ${why}`, { cause: error }));
    };
    request.once('error', fail);
    request.end(content);
  });
}
