import type { Server } from 'node:http';
import type { Socket } from 'node:net';
import { Logger } from '@nestjs/common';
import { Refusal } from '@muster/contracts';
import { Ids } from '@muster/service';
import type { NestExpressApplication } from '@nestjs/platform-express';
import express, { type RequestHandler } from 'express';
import helmet from 'helmet';
import { existsSync } from 'node:fs';
import { GatewayConfig } from '../config.js';
import { KnownSettings } from '../settings/known-settings.js';
import { PROBLEM_MEDIA, problem, type ProblemCode } from './problems.js';
import { requestIds } from './request-id.js';
import { answerBodyProblems } from './send-problem.js';
import { webApp } from './web-app.js';

/** The largest body of a call; the largest that is meant, an address with a fingerprint, has a few hundred bytes. */
export const MOST_BODY_BYTES = 64 * 1024;

/** Connections at once, sockets of open pages among them. */
const MOST_CONNECTIONS = 4_000;

/** The headers of a request must be there within this time; whoever is slower is told so at the next look. */
const HEADERS_WITHIN_MS = 5_000;
const LOOK_FOR_SLOW_MS = 1_000;

/** Sets up what stands before the routes: caps, headers, bodies, the web app. Before the application listens. */
export function prepareListener(app: NestExpressApplication, config: GatewayConfig): void {
  const log = new Logger('Gateway');
  if (config.isOpenOnTheWire)
    log.warn({
      msg: `${config.publicUrl.origin} is plain HTTP: passwords and sessions can be read on the way. Put TLS in front and set PUBLIC_URL to its https address.`,
    });
  if (!existsSync(config.webRoot))
    log.warn({ msg: `There is no web app at ${config.webRoot}: only the API is served.` });
  limit(app.getHttpServer() as Server);
  app.set('trust proxy', config.trustedProxies.length === 0 ? false : [...config.trustedProxies]);
  app.set('etag', false);
  app.use(requestIds(app.get(Ids)));
  app.use(securityHeaders(config.publicUrl, app.get(KnownSettings)));
  app.use('/metrics', fresh);
  app.use('/api', fresh, onlyJson, express.json({ limit: MOST_BODY_BYTES }));
  app.use(answerBodyProblems);
  app.use(webApp(config.webRoot));
}

function limit(server: Server): void {
  server.maxConnections = MOST_CONNECTIONS;
  server.headersTimeout = HEADERS_WITHIN_MS;
  server.requestTimeout = 30_000;
  // Node looks every 30 s whether a request is too slow, unless told before it listens: the bound would be no bound.
  Object.assign(server, { connectionsCheckingInterval: LOOK_FOR_SLOW_MS });
  server.keepAliveTimeout = 10_000;
  server.maxHeadersCount = 100;
  server.maxRequestsPerSocket = 0;
  server.on('clientError', answerUnreadable);
}

const UNREADABLE: Readonly<Record<string, ProblemCode>> = {
  ERR_HTTP_REQUEST_TIMEOUT: 'too-slow',
  HPE_HEADER_OVERFLOW: 'headers-too-large',
};

/** What never became a request is answered in the same form as what did. */
function answerUnreadable(error: NodeJS.ErrnoException, socket: Socket): void {
  if (!socket.writable || error.code === 'ECONNRESET') {
    socket.destroy();
    return;
  }
  const said = problem(UNREADABLE[error.code ?? ''] ?? 'not-http');
  const body = JSON.stringify(said);
  socket.end(
    [
      `HTTP/1.1 ${said.status} ${said.code}`,
      `content-type: ${PROBLEM_MEDIA}`,
      `content-length: ${Buffer.byteLength(body)}`,
      'cache-control: no-store',
      'connection: close',
      '',
      body,
    ].join('\r\n'),
  );
}

/** Whatever the API says is true now and for whoever asked. */
const fresh: RequestHandler = (_request, response, next) => {
  response.setHeader('cache-control', 'no-store');
  next();
};

/** A form of a foreign page can send text and forms, but not JSON without asking first. */
const onlyJson: RequestHandler = (request, _response, next) => {
  const { 'content-length': length, 'transfer-encoding': encoding } = request.headers;
  const hasBody = encoding !== undefined || Number(length ?? 0) > 0;
  next(
    hasBody && !request.is('application/json')
      ? new Refusal('bad-input', { words: 'The body must be JSON, with content-type: application/json.' })
      : undefined,
  );
};

/** The headers of this moment: made anew when other origins are allowed. */
function securityHeaders(publicUrl: URL, settings: Pick<KnownSettings, 'origins'>): RequestHandler {
  let { origins } = settings;
  let headers = headersFor(publicUrl, origins);
  return (request, response, next) => {
    if (settings.origins !== origins) {
      ({ origins } = settings);
      headers = headersFor(publicUrl, origins);
    }
    headers(request, response, next);
  };
}

/** The page's own files and nothing else; scripts only from files, never inline. Sockets to where the page comes from. */
function headersFor(publicUrl: URL, allowedOrigins: ReadonlySet<string>): RequestHandler {
  const isTls = publicUrl.protocol === 'https:';
  // The grammar of sources knows no IPv6 literals (CSP 3, 2.3.1); there 'self' has to do.
  const sockets = [...allowedOrigins]
    .filter((origin) => !origin.includes('['))
    .map((origin) => origin.replace(/^http/, 'ws'));
  return helmet({
    contentSecurityPolicy: {
      useDefaults: false,
      directives: {
        'default-src': ["'self'"],
        'script-src': ["'self'"],
        'script-src-attr': ["'none'"],
        // The web app puts the styles of its components into the page as it goes.
        'style-src': ["'self'", "'unsafe-inline'"],
        'img-src': ["'self'", 'data:'],
        'font-src': ["'self'"],
        'connect-src': ["'self'", ...sockets],
        'object-src': ["'none'"],
        'base-uri': ["'none'"],
        'form-action': ["'self'"],
        'frame-ancestors': ["'none'"],
        ...(isTls ? { 'upgrade-insecure-requests': [] } : {}),
      },
    },
    // Browsers pass over it on plain HTTP, and it would outlive a change of mind.
    strictTransportSecurity: isTls ? { maxAge: 31_536_000 } : false,
    xFrameOptions: { action: 'deny' },
    crossOriginOpenerPolicy: isTls,
    originAgentCluster: isTls,
  });
}
