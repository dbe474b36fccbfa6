import { randomUUID } from 'node:crypto';
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { BusNotice } from '@muster/bus';
import type { Params } from 'nestjs-pino';
import { type DestinationStream, type LevelWithSilent, stdSerializers } from 'pino';
import type { ServiceConfig } from './config.js';

/** Names under which a secret could lie; their values never reach the log. */
const SECRET_NAMES = [
  'authorization',
  'cookie',
  '["set-cookie"]',
  '["x-api-key"]',
  'accessKey',
  'apiKey',
  'password',
  'secret',
  'token',
  'MUSTER_SECRET',
  'MUSTER_ACCESS_KEY',
  'MUSTER_FIRST_CODE',
  'DATABASE_URL',
];

const UUID = /^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i;

const below = (parent: string, name: string): string =>
  name.startsWith('[') ? `${parent}${name}` : `${parent}.${name}`;

/** On the first three levels of what is logged. `code` only where it is input: an error's code is what one looks for. */
export const redactedPaths = [
  ...SECRET_NAMES.flatMap((name) => [name, below('*', name), below('*.*', name)]),
  ...['request', 'body', 'data', 'input'].map((parent) => `${parent}.code`),
];

/** How the log is written: one JSON object a line, or coloured lines for a person. */
export function loggingOf(
  name: string,
  { LOG_FORMAT, LOG_LEVEL }: Pick<ServiceConfig, 'LOG_FORMAT' | 'LOG_LEVEL'>,
  destination?: DestinationStream,
): Params {
  const options: Params['pinoHttp'] = {
    name,
    level: LOG_LEVEL,
    redact: { paths: redactedPaths, censor: '[hidden]' },
    serializers: {
      err: stdSerializers.errWithCause,
      error: stdSerializers.errWithCause,
      // No headers and no query: what a person needs to find the request, and nothing that could be a secret.
      req: (request: { id: string; method: string; url: string }) => ({
        id: request.id,
        method: request.method,
        path: request.url.split('?')[0],
      }),
      res: (response: { statusCode: number }) => ({ statusCode: response.statusCode }),
    },
    genReqId: (request: IncomingMessage, response: ServerResponse) => {
      // Whoever calls may name the request, so that its log lines and ours are found together.
      const given = request.headers['x-request-id'];
      const id = typeof given === 'string' && UUID.test(given) ? given.toLowerCase() : randomUUID();
      response.setHeader('X-Request-Id', id);
      return id;
    },
    customProps: (request: IncomingMessage) => ({ requestId: request.id, correlationId: request.id }),
    quietReqLogger: true,
    customLogLevel: (_request, response, error) => levelOfStatus(response.statusCode, error),
    // Where there is no error pino-http makes one up from the status, with a stack that leads nowhere.
    customErrorObject: (_request, response, error: Error, line: Record<string, unknown>) =>
      error.message === `failed with status code ${response.statusCode}` ? { ...line, err: undefined } : line,
    autoLogging: { ignore: (request) => /^\/(?:health|metrics)/.test(request.url ?? '') },
    ...(LOG_FORMAT === 'pretty'
      ? { transport: { target: 'pino-pretty', options: { singleLine: true, ignore: 'pid,hostname', sync: true } } }
      : {}),
  };
  return { pinoHttp: destination ? [options, destination] : options };
}

/** Who was away is told by whoever noticed: with a line for each 503 as well, an outage would fill the log twice. */
function levelOfStatus(status: number, error?: Error): LevelWithSilent {
  if (error === undefined && status === 503) return 'debug';
  if (error !== undefined || status >= 500) return 'error';
  return status >= 400 ? 'info' : 'debug';
}

/** How loud a notice of the bus is, and what it says. */
export function wordsOf(notice: BusNotice): { level: 'info' | 'warn' | 'error'; words: string } {
  switch (notice.notice) {
    case 'disconnected':
      return { level: 'warn', words: 'The bus is away' };
    case 'reconnected':
      return { level: 'info', words: `The bus is back after ${notice.downMs} ms` };
    case 'server-error':
      return { level: 'error', words: 'The bus refuses something' };
    case 'slow':
      return { level: 'warn', words: `${notice.pending} messages wait on ${notice.subject}` };
    case 'overloaded':
      return { level: 'warn', words: `Too many orders at once on ${notice.subject}: one was turned away` };
    case 'store-lost':
      return { level: 'warn', words: `The bus lost what it stored in ${notice.stream}; it is filled again` };
    case 'reopening':
      return { level: 'warn', words: `Reading ${notice.what} broke off and starts again` };
    case 'place-lost':
      return { level: 'warn', words: `${notice.stream} is another stream or lost its end; ${notice.reader} reads on` };
    case 'facts-missed':
      return {
        level: 'error',
        words: `${notice.reader} came too late: up to ${notice.upTo} facts of ${notice.stream} are not kept any more`,
      };
    case 'malformed':
      return { level: 'error', words: `A message on ${notice.subject} has the wrong shape and is passed over` };
    case 'handler-failed':
      return { level: 'error', words: `Handling ${notice.subject} failed` };
    case 'retrying':
      return { level: 'warn', words: `${notice.durable} could not take a fact; next try in ${notice.delayMs} ms` };
    case 'dead-letter':
      return { level: 'error', words: `${notice.durable} gave a fact up; it lies with the dead letters` };
    case 'not-sent':
      return { level: 'warn', words: `${notice.messages} messages of ${notice.lane} were not sent: the bus is away` };
  }
}
