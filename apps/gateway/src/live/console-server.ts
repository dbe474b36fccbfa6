import type { Server as HttpServer } from 'node:http';
import type { ConsoleToServer, ServerToConsole } from '@muster/contracts';
import { type DefaultEventsMap, Server, type Socket } from 'socket.io';
import { originMaySocket } from '../doors/origins.js';
import type { EventRate } from './event-rate.js';
import type { Outbox } from './outbox.js';

/** What the server remembers of a socket. */
export interface SocketData {
  /** Which session it belongs to: asked for again and again, never the token itself. */
  tokenHash: string;
  sessionId: string;
  accountId: string;
  outbox: Outbox;
  rate: EventRate;
}

export type ConsoleServer = Server<ConsoleToServer, ServerToConsole, DefaultEventsMap, SocketData>;
export type ConsoleSocket = Socket<ConsoleToServer, ServerToConsole, DefaultEventsMap, SocketData>;

/** Sockets at once, over all sessions. */
const MOST_SOCKETS = 1_000;

/** The largest frame from a page; the largest that is meant names one node. */
const MOST_FRAME_BYTES = 16 * 1024;

/** The server of the live console: WebSocket alone, nothing compressed, nothing recovered; whoever comes back joins anew. */
export function consoleServer(
  http: HttpServer,
  origins: () => ReadonlySet<string>,
  refused: (origin: string | undefined) => void,
): ConsoleServer {
  const server: ConsoleServer = new Server(http, {
    transports: ['websocket'],
    serveClient: false,
    perMessageDeflate: false,
    httpCompression: false,
    maxHttpBufferSize: MOST_FRAME_BYTES,
    connectTimeout: 5_000,
    pingInterval: 10_000,
    pingTimeout: 10_000,
    allowRequest: (request, answer) => {
      const { origin } = request.headers;
      const isOurs = originMaySocket(origin, origins());
      if (!isOurs) refused(origin);
      answer(null, isOurs && server.engine.clientsCount < MOST_SOCKETS);
    },
  });
  return server;
}
