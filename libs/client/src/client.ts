import { COMMAND_ID_HEADER, isTextual, POSITION_HEADER, type Route, routes } from '@muster/contracts';
import { type AnyCall, type Call, type LinesRouteName, pathOf, type ReplyTo, type WholeRouteName } from './calls.js';
import { NoAnswerError, ProblemError, problemIn, UnexpectedAnswerError } from './errors.js';
import { type EventsOptions, type EventsPage, eventsOf } from './events.js';
import { linesOf } from './lines.js';

export interface RetryRules {
  /** How often a call that met an outage is sent again. */
  readonly times: number;
  /** The longest pause before the first of them; doubled each time, a random part of it is waited. */
  readonly firstMs: number;
  /** No pause is longer, whatever the Gateway asks for. */
  readonly longestMs: number;
}

export interface ClientOptions {
  /** Where the console is, as `https://muster.lab`; asked anew for each call when it is a function. */
  readonly address: string | (() => string);
  /** Instead of signing in. What a key may stands in docs/keys.md. */
  readonly apiKey?: string | undefined;
  /** How long one try may take until it is answered; a stream, until it begins. */
  readonly withinMs?: number | undefined;
  readonly retries?: RetryRules | undefined;
  readonly fetch?: typeof fetch | undefined;
  /** From 0 up to 1. */
  readonly random?: (() => number) | undefined;
}

const usualRetries: RetryRules = { times: 3, firstMs: 250, longestMs: 10_000 };
const USUAL_WITHIN_MS = 30_000;

/** Statuses that say: nothing was done, or it can be ordered again under its command id. */
const OUTAGES: ReadonlySet<number> = new Set([502, 503, 504]);

interface Sent {
  readonly response: Response;
  /** Ends the try's deadline; the caller's own signal still holds. */
  begun(): void;
}

/**
 * The REST API of a Gateway, typed by its table of routes. Outages are waited out: a call that met one is sent again under the same
 * command id, so that it has its effect once, at most so often and for so long as `retries` says. Every answer is parsed by its
 * schema. Signs in with an API key, or by `signIn`, whose cookie it keeps for the calls after it.
 */
export class MusterClient {
  readonly #options: ClientOptions;
  readonly #retries: RetryRules;
  #cookie: string | undefined;

  constructor(options: ClientOptions) {
    this.#options = options;
    this.#retries = options.retries ?? usualRetries;
  }

  /** The session's cookie, `name=value`, for a socket beside; undefined until somebody signed in. */
  get cookie(): string | undefined {
    return this.#cookie;
  }

  /** Calls a route and gives its answer. Rejects with ProblemError, NoAnswerError, UnexpectedAnswerError, or the signal's reason. */
  async call<Name extends WholeRouteName>(name: Name, call: Call<Name>): Promise<ReplyTo<Name>>;
  async call<Name extends WholeRouteName>(
    name: Name,
    ...call: Record<never, never> extends Call<Name> ? [] : never
  ): Promise<ReplyTo<Name>>;
  async call<Name extends WholeRouteName>(name: Name, call: AnyCall = {}): Promise<ReplyTo<Name>> {
    const route: Route = routes[name];
    const { response, begun } = await this.#send(route, call);
    try {
      return (await answerOf(route, response)) as ReplyTo<Name>;
    } finally {
      begun();
    }
  }

  /** Calls a route that answers line by line and gives each as it comes. Leaving the loop takes the call back. Rejects as `call`. */
  async *lines<Name extends LinesRouteName>(
    name: Name,
    call: Call<Name>,
  ): AsyncGenerator<ReplyTo<Name>, void, undefined> {
    const route: Route = routes[name];
    const { response, begun } = await this.#send(route, call);
    begun();
    yield* this.#linesIn<ReplyTo<Name>>(route, response);
  }

  /**
   * The facts after a position, without an end; see docs/integration.md. Each has in `after` the position behind it. Rejects with the
   * ProblemError `position-too-old` when there are facts that nobody has any more: its `problem.oldest` is where to go on.
   */
  events(options: EventsOptions = {}): AsyncGenerator<ReplyTo<'readEvents'>, void, undefined> {
    return eventsOf(options, async ({ signal, ...query }): Promise<EventsPage> => {
      const route: Route = routes.readEvents;
      const { response, begun } = await this.#send(route, { query, signal });
      begun();
      return {
        events: this.#linesIn<ReplyTo<'readEvents'>>(route, response),
        position: response.headers.get(POSITION_HEADER) ?? undefined,
      };
    });
  }

  async *#linesIn<Line>(route: Route, response: Response): AsyncGenerator<Line, void, undefined> {
    if (response.body === null) return;
    for await (const line of linesOf(response.body, response.status)) {
      const problem = problemIn(line);
      if (problem !== undefined) throw new ProblemError(problem);
      yield parsedBy(route, line, response) as Line;
    }
  }

  /** Sends until it is answered by something else than an outage, or the retries are used up. */
  async #send(route: Route, call: AnyCall): Promise<Sent> {
    const commandId = route.method === 'GET' ? undefined : (call.commandId ?? crypto.randomUUID());
    for (let retry = 0; ; retry += 1) {
      const isLast = retry >= this.#retries.times;
      let pauseMs: number | undefined;
      try {
        const sent = await this.#once(route, call, commandId);
        const { response } = sent;
        if (response.ok) return sent;
        if (isLast || !OUTAGES.has(response.status)) {
          const error = await errorOf(response);
          sent.begun();
          throw error;
        }
        pauseMs = retryAfterMs(response);
        sent.begun();
        await response.body?.cancel();
      } catch (error) {
        if (error instanceof ProblemError || error instanceof UnexpectedAnswerError) throw error;
        call.signal?.throwIfAborted();
        if (isLast) throw new NoAnswerError(commandId, { cause: error });
      }
      await this.#pause(retry, pauseMs, call.signal);
    }
  }

  async #once(route: Route, call: AnyCall, commandId: string | undefined): Promise<Sent> {
    const { address, apiKey, fetch: send = fetch, withinMs = USUAL_WITHIN_MS } = this.#options;
    const base = typeof address === 'string' ? address : address();
    const url = new URL(pathOf(route, call), base);
    const late = new AbortController();
    const timer = setTimeout(() => {
      late.abort(new Error(`Not answered within ${withinMs} ms`));
    }, withinMs);
    const begun = () => {
      clearTimeout(timer);
    };
    try {
      const response = await send(url, {
        method: route.method,
        signal: call.signal ? AbortSignal.any([late.signal, call.signal]) : late.signal,
        // Elsewhere than at the Gateway neither key nor cookie has any business.
        redirect: 'error',
        headers: {
          accept: `${route.media}, application/problem+json`,
          ...(commandId === undefined ? {} : { [COMMAND_ID_HEADER]: commandId }),
          ...(call.ifMatch === undefined ? {} : { 'if-match': `"${call.ifMatch}"` }),
          ...(apiKey === undefined ? {} : { authorization: `Bearer ${apiKey}` }),
          ...(apiKey !== undefined || this.#cookie === undefined ? {} : { cookie: this.#cookie }),
          ...(call.body === undefined ? {} : { 'content-type': 'application/json' }),
        },
        ...(call.body === undefined ? {} : { body: JSON.stringify(call.body) }),
      });
      this.#keepCookie(response);
      return { response, begun };
    } catch (error) {
      begun();
      throw error;
    }
  }

  /** There is one cookie: that of the session. A cookie that is taken back has no value. */
  #keepCookie(response: Response): void {
    for (const line of response.headers.getSetCookie()) {
      const [pair = ''] = line.split(';');
      this.#cookie = pair.endsWith('=') ? undefined : pair;
    }
  }

  async #pause(retry: number, askedMs: number | undefined, signal: AbortSignal | undefined): Promise<void> {
    const { firstMs, longestMs } = this.#retries;
    const random = this.#options.random ?? Math.random;
    const pauseMs = Math.min(longestMs, askedMs ?? firstMs * 2 ** retry * random());
    await new Promise<void>((resolve, reject) => {
      const timer = setTimeout(done, pauseMs);
      signal?.addEventListener('abort', done, { once: true });
      function done(): void {
        clearTimeout(timer);
        signal?.removeEventListener('abort', done);
        if (signal?.aborted === true) reject(signal.reason as Error);
        else resolve();
      }
    });
  }
}

async function answerOf(route: Route, response: Response): Promise<unknown> {
  if (route.status === 204) {
    await response.body?.cancel();
    return {};
  }
  const text = await textOf(response);
  return parsedBy(route, isTextual(route.media) ? text : jsonOf(text, response), response);
}

function parsedBy(route: Route, value: unknown, response: Response): unknown {
  const parsed = route.reply.safeParse(value);
  if (parsed.success) return parsed.data;
  const words = `${route.method} ${route.path} answered what is not its reply`;
  throw new UnexpectedAnswerError(words, response.status, { cause: parsed.error });
}

async function textOf(response: Response): Promise<string> {
  try {
    return await response.text();
  } catch (cause) {
    throw new UnexpectedAnswerError('it broke off', response.status, { cause });
  }
}

function jsonOf(text: string, { status }: Response): unknown {
  try {
    return JSON.parse(text);
  } catch (cause) {
    throw new UnexpectedAnswerError('it is not JSON', status, { cause });
  }
}

async function errorOf(response: Response): Promise<Error> {
  const problem = problemIn(jsonOf(await textOf(response), response));
  return problem === undefined
    ? new UnexpectedAnswerError('an error that is no problem of a Gateway', response.status)
    : new ProblemError(problem);
}

/** `Retry-After` in seconds (RFC 9110 10.2.3), the only form that a Gateway uses. */
function retryAfterMs(response: Response): number | undefined {
  const header = response.headers.get('retry-after');
  return header !== null && /^\d{1,6}$/.test(header) ? Number(header) * 1_000 : undefined;
}
