import { hash, randomUUID } from 'node:crypto';
import type { IncomingMessage, RequestListener, ServerResponse } from 'node:http';
import { type ApiKey, apiKeyOf, keyAllows, KeyUses, type RequestEndpoint } from '@muster/contracts';
import type { Known } from '../known/known.js';
import { KeyLimiter } from '../limits/key-limits.js';
import { Exchange, NO_LIMITS } from '../serving/exchange.js';
import { asItIs, type Rendering } from '../serving/rendering.js';
import type { Requests } from '../serving/requests.js';
import { readResponsesCall } from '../responses/read-responses-call.js';
import { beginTrace } from '../serving/request-trace.js';
import { Cors } from './cors.js';
import { type ApiError, callErrors, errorBody, errorHeaders, requestErrorsToTell } from './errors.js';
import { modelList, modelOf } from './models.js';
import { Bodies } from './read-body.js';
import { type Call, readCall } from './read-call.js';

export interface DoorOptions {
  readonly known: Known;
  readonly requests: Requests;
  readonly mostBodyBytes: number;
  readonly onKeyUsed: (keyId: string) => void;
  /** The key that the playground of this very process has: nobody else's, and without limits. */
  readonly playgroundKey: string;
  /** Answers after the router's health. */
  readonly rest: RequestListener;
}

/** Bodies of all calls together. */
const MOST_BODIES_BYTES = 256 * 1024 * 1024;

const endpoints: Readonly<Record<string, RequestEndpoint>> = {
  '/v1/chat/completions': 'chat',
  '/v1/completions': 'completions',
  '/v1/embeddings': 'embeddings',
  '/v1/responses': 'responses',
};

type Admitted = { readonly key: ApiKey | undefined } | { readonly error: ApiError };

/** The door for applications: the OpenAI interface on plain node:http, outside every framework. */
export class Door {
  readonly #bodies: Bodies;
  readonly #limiter = new KeyLimiter();
  readonly #uses = new KeyUses();
  readonly #cors: Cors;
  readonly #playgroundHash: string;

  constructor(private readonly options: DoorOptions) {
    this.#bodies = new Bodies(options.mostBodyBytes, MOST_BODIES_BYTES);
    this.#playgroundHash = hash('sha256', options.playgroundKey, 'hex');
    this.#cors = new Cors(() => options.known.settings.allowedOrigins);
  }

  /** Takes a call. Never throws: what went wrong is said to whoever called. */
  take(request: IncomingMessage, response: ServerResponse): void {
    const url = request.url ?? '';
    if (url.startsWith('/health/')) return this.options.rest(request, response);
    if (url === '/metrics') return this.#metrics(request, response);
    // A client that goes in the middle of its call is no event of ours.
    response.on('error', () => undefined);
    if (this.#cors.answer(request, response)) return;
    const path = pathOf(url);
    const endpoint = endpoints[path];
    if (endpoint !== undefined) return this.#post(endpoint, request, response);
    if (path === '/v1/models' || path.startsWith('/v1/models/')) return this.#models(path, request, response);
    this.#refuse(request, response, callErrors.notFound(request.method ?? '', path));
  }

  #post(endpoint: RequestEndpoint, request: IncomingMessage, response: ServerResponse): void {
    if (request.method !== 'POST') return this.#refuse(request, response, callErrors.wrongMethod('POST'));
    const admitted = this.#admit(request);
    if ('error' in admitted) return this.#refuse(request, response, admitted.error);
    if (!isJson(request)) return this.#refuse(request, response, callErrors.wrongType);
    this.#bodies.read(request, (read) => {
      if (read.outcome === 'left') return this.options.requests.turnedAway();
      if (read.outcome === 'bad') return this.#refuse(request, response, read.error);
      const { bytes } = read;
      const call =
        endpoint === 'responses' ? readResponsesCall(bytes) : { ...readCall(endpoint, bytes), rendering: undefined };
      if (call.outcome === 'bad') {
        this.#bodies.release(bytes.length);
        return this.#refuse(request, response, call.error);
      }
      this.#accept(admitted.key, call.call, call.rendering ?? asItIs(call.call.hideUsage), bytes.length, response);
    });
  }

  #accept(key: ApiKey | undefined, call: Call, rendering: Rendering, bytesIn: number, response: ServerResponse): void {
    const { requests } = this.options;
    const nowMs = requests.monotonicMs();
    const limited = key !== undefined && hasLimits(key);
    const use = limited ? this.#limiter.use(key.keyId, nowMs) : undefined;
    const admission = limited ? use?.admit(key.limits, nowMs) : undefined;
    const exchange = new Exchange(
      requests,
      {
        requestId: randomUUID(),
        trace: beginTrace(call, response),
        call,
        bytesIn,
        keyId: key?.keyId,
        limits: admission?.states ?? NO_LIMITS,
        rendering,
        onEnd: (tokens) => {
          this.#bodies.release(bytesIn);
          if (admission?.outcome === 'admitted') use?.ended(tokens, requests.monotonicMs());
        },
      },
      response,
    );
    if (key !== undefined && this.#uses.note(key.keyId, nowMs)) this.options.onKeyUsed(key.keyId);
    if (admission?.outcome === 'refused') {
      const { by, retryAfterMs } = admission;
      return exchange.refuse(requestErrorsToTell.limit(by, retryAfterMs), `limit-${by}`);
    }
    if (key?.models !== undefined && !key.models.includes(call.model))
      return exchange.refuse(requestErrorsToTell.modelNotAllowed(call.model), 'model-not-permitted');
    exchange.begin();
  }

  /** Who calls, and whether they may. Without a key only where the installation is open. */
  #admit(request: IncomingMessage): Admitted {
    const { known } = this.options;
    const text = apiKeyOf(request.headers);
    if (text === undefined) {
      if (known.settings.inferenceOpen) return { key: undefined };
      if (!known.isComplete) return { error: callErrors.starting };
      const { authorization, 'x-api-key': plain } = request.headers;
      return { error: authorization === undefined && plain === undefined ? callErrors.noKey : callErrors.unknownKey };
    }
    // By their hashes, so that how long it takes says nothing about the key.
    const hashed = hash('sha256', text, 'hex');
    if (hashed === this.#playgroundHash) return { key: undefined };
    const key = known.keys.byHash(hashed);
    if (key === undefined) return { error: known.isComplete ? callErrors.unknownKey : callErrors.starting };
    switch (keyAllows(key, { permission: 'inference', nowMs: Date.now() })) {
      case 'expired':
        return { error: callErrors.expiredKey };
      case 'not-permitted':
        return { error: callErrors.notForInference };
      default:
        return { key };
    }
  }

  /** What the router counts, for a key that may see the fleet: applications reach this port too. */
  #metrics(request: IncomingMessage, response: ServerResponse): void {
    if (request.method !== 'GET' && request.method !== 'HEAD')
      return this.#refuse(request, response, callErrors.wrongMethod('GET'));
    const { known, rest } = this.options;
    const text = apiKeyOf(request.headers);
    if (text === undefined) return this.#refuse(request, response, callErrors.noKey);
    const key = known.keys.byHash(hash('sha256', text, 'hex'));
    if (key === undefined)
      return this.#refuse(request, response, known.isComplete ? callErrors.unknownKey : callErrors.starting);
    if (keyAllows(key, { permission: 'fleet:read', nowMs: Date.now() }) === 'expired')
      return this.#refuse(request, response, callErrors.expiredKey);
    if (!key.may.includes('fleet:view')) return this.#refuse(request, response, callErrors.notForMetrics);
    if (this.#uses.note(key.keyId, this.options.requests.monotonicMs())) this.options.onKeyUsed(key.keyId);
    rest(request, response);
  }

  #models(path: string, request: IncomingMessage, response: ServerResponse): void {
    if (request.method !== 'GET' && request.method !== 'HEAD')
      return this.#refuse(request, response, callErrors.wrongMethod('GET'));
    const admitted = this.#admit(request);
    if ('error' in admitted) return this.#refuse(request, response, admitted.error);
    const { known, requests } = this.options;
    const allowed = admitted.key?.models;
    const places = known.places().filter(({ model }) => allowed === undefined || allowed.includes(model));
    const wanted = path.slice('/v1/models/'.length);
    if (wanted === '') return send(response, 200, JSON.stringify(modelList(places)), []);
    const name = decoded(wanted);
    const model = name === undefined ? undefined : modelOf(places, name);
    if (model !== undefined) return send(response, 200, JSON.stringify(model), []);
    const names = requests.modelNames(admitted.key?.keyId);
    this.#refuse(request, response, requestErrorsToTell.modelUnknown(name ?? wanted, names));
  }

  /** Says no to a call that is no request. A body that is still on its way is not waited for. */
  #refuse(request: IncomingMessage, response: ServerResponse, error: ApiError): void {
    this.options.requests.turnedAway();
    const more = request.complete || !hasBody(request) ? [] : ['connection', 'close'];
    send(response, error.status, errorBody(error), [...Object.entries(errorHeaders(error)).flat(), ...more]);
    if (more.length > 0) request.resume();
  }
}

function send(response: ServerResponse, status: number, body: string, headers: readonly string[]): void {
  if (response.destroyed || response.headersSent) return;
  const type = headers.includes('content-type') ? [] : ['content-type', 'application/json'];
  response.writeHead(status, [
    ...type,
    ...headers,
    ...['x-request-id', randomUUID(), 'content-length', String(Buffer.byteLength(body))],
  ]);
  response.end(body);
}

const pathOf = (url: string): string => {
  const query = url.indexOf('?');
  const path = query === -1 ? url : url.slice(0, query);
  return path.length > 1 && path.endsWith('/') ? path.slice(0, -1) : path;
};

const hasBody = ({ headers }: IncomingMessage): boolean =>
  headers['transfer-encoding'] !== undefined || Number(headers['content-length'] ?? 0) > 0;

const isJson = ({ headers }: IncomingMessage): boolean =>
  /^application\/json\s*(?:;|$)/i.test(headers['content-type'] ?? '') &&
  (headers['content-encoding'] === undefined || headers['content-encoding'] === 'identity');

const hasLimits = ({ limits }: ApiKey): boolean =>
  limits.concurrent !== undefined || limits.requestsPerMinute !== undefined || limits.tokensPerMinute !== undefined;

function decoded(text: string): string | undefined {
  try {
    return decodeURIComponent(text);
  } catch {
    return undefined;
  }
}
