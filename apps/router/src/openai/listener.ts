import { createServer, type RequestListener, type Server } from 'node:http';
import type { Socket } from 'node:net';
import { type ApiError, callErrors, errorBody, errorHeaders } from './errors.js';

/** Connections of applications at once. */
const MOST_CONNECTIONS = 10_000;

/** The server for applications, with its caps: no header, body or connection can hold it up or fill it. */
export function openAiServer(listener: RequestListener): Server {
  const server = createServer(
    {
      maxHeaderSize: 16 * 1024,
      headersTimeout: 10_000,
      requestTimeout: 120_000,
      keepAliveTimeout: 65_000,
      connectionsCheckingInterval: 1_000,
      noDelay: true,
    },
    listener,
  );
  server.maxConnections = MOST_CONNECTIONS;
  server.maxHeadersCount = 100;
  server.on('clientError', answerUnreadable);
  return server;
}

const unreadable: Readonly<Record<string, ApiError>> = {
  ERR_HTTP_REQUEST_TIMEOUT: callErrors.tooSlow,
  HPE_HEADER_OVERFLOW: callErrors.headersTooLarge,
};

const words: Readonly<Record<number, string>> = {
  400: 'Bad Request',
  408: 'Request Timeout',
  431: 'Request Header Fields Too Large',
};

/** What never became a request is answered in the same form as what did. */
function answerUnreadable(error: NodeJS.ErrnoException, socket: Socket): void {
  if (!socket.writable || error.code === 'ECONNRESET' || hasAnswerBegun(socket)) {
    socket.destroy();
    return;
  }
  const told = unreadable[error.code ?? ''] ?? callErrors.notHttp;
  const body = errorBody(told);
  const headers = { ...errorHeaders(told), 'content-length': String(Buffer.byteLength(body)), connection: 'close' };
  socket.end(
    [
      `HTTP/1.1 ${told.status} ${words[told.status] ?? 'Bad Request'}`,
      ...Object.entries(headers).map(([name, value]) => `${name}: ${value}`),
      '',
      body,
    ].join('\r\n'),
  );
}

/** Half an answer can not be followed by another. Node keeps the answer at hand on the socket. */
const hasAnswerBegun = (socket: Socket & { _httpMessage?: { headersSent?: boolean } | null }): boolean =>
  socket._httpMessage?.headersSent === true;
