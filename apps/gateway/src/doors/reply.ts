import { Readable } from 'node:stream';
import {
  type CallHandler,
  type ExecutionContext,
  Injectable,
  Logger,
  type NestInterceptor,
  StreamableFile,
} from '@nestjs/common';
import { Reflector } from '@nestjs/core';
import { Outage, Refusal, type Route } from '@muster/contracts';
import type { Response } from 'express';
import { from, mergeMap, type Observable } from 'rxjs';
import * as z from 'zod/mini';
import { problemOf } from './problems.js';
import { requestIdIn } from './send-problem.js';
import { ServerSentEvents } from './server-sent-events.js';
import { SERVED } from './serves.js';

const log = new Logger('Door');

const Versioned = z.object({ version: z.number() });

/** Parses what a handler answers, so that nothing leaves that the contract does not name, and writes it as its media type. */
@Injectable()
export class Reply implements NestInterceptor {
  constructor(private readonly reflector: Reflector) {}

  intercept(context: ExecutionContext, next: CallHandler): Observable<unknown> {
    const route = this.reflector.get<Route | undefined>(SERVED, context.getHandler());
    if (route === undefined) return next.handle();
    const response = context.switchToHttp().getResponse<Response>();
    return next.handle().pipe(mergeMap((answer: unknown) => from(write(route, response, answer))));
  }
}

async function write(route: Route, response: Response, answer: unknown): Promise<unknown> {
  switch (route.media) {
    case 'application/json': {
      const reply = route.reply.parse(answer);
      const versioned = Versioned.safeParse(reply);
      // What a later change may name in `If-Match`.
      if (versioned.success) response.setHeader('etag', `"${versioned.data.version}"`);
      return route.status === 204 ? undefined : reply;
    }
    case 'application/schema+json':
      response.setHeader('content-type', route.media);
      return route.reply.parse(answer);
    case 'application/yaml':
    case 'text/plain':
      response.setHeader('content-type', `${route.media}; charset=utf-8`);
      return route.reply.parse(answer);
    case 'application/x-ndjson':
      if (answer instanceof ServerSentEvents) {
        // For proxies that would otherwise gather what is sent (nginx reads this).
        response.setHeader('x-accel-buffering', 'no');
        return new StreamableFile(answer.body, { type: 'text/event-stream' });
      }
      return new StreamableFile(await linesOf(route, answer as AsyncIterable<unknown>, requestIdIn(response)), {
        type: route.media,
      });
  }
}

/**
 * One line of JSON an item, written as it comes. The first is awaited, so that a refusal still gets its own status; what
 * goes wrong after it becomes the last line, a problem. When the client leaves, so do we.
 */
async function linesOf(
  { reply }: Route,
  items: AsyncIterable<unknown>,
  requestId: string | undefined,
): Promise<Readable> {
  const iterator = items[Symbol.asyncIterator]();
  const first = await iterator.next();
  const lines = async function* () {
    try {
      for (let item = first; !item.done; item = await iterator.next())
        yield `${JSON.stringify(reply.parse(item.value))}\n`;
    } catch (error) {
      if (!(error instanceof Refusal || error instanceof Outage))
        log.error({ msg: 'An answer broke off', err: error, requestId });
      yield `${JSON.stringify(problemOf(error, requestId))}\n`;
    } finally {
      await iterator.return?.();
    }
  };
  return Readable.from(lines(), { objectMode: false });
}
