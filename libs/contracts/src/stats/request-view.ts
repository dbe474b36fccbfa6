import * as z from 'zod/mini';
import { NodeId } from '../registry/node.events.js';
import { FailedTry, RequestEndpoint, RequestError } from '../router/request.events.js';

const count = z.number().check(z.int(), z.gte(0));
const milliseconds = z.number().check(z.gte(0));

/** Where a request is in its life. `lost`: its router fell silent before it told an end. */
export const requestStates = ['queued', 'running', 'completed', 'failed', 'cancelled', 'refused', 'lost'] as const;
export const RequestState = z.enum(requestStates, `This must be one of ${requestStates.join(', ')}`);
export type RequestState = z.infer<typeof RequestState>;

/** One request as its facts tell it: never what was asked or answered. What is not known is absent. */
export const RequestView = z.object({
  requestId: z.uuid(),
  router: z.uuid(),
  state: RequestState,
  acceptedAt: z.iso.datetime(),
  /** When it ended, or was given up as lost. */
  endedAt: z.optional(z.iso.datetime()),
  endpoint: z.optional(RequestEndpoint),
  model: z.string(),
  stream: z.boolean(),
  nodeId: z.optional(NodeId),
  nodeName: z.optional(z.string()),
  executorId: z.optional(z.string()),
  keyId: z.optional(z.uuid()),
  keyName: z.optional(z.string()),
  status: z.optional(count),
  queueMs: z.optional(milliseconds),
  firstTokenMs: z.optional(milliseconds),
  totalMs: z.optional(milliseconds),
  tokensIn: z.optional(count),
  tokensOut: z.optional(count),
  bytesIn: z.optional(count),
  bytesOut: z.optional(count),
  attempts: z.optional(count),
  error: z.optional(RequestError),
  failedTries: z.optional(z.array(FailedTry)),
});
export type RequestView = z.infer<typeof RequestView>;

/** Whether a request is still under way. */
export const isOpen = ({ state }: Pick<RequestView, 'state'>): boolean => state === 'queued' || state === 'running';

/** Newest first: by acceptance, and within one moment by id. */
export const newestRequestFirst = (
  one: Pick<RequestView, 'acceptedAt' | 'requestId'>,
  other: Pick<RequestView, 'acceptedAt' | 'requestId'>,
): number =>
  Date.parse(other.acceptedAt) - Date.parse(one.acceptedAt) ||
  (one.requestId < other.requestId ? 1 : one.requestId > other.requestId ? -1 : 0);
