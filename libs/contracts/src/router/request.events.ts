import * as z from 'zod/mini';
import { NodeId } from '../registry/node.events.js';

const at = z.iso.datetime();
const count = z.number().check(z.int(), z.gte(0));
const milliseconds = z.number().check(z.gte(0));

/** What of the OpenAI interface a request asks for. */
export const requestEndpoints = ['chat', 'completions', 'embeddings', 'responses'] as const;
export const RequestEndpoint = z.enum(requestEndpoints);
export type RequestEndpoint = z.infer<typeof RequestEndpoint>;

/** Every way in which a request can end. A request ends once, whatever happens. */
export const requestOutcomes = ['completed', 'failed', 'cancelled', 'refused'] as const;
export const RequestOutcome = z.enum(requestOutcomes);
export type RequestOutcome = z.infer<typeof RequestOutcome>;

/**
 * Why a request did not complete, or why one of its tries did not. Closed.
 *
 * - `refused`: nothing was sent to a node, or a node turned the request away.
 * - `failed`: a node was asked and did not answer as it should.
 * - `client-left`: whoever asked went away before the end.
 */
export const requestErrors = [
  'bad-request',
  'model-unknown',
  'model-not-permitted',
  'model-offline',
  'limit-concurrent',
  'limit-requests',
  'limit-tokens',
  'queue-full',
  'queue-timeout',
  'node-busy',
  'node-refused',
  'node-error',
  'connect-failed',
  'first-token-timeout',
  'stream-broken',
  'stream-silent',
  'client-left',
  'router-stopping',
] as const;
export const RequestError = z.enum(requestErrors);
export type RequestError = z.infer<typeof RequestError>;

/** A try that did not lead to an answer, before another node was asked. */
export const FailedTry = z.object({ nodeId: NodeId, executorId: z.string(), error: RequestError });
export type FailedTry = z.infer<typeof FailedTry>;

/** What is asked for, never what was said. */
const asked = {
  requestId: z.uuid(),
  /** One life of a router: requests of one that fell silent without an end are lost. */
  router: z.uuid(),
  endpoint: RequestEndpoint,
  /** The model as the request names it. */
  model: z.string().check(z.maxLength(256)),
  /** Absent where the installation takes requests without a key. */
  keyId: z.optional(z.uuid()),
  stream: z.boolean(),
};

/** Who serves it. Absent while nobody does. */
const served = { nodeId: z.optional(NodeId), executorId: z.optional(z.string()) };

/**
 * A request was accepted: the key holds, and it says what it wants of which model. `nodeId` and `executorId` are absent when
 * no slot was free at once. `at` is when it had arrived in full.
 */
export const RequestStarted = z.object({
  type: z.literal('RequestStarted'),
  data: z.object({ ...asked, ...served, at }),
});

/** A slot was found for a request that had waited, or that is tried once more (`attempt` counts from 1). */
export const RequestDispatched = z.object({
  type: z.literal('RequestDispatched'),
  data: z.object({
    requestId: z.uuid(),
    router: z.uuid(),
    nodeId: NodeId,
    executorId: z.string(),
    queueMs: milliseconds,
    attempt: z.number().check(z.int(), z.gte(1)),
    at,
  }),
});

/**
 * A request has ended. It says everything that the facts before it said, so that it can be told without them. Figures that
 * are not known are absent, never 0: a node that counts no tokens, an answer that never began.
 */
export const RequestFinished = z.object({
  type: z.literal('RequestFinished'),
  data: z.object({
    ...asked,
    ...served,
    /** When it had arrived in full: the `at` of RequestStarted. */
    acceptedAt: at,
    outcome: RequestOutcome,
    /** What the client was told, as an HTTP status. 499 when it was gone already. */
    status: z.number().check(z.int(), z.gte(100), z.lte(599)),
    queueMs: milliseconds,
    /** From acceptance to the first byte of the answer's body that came from a node. */
    firstTokenMs: z.optional(milliseconds),
    /** From acceptance to the end. */
    totalMs: milliseconds,
    tokensIn: z.optional(count),
    tokensOut: z.optional(count),
    bytesIn: count,
    bytesOut: count,
    /** How many nodes were asked: 0 when none was. */
    attempts: count,
    error: z.optional(RequestError),
    failedTries: z.optional(z.array(FailedTry).check(z.maxLength(4))),
    at,
  }),
});

/** What is observed about requests: at most a week old. Published by the router itself, on the bus in REQUESTS. */
export const RequestEvent = z.discriminatedUnion('type', [RequestStarted, RequestDispatched, RequestFinished]);
export type RequestEvent = z.infer<typeof RequestEvent>;
export type RequestStarted = z.infer<typeof RequestStarted>;
export type RequestDispatched = z.infer<typeof RequestDispatched>;
export type RequestFinished = z.infer<typeof RequestFinished>;
