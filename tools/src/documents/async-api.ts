import { orderHeaders, Envelope } from '@muster/bus';
import {
  type BucketSpec,
  buckets,
  CloudEventHeaders,
  cloudEventType,
  deadLetters,
  type Fact,
  factFamilies,
  type FactFamily,
  factName,
  JetStreamHeaders,
  type LaneSpec,
  lanes,
  type Order,
  RequestEvent,
  requestFactName,
  RequestHeaders,
  schemaIdOf,
  streams,
  type StreamSpec,
  toCloudEvent,
  toRequestMessage,
} from '@muster/contracts';
import * as z from 'zod/mini';
import { type FactType, factTypes, type JsonSchema, namesWithin, orders, refTo, type Schemas } from './json-schemas.js';

type Json = Record<string, unknown>;

/** What a document is made of beside the tables of contracts. */
export interface DocumentSources {
  readonly version: string;
  readonly schemas: Schemas;
  /** The golden fixture of a type of fact: its data as it was written. */
  readonly exampleOf: (fact: FactType) => object;
}

/** One subject with what goes over it: a channel, its operation, and the messages of both. */
interface Lane {
  readonly channel: Json;
  readonly operation: Json;
  readonly messages: Json;
}

const DAY_MS = 24 * 60 * 60 * 1_000;
const JSON_MEDIA = 'application/json';

/** The bus as an AsyncAPI 3.1 document, made from the tables of contracts: every subject, message, value and order there is. */
export function asyncApiOf({ version, schemas, exampleOf }: DocumentSources): Json {
  const found: Record<string, Lane> = {};
  const add = (name: string, lane: Lane) => {
    if (name in found) throw new Error(`Two subjects of the bus have the name ${name}`);
    found[name] = lane;
  };
  for (const fact of factTypes()) add(fact.type, factLane(fact, exampleOf(fact)));
  for (const [name, lane] of Object.entries<LaneSpec>(lanes)) add(`sample-${name}`, sampleLane(lane, schemas));
  for (const bucket of Object.values<BucketSpec>(buckets)) add(`bucket-${bucket.name}`, bucketLane(bucket, schemas));
  add('dead-letters', deadLetterLane());
  const replies: Record<string, Lane['channel']> = {};
  for (const [name, order] of orders()) {
    add(name, orderLane(name, order, schemas));
    replies[`${name}-answer`] = answerChannel(name);
  }
  add('cancel', cancelLane());

  const messages = Object.assign({}, ...Object.values(found).map((lane) => lane.messages)) as Json;
  Object.assign(messages, Object.fromEntries(orders().map(([name, order]) => answerMessage(name, order, schemas))));
  const shared = {
    FactHeaders: headersOf(schemas, CloudEventHeaders),
    RequestFactHeaders: headersOf(schemas, RequestHeaders),
    OrderHeaders: orderHeaderSchema,
    OrderProblem: orderProblem(),
  };
  const used = namesWithin([messages, shared], schemas.all);
  return {
    asyncapi: '3.1.0',
    id: 'urn:muster:bus',
    info: {
      title: 'Muster',
      version,
      description: ABOUT,
      license: { name: 'MIT' },
      tags: Object.entries(tags).map(([name, description]) => ({ name, description })),
    },
    defaultContentType: JSON_MEDIA,
    servers: {
      bus: {
        host: '{host}',
        protocol: 'nats',
        description: 'nats-server with JetStream, 2.9 or newer.',
        variables: { host: { default: 'localhost:4222', description: 'Where the bus of this installation listens.' } },
        security: [{ $ref: '#/components/securitySchemes/user' }],
      },
    },
    channels: {
      ...Object.fromEntries(Object.entries(found).map(([name, { channel }]) => [name, channel])),
      ...replies,
    },
    operations: Object.fromEntries(
      Object.entries(found).map(([name, { operation }]) => [operationName(name), operation]),
    ),
    components: {
      securitySchemes: {
        user: { type: 'userPassword', description: 'A user of the bus and its password.' },
      },
      messages,
      schemas: {
        ...shared,
        ...Object.fromEntries(Object.entries(schemas.all).filter(([name]) => used.has(name))),
      },
    },
    'x-streams': Object.fromEntries(
      Object.values<StreamSpec>({ ...streams, deadLetters }).map(({ name, subjects, what, keptMs }) => [
        name,
        { description: what, subjects: [...subjects], kept: keptWords(keptMs) },
      ]),
    ),
  };
}

const ABOUT =
  `Everything that happens in a Gateway, as others may read it. Facts are CloudEvents 1.0 in NATS binary mode, kept in
JetStream streams; state is values in key-value buckets; samples are told on core NATS and may be lost. How to read them, and what
may change about them and what never, says docs/integration.md.`.replaceAll('\n', ' ');

const tags = {
  fact: 'What was decided or observed: kept, in order, each once.',
  state: 'What is so at this moment: the last value of each key.',
  sample: 'What is true for a moment: not kept, and a loss shows.',
  order:
    "What Muster's parts ask of each other. Not for others, and free to change: orders from outside go to the REST API.",
} as const;

const tagged = (tag: keyof typeof tags) => ({ tags: [{ name: tag }] });

const operationName = (channel: string): string => `on-${channel}`;

/** An ISO 8601 duration, or the words for no end. */
const keptWords = (keptMs: number | undefined): string => (keptMs === undefined ? 'for ever' : `P${keptMs / DAY_MS}D`);

/** A lane with one kind of message, which Muster sends. */
const told = (
  name: string,
  { address, parameters, tag, ...more }: { address: string; parameters?: Json; tag: keyof typeof tags } & Json,
  messages: Record<string, Json>,
): Lane => ({
  channel: {
    address,
    ...more,
    messages: Object.fromEntries(Object.keys(messages).map((key) => [key, { $ref: `#/components/messages/${key}` }])),
    ...(parameters === undefined ? {} : { parameters }),
    ...tagged(tag),
  },
  operation: { action: 'send', channel: { $ref: `#/channels/${name}` }, ...tagged(tag) },
  messages,
});

/** Attributes of CloudEvents, then what JetStream adds to them. */
function headersOf({ all, nameOf }: Schemas, headers: z.ZodMiniType): JsonSchema {
  const attributes = all[nameOf(headers)] ?? {};
  const ofJetStream = all[nameOf(JetStreamHeaders)] ?? {};
  // Facts about requests have no order to be held to: nothing is expected of what came before them.
  const added = Object.entries(ofJetStream['properties'] as Json).filter(
    ([name]) => headers === CloudEventHeaders || name === 'Nats-Msg-Id',
  );
  const needed = (schema: JsonSchema): string[] => (schema['required'] as string[] | undefined) ?? [];
  return {
    description: attributes['description'],
    type: 'object',
    properties: { ...(attributes['properties'] as Json), ...Object.fromEntries(added) },
    required: [...needed(attributes), ...needed(ofJetStream)],
  };
}

const parameter = (description: string) => ({ description });

function factLane(fact: FactType, data: object): Lane {
  const { type, family: name } = fact;
  if (name === 'request') return requestLane(fact, data);
  const family: FactFamily = factFamilies[name as keyof typeof factFamilies];
  const { stream, prefix, service } = family;
  const fields = (fact.data as z.ZodMiniObject).def.shape;
  const idField = `${prefix.slice(prefix.lastIndexOf('.') + 1)}Id`;
  const id = idField in fields ? idField : 'id';
  const example = exampleFact(fact, name, (data as Record<string, string>)[idField] ?? 'gateway', data);
  return told(
    type,
    {
      address: `${prefix}.{${id}}.${factName(family, type)}`,
      parameters: { [id]: parameter(id === 'id' ? 'Always `gateway`.' : 'The id of what it happened to.') },
      'x-stream': stream,
      'x-kept': keptWords((streams[stream] as StreamSpec).keptMs),
      tag: 'fact',
    },
    {
      [type]: factMessage(
        fact,
        'FactHeaders',
        {
          'ce-type': { const: cloudEventType({ stream: `${name}-`, type }) },
          'ce-source': { const: `/muster/${service}` },
          ...factConstants(type),
        },
        example,
      ),
    },
  );
}

const factConstants = (type: string) => ({
  'ce-facttype': { const: type },
  'ce-dataschema': { const: schemaIdOf(type) },
});

function requestLane(fact: FactType, data: object): Lane {
  const { type } = fact;
  const event = RequestEvent.parse({ type, data });
  const { id, headers, body } = toRequestMessage(event);
  const name = requestFactName(event.type);
  return told(
    type,
    {
      address: `muster.request.${name}.{nodeId}`,
      parameters: { nodeId: parameter('The node that serves it, or `none`.') },
      'x-stream': streams.REQUESTS.name,
      'x-kept': keptWords(streams.REQUESTS.keptMs),
      tag: 'fact',
    },
    {
      [type]: factMessage(
        fact,
        'RequestFactHeaders',
        { 'ce-type': { const: `muster.request.${name}` }, ...factConstants(type) },
        {
          headers: { ...headers, 'Nats-Msg-Id': id },
          payload: JSON.parse(body) as unknown,
        },
      ),
    },
  );
}

const factMessage = ({ type }: FactType, headers: string, constants: Json, example: Json): Json => ({
  name: type,
  title: type,
  contentType: JSON_MEDIA,
  headers: { allOf: [refTo(headers), { type: 'object', properties: constants }] },
  payload: refTo(type),
  examples: [example],
  'x-schema-id': schemaIdOf(type),
});

/** A fact as it would come, with the data of its golden fixture. Everything else about it is made up, and the same each time. */
function exampleFact({ type }: FactType, family: string, id: string, data: object): Json {
  const [factId, commandId, correlationId] = ['01', '02', '03'].map((n) => `3a0dd5f0-4d0b-4d24-8c63-0d7d8d9a2f${n}`);
  const fact = {
    type,
    data,
    id: factId,
    stream: `${family}-${id}`,
    version: 4,
    position: 17,
    at: '2026-11-23T12:00:00.001Z',
    meta: {
      actor: { kind: 'account', id: 'b0f3c2a4-60a1-4a51-bb3b-0a7a6a1d0c55', name: 'Zoë' },
      commandId,
      correlationId,
    },
  } as Fact;
  const { headers, body } = toCloudEvent(fact);
  return { headers: { ...headers, 'Nats-Msg-Id': fact.id }, payload: JSON.parse(body) as unknown };
}

function sampleLane({ subject, what, from, schema }: LaneSpec, schemas: Schemas): Lane {
  const name = schemas.nameOf(schema);
  const tokens = subject.split('.');
  const noun = tokens[tokens.indexOf('*') - 1] ?? '';
  const id = noun === 'router' ? noun : `${noun}Id`;
  const lane = Object.entries<LaneSpec>(lanes).find(([, each]) => each.subject === subject)?.[0] ?? '';
  return told(
    `sample-${lane}`,
    {
      address: subject.replace('*', `{${id}}`),
      ...(tokens.includes('*') ? { parameters: { [id]: parameter(`The id of the ${noun}.`) } } : {}),
      description: `${what}. Told by ${from.join(' and ')}.`,
      tag: 'sample',
    },
    { [name]: { name, title: what, contentType: JSON_MEDIA, payload: refTo(name) } },
  );
}

function bucketLane({ name: bucket, what, key, from, schema }: BucketSpec, schemas: Schemas): Lane {
  const name = schemas.nameOf(schema);
  const perNode = key === 'nodeId';
  return told(
    `bucket-${bucket}`,
    {
      address: `$KV.${bucket}.${perNode ? '{nodeId}' : key}`,
      ...(perNode ? { parameters: { nodeId: parameter('The id of the node.') } } : {}),
      description: `${what}. Bucket ${bucket}, written by the ${from}.`,
      'x-bucket': bucket,
      tag: 'state',
    },
    {
      [name]: { name, title: what, contentType: JSON_MEDIA, payload: refTo(name) },
      ...(perNode ? { KeyGone: keyGone } : {}),
    },
  );
}

/** The key-value protocol of NATS (ADR-8) says in a header that a key has no value any more. */
const keyGone = {
  name: 'KeyGone',
  title: 'The key has no value any more',
  headers: {
    type: 'object',
    properties: {
      'KV-Operation': { type: 'string', enum: ['DEL', 'PURGE'] },
      'Nats-Rollup': { type: 'string', const: 'sub' },
    },
    required: ['KV-Operation'],
  },
};

const deadLetterLane = (): Lane =>
  told(
    'dead-letters',
    {
      address: deadLetters.subjects[0].replace('*', '{reader}'),
      parameters: { reader: parameter('The reader that could not take it.') },
      description: `${deadLetters.what}.`,
      'x-stream': deadLetters.name,
      'x-kept': keptWords(deadLetters.keptMs),
      tag: 'state',
    },
    {
      DeadLetter: {
        name: 'DeadLetter',
        contentType: JSON_MEDIA,
        headers: { type: 'object', properties: { 'Nats-Expected-Stream': { const: deadLetters.name } } },
        payload: refTo('DeadLetterMessage'),
      },
    },
  );

const orderHeaderSchema: JsonSchema = {
  description: 'Who asks, for how long, and under which id.',
  type: 'object',
  properties: {
    [orderHeaders.caller]: { type: 'string', description: 'The Caller as JSON, percent-encoded.' },
    [orderHeaders.deadlineMs]: {
      type: 'string',
      pattern: '^[1-9][0-9]*$',
      description: 'Milliseconds that the asker still waits, counted from arrival.',
    },
    [orderHeaders.call]: { type: 'string', description: 'Names the call, so that it can be taken back.' },
    [orderHeaders.traceparent]: {
      type: 'string',
      description: 'The trace that it is a part of, when traces are kept (W3C).',
    },
  },
  required: [orderHeaders.caller, orderHeaders.deadlineMs, orderHeaders.call],
};

function orderLane(name: string, { subject, request, allowed, deadlineMs }: Order, schemas: Schemas): Lane {
  const message = `${name}Order`;
  const toNode = subject.includes('*');
  const who = { services: "Muster's own parts", account: 'any account, about itself' };
  return {
    channel: {
      address: subject.replace('*', '{nodeId}'),
      ...(toNode ? { parameters: { nodeId: parameter('The node that it is for.') } } : {}),
      messages: { [message]: { $ref: `#/components/messages/${message}` } },
      ...tagged('order'),
      'x-deadline-ms': deadlineMs,
      'x-allowed': who[allowed as keyof typeof who] ?? allowed,
    },
    operation: {
      action: 'receive',
      channel: { $ref: `#/channels/${name}` },
      reply: {
        address: { location: '$message.header#/reply', description: 'The reply subject of the NATS message.' },
        channel: { $ref: `#/channels/${name}-answer` },
      },
      bindings: { nats: { queue: 'muster' } },
      ...tagged('order'),
    },
    messages: {
      [message]: {
        name: message,
        contentType: JSON_MEDIA,
        headers: refTo('OrderHeaders'),
        payload: refTo(schemas.nameOf(request)),
      },
    },
  };
}

const answerChannel = (name: string): Json => ({
  address: null,
  messages: { [`${name}Answer`]: { $ref: `#/components/messages/${name}Answer` } },
  ...tagged('order'),
});

function answerMessage(name: string, { reply, answers }: Order, schemas: Schemas): [string, Json] {
  const replied = refTo(schemas.nameOf(reply));
  const outcome = (value: string, properties: Json): JsonSchema => ({
    type: 'object',
    properties: { outcome: { const: value }, ...properties },
    required: ['outcome', ...Object.keys(properties)],
  });
  const done =
    answers === 'stream'
      ? [outcome('item', { n: { type: 'integer' }, reply: replied }), outcome('end', { items: { type: 'integer' } })]
      : [outcome('reply', { reply: replied })];
  return [
    `${name}Answer`,
    { name: `${name}Answer`, contentType: JSON_MEDIA, payload: { oneOf: [...done, refTo('OrderProblem')] } },
  ];
}

/** The ways in which an order of any kind can fail to be carried out. */
function orderProblem(): JsonSchema {
  const schema = z.toJSONSchema(Envelope, { target: 'draft-7', io: 'input' }) as JsonSchema;
  const answers = schema['oneOf'] as { properties: { outcome: { const: string } } }[];
  const problems = answers.filter(({ properties }) =>
    ['refusal', 'outage', 'failure'].includes(properties.outcome.const),
  );
  return { description: 'Why an order was not carried out.', oneOf: problems };
}

/** The asker no longer waits for a call. Its body is empty. */
const cancelLane = (): Lane => ({
  channel: {
    address: 'muster.cancel.{call}',
    parameters: { call: parameter('The call that is taken back, as in the header of the order.') },
    messages: { Cancelled: { $ref: '#/components/messages/Cancelled' } },
    ...tagged('order'),
  },
  operation: { action: 'receive', channel: { $ref: '#/channels/cancel' }, ...tagged('order') },
  messages: { Cancelled: { name: 'Cancelled', title: 'Nobody waits for the answer any more' } },
});
