import type { RequestError } from '@muster/contracts';

/** An error as the OpenAI interface has it: what its clients read and show. */
export interface ApiError {
  readonly status: number;
  readonly message: string;
  readonly type:
    'invalid_request_error' | 'authentication_error' | 'permission_error' | 'rate_limit_error' | 'server_error';
  /** For programs; our own words where OpenAI has none. */
  readonly code: string;
  readonly param?: string;
  readonly retryAfterMs?: number;
}

const error = (
  status: number,
  type: ApiError['type'],
  code: string,
  message: string,
  more: Pick<ApiError, 'param' | 'retryAfterMs'> = {},
): ApiError => ({ status, type, code, message, ...more });

const invalid = 'invalid_request_error' as const;

/** What is wrong with a call before it is a request. */
export const callErrors = {
  notHttp: error(400, invalid, 'bad_request', 'This is not a request that can be read.'),
  tooSlow: error(408, invalid, 'request_timeout', 'The request did not arrive in time.'),
  headersTooLarge: error(431, invalid, 'headers_too_large', 'The headers of the request are too large.'),
  notFound: (method: string, path: string) =>
    error(404, invalid, 'unknown_url', `There is nothing at ${method} ${path.slice(0, 200)}.`),
  wrongMethod: (allowed: string) => error(405, invalid, 'method_not_allowed', `Use ${allowed} here.`),
  wrongType: error(415, invalid, 'unsupported_media_type', 'Send JSON, with content-type: application/json.'),
  tooLarge: (mostBytes: number) =>
    error(413, invalid, 'request_too_large', `The request is larger than ${mostBytes} bytes.`),
  notJson: error(400, invalid, 'invalid_json', 'The body of the request is not valid JSON.'),
  field: (param: string, words: string) => error(400, invalid, 'invalid_value', words, { param }),
  noKey: error(
    401,
    'authentication_error',
    'missing_api_key',
    'No API key was given. Send one as "Authorization: Bearer msk_…"; whoever manages keys makes them in the console.',
  ),
  unknownKey: error(401, 'authentication_error', 'invalid_api_key', 'This API key is not known, or it was revoked.'),
  expiredKey: error(401, 'authentication_error', 'expired_api_key', 'This API key has expired.'),
  notForInference: error(
    403,
    'permission_error',
    'not_permitted',
    'This API key may not be used for sending requests to models.',
  ),
  notForMetrics: error(
    403,
    'permission_error',
    'not_permitted',
    'This API key may not see the fleet, and the metrics are a part of it.',
  ),
  overloaded: error(503, 'server_error', 'overloaded', 'Too many requests are being read at this moment.', {
    retryAfterMs: 1_000,
  }),
  starting: error(503, 'server_error', 'starting', 'The router does not know its nodes yet.', { retryAfterMs: 1_000 }),
} as const;

/** Why a request was refused, or failed before anything was sent. */
export const requestErrorsToTell = {
  modelUnknown: (model: string, there: readonly string[]) =>
    error(
      404,
      invalid,
      'model_not_found',
      `There is no model "${model}". ${there.length === 0 ? 'There are no models yet.' : `There is: ${listed(there)}.`}`,
      { param: 'model' },
    ),
  modelsAwaited: error(503, 'server_error', 'starting', 'Not every node has told its models yet.', {
    retryAfterMs: 1_000,
  }),
  modelNotAllowed: (model: string) =>
    error(403, 'permission_error', 'model_not_allowed', `This API key may not use the model "${model}".`, {
      param: 'model',
    }),
  modelOffline: (model: string) =>
    error(
      503,
      'server_error',
      'model_offline',
      `The model "${model}" is known, and online on no node at this moment.`,
      { retryAfterMs: 5_000 },
    ),
  limit: (by: 'concurrent' | 'requests' | 'tokens', retryAfterMs: number) =>
    error(
      429,
      'rate_limit_error',
      'rate_limit_exceeded',
      {
        concurrent: 'This API key has as many requests in flight as it may have.',
        requests: 'This API key has used up its requests of this minute.',
        tokens: 'This API key has used up its tokens of this minute.',
      }[by],
      { retryAfterMs },
    ),
  queueFull: (retryAfterMs: number) =>
    error(503, 'server_error', 'queue_full', 'Every slot is in use and the queue is full.', { retryAfterMs }),
  queueTimeout: (waitedMs: number) =>
    error(504, 'server_error', 'queue_timeout', `No slot became free within ${Math.round(waitedMs / 1000)} s.`, {
      retryAfterMs: 1_000,
    }),
} as const;

/** How a request failed once a node was asked. Never a word of the node's own network errors. */
const failures: Partial<Record<RequestError, readonly [number, string, string]>> = {
  'connect-failed': [502, 'node_unreachable', 'The node that had the request could not be reached.'],
  'node-busy': [503, 'node_busy', 'The node had no room for the request.'],
  'node-error': [502, 'node_error', 'The node failed to answer.'],
  'first-token-timeout': [504, 'first_token_timeout', 'The answer did not begin in time.'],
  'stream-broken': [502, 'stream_broken', 'The answer broke off: the node was lost on the way.'],
  'stream-silent': [504, 'stream_silent', 'The answer stood still for too long and was given up.'],
  'router-stopping': [503, 'router_stopping', 'The router is being stopped.'],
};

export function failureToTell(failure: RequestError): ApiError {
  const [status, code, message] = failures[failure] ?? [500, 'internal_error', 'The request failed.'];
  return error(status, 'server_error', code, message, status === 503 ? { retryAfterMs: 1_000 } : {});
}

const MOST_LISTED = 50;

const listed = (names: readonly string[]): string =>
  names.length <= MOST_LISTED
    ? names.map((name) => `"${name}"`).join(', ')
    : `${listed(names.slice(0, MOST_LISTED))} and ${names.length - MOST_LISTED} more`;

/** The body of an error answer. */
export const errorBody = ({ message, type, code, param }: ApiError): string =>
  JSON.stringify({ error: { message, type, param: param ?? null, code } });

/** An error in a stream that has begun: the last thing that is said, without `[DONE]` after it. */
export const errorEvent = (told: ApiError): string => `event: error\ndata: ${errorBody(told)}\n\n`;

/** The headers that belong to an error. Retry-After is in whole seconds (RFC 9110 10.2.3). */
export const errorHeaders = ({ status, retryAfterMs }: ApiError): Record<string, string> => ({
  'content-type': 'application/json',
  ...(retryAfterMs !== undefined && { 'retry-after': String(Math.max(1, Math.ceil(retryAfterMs / 1000))) }),
  ...(status === 401 && { 'www-authenticate': 'Bearer' }),
});
