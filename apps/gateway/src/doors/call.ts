import { createParamDecorator, type ExecutionContext } from '@nestjs/common';
import { type Caller, parseInput, Refusal, type Route } from '@muster/contracts';
import type { Request, Response } from 'express';
import type * as z from 'zod/mini';
import type { Session } from '../sessions/session-cache.js';
import { type Admitted, admittedOf } from './admitted.js';
import { refuseUnknownFields } from './unknown-fields.js';

/** One call of a route, with everything parsed and allowed. */
export interface CallTo<R extends Route> {
  readonly params: z.output<R['params']>;
  readonly query: z.output<R['query']>;
  readonly body: z.output<R['body']>;
  /** Who asks, to be passed on with orders. */
  readonly caller: Caller;
  /** Undefined only on routes for anyone. */
  readonly session: Session | undefined;
  /** The token of the session cookie, whether or not a session belongs to it. */
  readonly token: string | undefined;
  /** The outsider who calls, on routes that let integrations in. */
  readonly integration?: Admitted['integration'];
  /** From `If-Match`: the version that the change was decided on. */
  readonly expectedVersion: number | undefined;
  /** Where the call comes from, as throttling counts it; and what the browser says it is. */
  readonly from: { readonly remoteAddress: string; readonly device: string };
  /** The Gateway's address as whoever calls has it: `host:port`, or a host alone. */
  readonly host: string;
  /** Fires when the client has left. */
  readonly signal: AbortSignal;
  readonly method: string;
  /** A header of the request by its name in small letters. */
  header(name: string): string | undefined;
  setHeader(name: string, value: string): void;
}

const LONGEST_DEVICE = 256;

/** The call that a handler gets. Throws the Refusal `bad-input` that names every wrong field. */
export const TheCall = createParamDecorator((route: Route, context: ExecutionContext): CallTo<Route> => {
  const request = context.switchToHttp().getRequest<Request>();
  const response = context.switchToHttp().getResponse<Response>();
  const admitted = admittedOf(request);
  const left = new AbortController();
  response.once('close', () => {
    left.abort();
  });
  return {
    ...admitted,
    params: parseInput(route.params, request.params),
    query: strictly(route.query, request.query),
    body: strictly(route.body, bodyOf(request)),
    expectedVersion: versionOf(request.headers['if-match']),
    from: {
      remoteAddress: request.ip ?? 'unknown',
      device: (request.headers['user-agent'] ?? '').slice(0, LONGEST_DEVICE),
    },
    host: request.headers.host ?? '',
    signal: left.signal,
    method: request.method,
    header: (name) => request.get(name),
    setHeader: (name, value) => {
      response.setHeader(name, value);
    },
  };
});

function strictly<Schema extends z.ZodMiniType>(schema: Schema, input: unknown): z.output<Schema> {
  const parsed = parseInput(schema, input);
  refuseUnknownFields(schema, input);
  return parsed;
}

/** What stands in the body; nothing at all counts as no fields. A body that is not JSON was left unread. */
function bodyOf({ body, headers }: Request): unknown {
  if (body !== undefined) return body;
  if (headers['transfer-encoding'] === undefined && Number(headers['content-length'] ?? 0) === 0) return {};
  throw new Refusal('bad-input', { words: 'The body must be JSON, with content-type: application/json.' });
}

const VERSION = /^"([1-9]\d{0,8})"$/;

/** `If-Match: "<version>"` (RFC 9110 13.1.1), the version of what is to be changed; `*` asks for no particular one. */
export function versionOf(header: string | undefined): number | undefined {
  if (header === undefined || header === '*') return undefined;
  const version = VERSION.exec(header)?.[1];
  if (version !== undefined) return Number(version);
  throw new Refusal('bad-input', { field: 'If-Match', words: 'If-Match must be one version in quotes, as in "7".' });
}
