import * as z from 'zod/mini';
import { NodeId } from '../registry/node.events.js';
import { RequestState, type RequestView } from './request-view.js';

const time = z.iso.datetime({ offset: true, error: 'This must be a time like 2026-11-23T12:00:00Z' });

/** Which requests: each field that is given narrows it. */
export const RequestFilter = z.object({
  node: z.optional(NodeId),
  /** The model as requests name it. */
  model: z.optional(z.string().check(z.maxLength(256, 'At most 256 characters'))),
  key: z.optional(z.uuid('The key id must be a UUID')),
  state: z.optional(RequestState),
  /** Accepted from this moment on, and up to and with that one. */
  from: z.optional(time),
  to: z.optional(time),
});
export type RequestFilter = z.infer<typeof RequestFilter>;

/** Whether a request is among those: the same as the query of stats says, for requests that come live. */
export function isAmong(request: RequestView, { node, model, key, state, from, to }: RequestFilter): boolean {
  const acceptedMs = Date.parse(request.acceptedAt);
  return (
    (node === undefined || request.nodeId === node) &&
    (model === undefined || request.model === model) &&
    (key === undefined || request.keyId === key) &&
    (state === undefined || request.state === state) &&
    (from === undefined || acceptedMs >= Date.parse(from)) &&
    (to === undefined || acceptedMs <= Date.parse(to))
  );
}

const CURSOR = /^(\d{1,15})_([0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12})$/;

/** Where the page after this request begins, for `before`. */
export const cursorOfRequest = ({ acceptedAt, requestId }: Pick<RequestView, 'acceptedAt' | 'requestId'>): string =>
  `${Date.parse(acceptedAt)}_${requestId}`;

export const RequestCursor = z
  .string('The cursor must be text')
  .check(z.regex(CURSOR, 'This is not a cursor that the list of requests gave out'));

/** Reads a cursor back. Throws for text that RequestCursor does not accept. */
export function requestOfCursor(cursor: string): Pick<RequestView, 'acceptedAt' | 'requestId'> {
  const [, acceptedMs, requestId] = CURSOR.exec(cursor) ?? [];
  if (acceptedMs === undefined || requestId === undefined) throw new Error('This is not a cursor');
  return { acceptedAt: new Date(Number(acceptedMs)).toISOString(), requestId };
}
