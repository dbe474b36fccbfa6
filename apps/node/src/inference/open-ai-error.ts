import type { ServerResponse } from 'node:http';

/** What can go wrong before an engine has answered, with its HTTP status and the type that OpenAI's clients know. */
export const inferenceErrors = {
  'not-found': { status: 404, type: 'invalid_request_error' },
  'method-not-allowed': { status: 405, type: 'invalid_request_error' },
  'ticket-refused': { status: 401, type: 'invalid_request_error' },
  'bad-request': { status: 400, type: 'invalid_request_error' },
  'too-large': { status: 413, type: 'invalid_request_error' },
  'executor-unknown': { status: 404, type: 'invalid_request_error' },
  'wrong-kind': { status: 400, type: 'invalid_request_error' },
  busy: { status: 503, type: 'server_error' },
  'executor-not-online': { status: 503, type: 'server_error' },
  'waited-too-long': { status: 504, type: 'server_error' },
  cancelled: { status: 503, type: 'server_error' },
  'engine-failed': { status: 502, type: 'server_error' },
} as const;
export type InferenceErrorCode = keyof typeof inferenceErrors;

/** Answers with an error as OpenAI words them. After the first byte of an answer only the connection can tell: it is cut. */
export function sendError(
  response: ServerResponse,
  code: InferenceErrorCode,
  message: string,
  headers: Readonly<Record<string, string>> = {},
): void {
  if (response.headersSent) {
    response.destroy();
    return;
  }
  const { status, type } = inferenceErrors[code];
  const body = JSON.stringify({ error: { message, type, param: null, code } });
  response.writeHead(status, {
    'content-type': 'application/json',
    'content-length': Buffer.byteLength(body),
    ...headers,
  });
  response.end(body);
}
