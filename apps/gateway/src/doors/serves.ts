import { HttpCode, RequestMapping, RequestMethod, SetMetadata } from '@nestjs/common';
import type { Caller, Route, RouteMedia } from '@muster/contracts';
import type * as z from 'zod/mini';
import type { Session } from '../sessions/session-cache.js';
import { TheCall } from './call.js';

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
  /** From `If-Match`: the version that the change was decided on. */
  readonly expectedVersion: number | undefined;
  /** Where the call comes from, as throttling counts it; and what the browser says it is. */
  readonly from: { readonly remoteAddress: string; readonly device: string };
  /** Fires when the client has left. */
  readonly signal: AbortSignal;
  setHeader(name: string, value: string): void;
}

interface Answers<Reply> extends Record<RouteMedia, unknown> {
  'application/json': Promise<Reply>;
  'application/x-ndjson': AsyncIterable<Reply>;
  'text/plain': Promise<Reply>;
}

/** What a method has to return for a route: its reply, or the lines of it one by one. */
export type AnswerTo<R extends Route> = Answers<z.input<R['reply']>>[R['media']];

/** Under which key a handler keeps the route that it serves. */
export const SERVED = Symbol('the route that a handler serves');

/**
 * Binds a method to a route of the contract: path, method, status, who is allowed, what comes in and what goes out are all
 * the contract's. Does not compile on a method of another shape. A handler without it is refused by the Door.
 */
export const Serves =
  <R extends Route>(route: R) =>
  <Method extends (call: CallTo<R>) => AnswerTo<R>>(
    target: object,
    name: string,
    method: TypedPropertyDescriptor<Method>,
  ): void => {
    RequestMapping({ path: route.path, method: RequestMethod[route.method] })(target, name, method);
    HttpCode(route.status)(target, name, method);
    SetMetadata(SERVED, route)(target, name, method);
    TheCall(route)(target, name, 0);
  };
