import { Ids } from '@muster/service';
import type { Request, RequestHandler } from 'express';

const HEADER = 'x-request-id';
const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-[1-8][0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/i;

/** Whether a text is a UUID as RFC 9562 writes it. */
export const isUuid = (text: string): boolean => UUID.test(text);

/** Gives every request an id, the caller's own when it is a UUID, and tells it in the answer: error answers and the log name it. */
export const requestIds =
  (ids: Ids): RequestHandler =>
  (request, response, next) => {
    const given = request.headers[HEADER];
    const id = typeof given === 'string' && isUuid(given) ? given.toLowerCase() : ids.uuid();
    request.headers[HEADER] = id;
    response.setHeader(HEADER, id);
    next();
  };

/** The id that `requestIds` gave; it correlates everything that the request sets off. */
export function requestIdOf(request: Request): string {
  const id = request.headers[HEADER];
  if (typeof id !== 'string') throw new Error('The request has no id');
  return id;
}
