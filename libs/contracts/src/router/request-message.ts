import * as z from 'zod/mini';
import { schemaIdOf } from '../upcast.js';
import { RequestEvent } from './request.events.js';

/**
 * A fact about a request as a CloudEvent 1.0 in NATS binary mode, as the facts of the stores are. It has no stream of a store
 * and no position: it is named by what it says, so that the same fact told twice is the same message.
 */
export const RequestHeaders = z.object({
  'ce-specversion': z.literal('1.0'),
  /** Names the fact, for ever: `<request id>.<fact>`. */
  'ce-id': z.string(),
  /** What happened, as `muster.request.finished`. */
  'ce-type': z.string(),
  /** The life of the router that tells it, as `/muster/router/<router>`. */
  'ce-source': z.string(),
  /** The id of the request. */
  'ce-subject': z.uuid(),
  /** When it happened. */
  'ce-time': z.iso.datetime(),
  'content-type': z.literal('application/json'),
  /** The same as CloudEvents wants it. Facts that older releases told have none. */
  'ce-datacontenttype': z.optional(z.literal('application/json')),
  /** The schema of the data. Facts that older releases told have none. */
  'ce-dataschema': z.optional(z.string()),
  /** The event's own type name, as `RequestFinished`. */
  'ce-facttype': z.string(),
});
export type RequestHeaders = z.infer<typeof RequestHeaders>;

export interface RequestMessage {
  readonly id: string;
  readonly subject: string;
  readonly headers: Readonly<Record<keyof RequestHeaders, string>>;
  readonly body: string;
}

const names = { RequestStarted: 'started', RequestDispatched: 'dispatched', RequestFinished: 'finished' } as const;

/** `RequestStarted` → `started`. */
export const requestFactName = (type: RequestEvent['type']): string => names[type];

/** Names a fact for ever: `<requestId>.started`, `<requestId>.dispatched.2`, `<requestId>.finished`. A request has each once. */
export const requestFactId = ({ type, data }: RequestEvent): string =>
  type === 'RequestDispatched' ? `${data.requestId}.dispatched.${data.attempt}` : `${data.requestId}.${names[type]}`;

/** `muster.request.<fact>.<nodeId>`, with `none` where no node serves it. */
export const requestSubject = ({ type, data }: RequestEvent): string =>
  `muster.request.${names[type]}.${data.nodeId ?? 'none'}`;

/** A fact about a request as it goes on the bus; `id` is the message id as well. */
export function toRequestMessage(event: RequestEvent): RequestMessage {
  const id = requestFactId(event);
  return {
    id,
    subject: requestSubject(event),
    headers: {
      'ce-specversion': '1.0',
      'ce-id': id,
      'ce-type': `muster.request.${names[event.type]}`,
      'ce-source': `/muster/router/${event.data.router}`,
      'ce-subject': event.data.requestId,
      'ce-time': event.data.at,
      'content-type': 'application/json',
      'ce-datacontenttype': 'application/json',
      'ce-dataschema': schemaIdOf(event.type),
      'ce-facttype': event.type,
    },
    body: JSON.stringify(event.data),
  };
}

/** Reads a fact back from the one header that says its type and the body. Throws when they do not fit. */
export const fromRequestMessage = (facttype: string | undefined, body: unknown): RequestEvent =>
  RequestEvent.parse({ type: facttype, data: body });
