import * as z from 'zod/mini';
import { Actor, type Fact } from '../fact.js';
import { schemaIdOf, upcast } from '../upcast.js';
import { type FactFamily, aggregateId, cloudEventType, factSubject, familyOfStream } from './facts.js';

/**
 * A fact as a CloudEvent 1.0 in NATS binary mode (CloudEvents NATS protocol binding 1.0.3, 3.1): attributes in headers that
 * begin with `ce-`, the event's data as JSON in the body. Extension names are lower case letters and digits (spec 3.1.1).
 */
export const CloudEventHeaders = z.object({
  'ce-specversion': z.literal('1.0'),
  /** Names the fact, for ever. */
  'ce-id': z.uuid(),
  /** What happened, as `muster.fleet.node.registered`. */
  'ce-type': z.string(),
  /** The service that tells it, as `/muster/registry`. */
  'ce-source': z.string(),
  /** The id of what it happened to. */
  'ce-subject': z.string(),
  /** When it was committed. */
  'ce-time': z.iso.datetime(),
  'content-type': z.literal('application/json'),
  /** The same as CloudEvents wants it. Facts that older releases published have none. */
  'ce-datacontenttype': z.optional(z.literal('application/json')),
  /** The schema of the data, in the version in which it was written. Facts that older releases published have none. */
  'ce-dataschema': z.optional(z.string()),
  /** The event's own type name, as `NodeRegistered`. */
  'ce-facttype': z.string(),
  /** The aggregate's stream in the store that holds the fact, and its version there. */
  'ce-stream': z.string(),
  'ce-version': z.string().check(z.regex(/^[1-9]\d*$/)),
  /** Where to go on from: dense over the store, in commit order. */
  'ce-position': z.string().check(z.regex(/^[1-9]\d*$/)),
  /** The order that led to it. */
  'ce-commandid': z.uuid(),
  /** Shared by everything that one click, call or sighting set off. */
  'ce-correlationid': z.uuid(),
  /** The fact that this one answers, when a fact caused it. */
  'ce-causationid': z.optional(z.uuid()),
  /** JSON: {"kind","id","name"}, of a key its "owner" too; percent-encoded, since header values are ASCII (binding 3.1.3.2). */
  'ce-actor': z.string(),
  /** CloudEvents' extension for distributed tracing: the trace that the fact was recorded in, where traces are made. */
  'ce-traceparent': z.optional(z.string().check(z.maxLength(128))),
});
export type CloudEventHeaders = z.infer<typeof CloudEventHeaders>;

/** What JetStream reads as it takes a fact, and keeps beside it. The facts about requests have the first alone. */
export const JetStreamHeaders = z.object({
  /** The fact's id: a repeat of it within two minutes is passed over. */
  'Nats-Msg-Id': z.string(),
  'Nats-Expected-Stream': z.optional(z.string()),
  /** The fact that has to be the last one before this; of the first fact, or after a restart of the server, its number instead. */
  'Nats-Expected-Last-Msg-Id': z.optional(z.string()),
  'Nats-Expected-Last-Sequence': z.optional(z.string()),
});
export type JetStreamHeaders = z.infer<typeof JetStreamHeaders>;

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
      'ce-datacontenttype': 'application/json',
      'ce-dataschema': schemaIdOf(fact.type, fact.edition),
      'ce-facttype': fact.type,
      'ce-stream': fact.stream,
      'ce-version': String(fact.version),
      'ce-position': String(fact.position),
      'ce-commandid': meta.commandId,
      'ce-correlationid': meta.correlationId,
      ...(meta.causationId === undefined ? {} : { 'ce-causationid': meta.causationId }),
      'ce-actor': encodeURIComponent(JSON.stringify(meta.actor)),
      ...(meta.traceparent === undefined ? {} : { 'ce-traceparent': meta.traceparent }),
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
      ...(head['ce-traceparent'] === undefined ? {} : { traceparent: head['ce-traceparent'] }),
    },
  };
}
