import * as z from 'zod/mini';
import { Actor, type Fact } from '../fact.js';
import { schemaIdOf, upcast } from '../upcast.js';
import { type FactFamily, aggregateId, cloudEventType, factSubject, familyOfStream } from './facts.js';

/**
 * A fact as a CloudEvent 1.0 in NATS binary mode (CloudEvents NATS protocol binding 1.0.2, 3.1): attributes in headers that
 * begin with `ce-`, the event's data as JSON in the body. Extension names are lower case letters and digits (spec 3.1.1).
 */
export const CloudEventHeaders = z.object({
  'ce-specversion': z.literal('1.0'),
  'ce-id': z.uuid(),
  'ce-type': z.string(),
  'ce-source': z.string(),
  'ce-subject': z.string(),
  'ce-time': z.iso.datetime(),
  'content-type': z.literal('application/json'),
  /** The schema of the data, in the version in which it was written. Facts that older releases published have none. */
  'ce-dataschema': z.optional(z.string()),
  /** The event's own type name, as `NodeRegistered`. */
  'ce-facttype': z.string(),
  /** The aggregate's stream in the store that holds the fact, and its version there. */
  'ce-stream': z.string(),
  'ce-version': z.string().check(z.regex(/^[1-9]\d*$/)),
  /** Where to go on from: dense over the store, in commit order. */
  'ce-position': z.string().check(z.regex(/^[1-9]\d*$/)),
  'ce-commandid': z.uuid(),
  'ce-correlationid': z.uuid(),
  'ce-causationid': z.optional(z.uuid()),
  /** JSON: {"kind","id","name"}, of a key its "owner" too; percent-encoded, since header values are ASCII (binding 3.1.3.1). */
  'ce-actor': z.string(),
});
export type CloudEventHeaders = z.infer<typeof CloudEventHeaders>;

export interface BusFact {
  readonly subject: string;
  readonly headers: CloudEventHeaders;
  readonly body: string;
}

/** A fact as it goes on the bus, in the shape in which it was saved. */
export function toCloudEvent(fact: Fact): BusFact {
  const { meta } = fact;
  return {
    subject: factSubject(fact),
    headers: {
      'ce-specversion': '1.0',
      'ce-id': fact.id,
      'ce-type': cloudEventType(fact),
      'ce-source': `/muster/${familyOfStream(fact.stream).service}`,
      'ce-subject': aggregateId(fact.stream),
      'ce-time': fact.at,
      'content-type': 'application/json',
      'ce-dataschema': schemaIdOf(fact.type, fact.edition),
      'ce-facttype': fact.type,
      'ce-stream': fact.stream,
      'ce-version': String(fact.version),
      'ce-position': String(fact.position),
      'ce-commandid': meta.commandId,
      'ce-correlationid': meta.correlationId,
      ...(meta.causationId === undefined ? {} : { 'ce-causationid': meta.causationId }),
      'ce-actor': encodeURIComponent(JSON.stringify(meta.actor)),
    },
    body: JSON.stringify(fact.data),
  };
}

/** Reads a fact of one family back. Throws when headers or data do not fit: the caller decides what becomes of the message. */
export function fromCloudEvent<Family extends FactFamily>(
  family: Family,
  headers: Readonly<Record<string, string | undefined>>,
  body: unknown,
): Fact<z.output<Family['schema']> & { type: string; data: object }> {
  const head = CloudEventHeaders.parse(headers);
  // Parsed right after: upcast only has to cope with whatever comes.
  const event = family.schema.parse(
    upcast({ type: head['ce-facttype'], data: body as Record<string, unknown> }),
  ) as z.output<Family['schema']> & {
    type: string;
    data: object;
  };
  return {
    ...event,
    id: head['ce-id'],
    stream: head['ce-stream'],
    version: Number(head['ce-version']),
    position: Number(head['ce-position']),
    at: head['ce-time'],
    meta: {
      actor: Actor.parse(JSON.parse(decodeURIComponent(head['ce-actor']))),
      commandId: head['ce-commandid'],
      correlationId: head['ce-correlationid'],
      ...(head['ce-causationid'] === undefined ? {} : { causationId: head['ce-causationid'] }),
    },
  };
}
