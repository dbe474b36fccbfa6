import { HttpCode, RequestMapping, RequestMethod, SetMetadata } from '@nestjs/common';
import type { Route, RouteMedia } from '@muster/contracts';
import type * as z from 'zod/mini';
import { type CallTo, TheCall } from './call.js';

import type { ServerSentEvents } from './server-sent-events.js';

export type { CallTo } from './call.js';

interface Answers<Reply> extends Record<RouteMedia, unknown> {
  'application/json': Promise<Reply>;
  'application/x-ndjson': AsyncIterable<Reply> | Promise<AsyncIterable<Reply> | ServerSentEvents>;
  'application/schema+json': Promise<Reply>;
  'application/yaml': Promise<Reply>;
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
