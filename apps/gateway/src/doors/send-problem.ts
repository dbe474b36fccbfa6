import type { ErrorRequestHandler, Response } from 'express';
import { Refusal } from '@muster/contracts';
import { type Problem } from '@muster/contracts';
import { PROBLEM_MEDIA, problem, problemOf, retryAfterOf } from './problems.js';

/** Answers with a problem, in the one form that every error of this door has. */
export function sendProblem(response: Response, given: Problem): void {
  if (response.headersSent) {
    // Something was said already: breaking off is the one way left to say that it is not all.
    response.destroy();
    return;
  }
  const retryAfter = retryAfterOf(given);
  if (retryAfter !== undefined) response.setHeader('retry-after', retryAfter);
  // RFC 9110 15.5.2 wants a challenge with every 401. Browsers pass over schemes that they do not know or ask nobody about.
  if (given.status === 401) response.setHeader('www-authenticate', challengeOf(given));
  response.setHeader('cache-control', 'no-store');
  response.status(given.status).type(PROBLEM_MEDIA).send(JSON.stringify(given));
}

/** A refused key in the words of RFC 6750 3.1; whoever came without anything may sign in or send a key. */
const challengeOf = ({ code }: Problem): string =>
  code === 'key-refused' ? 'Bearer error="invalid_token"' : 'Muster-Session, Bearer';

/** The request id as the answer carries it. */
export const requestIdIn = (response: Response): string | undefined => {
  const id = response.getHeader('x-request-id');
  return typeof id === 'string' ? id : undefined;
};

/** What the body parser finds wrong, by its own names for it (body-parser, "Errors"). */
const bodyProblems: Readonly<Record<string, Refusal>> = {
  'entity.too.large': new Refusal('too-large', { words: 'The body is larger than 64 KiB.' }),
  'entity.parse.failed': new Refusal('bad-input', { words: 'The body is not JSON.' }),
  'encoding.unsupported': new Refusal('bad-input', { words: 'The body must not be compressed in that way.' }),
  'charset.unsupported': new Refusal('bad-input', { words: 'The body must be UTF-8.' }),
  'request.size.invalid': new Refusal('bad-input', { words: 'The body is not as long as it says.' }),
};

/** Answers requests whose body could not be read; they go no further. */
export const answerBodyProblems: ErrorRequestHandler = (error: unknown, _request, response, next) => {
  const requestId = requestIdIn(response);
  if (error instanceof Refusal) {
    sendProblem(response, problemOf(error, requestId));
    return;
  }
  const type = typeof error === 'object' && error !== null && 'type' in error ? String(error.type) : '';
  const refusal = bodyProblems[type];
  if (refusal !== undefined) sendProblem(response, problemOf(refusal, requestId));
  else if (type === 'request.aborted') response.destroy();
  else if (error instanceof URIError)
    sendProblem(response, problem('not-http', requestId === undefined ? {} : { requestId }));
  else next(error);
};
