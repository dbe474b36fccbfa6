import { inject, InjectionToken, Service } from '@angular/core';
import { COMMAND_ID_HEADER, Problem, refusals, type RefusalCode, type Route } from '@muster/contracts';
import type * as z from 'zod/mini';
import { Clock } from '../live/clock.js';
import { linesOf } from './lines.js';
import { outage, type Failure, type Outcome } from './outcome.js';
import { newTraceparent } from './traceparent';

/** How the page reaches its server; a test puts another in its place. */
export const Fetch = new InjectionToken<typeof fetch>('Fetch', {
  providedIn: 'root',
  factory: () => (input, init) => fetch(input, init),
});

interface Call<R extends Route> {
  readonly params?: z.input<R['params']>;
  readonly query?: z.input<R['query']>;
  readonly body?: z.input<R['body']>;
  /** Names the order, so that a second try has no second effect. A fresh one unless given. */
  readonly commandId?: string;
  /** Sent as `If-Match`: the call is refused with `version-conflict` when the aggregate has moved on. */
  readonly expectedVersion?: number;
  readonly signal?: AbortSignal;
}

/** A little more than the longest deadline behind any route, so that the server's own words arrive first. */
const DEADLINE_MS = 20_000;
const NO_ANSWER = 'The Gateway does not answer. Try again in a moment.';
const NO_SENSE = 'The Gateway answered something that this page does not understand. Reload the page.';

/** The REST API, typed by the table of routes. Never throws: how a call ended is its value. */
@Service()
export class Api {
  readonly #fetch = inject(Fetch);
  readonly #clock = inject(Clock);
  #sessionLost = (): void => undefined;

  /** What to do when the server says that nobody is signed in. */
  whenSessionLost(handler: () => void): void {
    this.#sessionLost = handler;
  }

  /** One call and its one answer, parsed by the route's schema. */
  async call<R extends Route>(route: R, call: Call<R> = {}): Promise<Outcome<z.output<R['reply']>>> {
    const sent = await this.#send(route, call);
    if (!sent.ok) return sent;
    const json: unknown = route.status === 204 ? {} : await sent.value.json().catch(() => undefined);
    const parsed = route.reply.safeParse(json);
    return parsed.success ? { ok: true, value: parsed.data as z.output<R['reply']> } : outage(NO_SENSE);
  }

  /** A call whose answer comes line by line. Ends with a failure when the stream breaks off or makes no sense. */
  async *stream<R extends Route>(route: R, call: Call<R>): AsyncGenerator<Outcome<z.output<R['reply']>>> {
    const sent = await this.#send(route, call);
    if (!sent.ok) {
      yield sent;
      return;
    }
    const { body } = sent.value;
    if (body === null) {
      yield outage(NO_SENSE);
      return;
    }
    try {
      for await (const line of linesOf(body)) {
        const json = readJson(line);
        const parsed = route.reply.safeParse(json);
        if (parsed.success) {
          yield { ok: true, value: parsed.data as z.output<R['reply']> };
          continue;
        }
        // A stream that began well can still end in a refusal: then its last line is a problem.
        const problem = Problem.safeParse(json);
        yield problem.success ? { ok: false, failure: failureOf(problem.data) } : outage(NO_SENSE);
        return;
      }
    } catch {
      if (call.signal?.aborted !== true) yield outage('The connection to the Gateway broke off. Try again.');
    }
  }

  async #send<R extends Route>(route: R, call: Call<R>): Promise<Outcome<Response>> {
    const deadline = AbortSignal.timeout(DEADLINE_MS);
    let response: Response;
    try {
      response = await this.#fetch(urlOf(route, call.params, call.query), {
        method: route.method,
        credentials: 'same-origin',
        headers: {
          accept: `${route.media}, application/problem+json`,
          ...(route.method !== 'GET' && {
            [COMMAND_ID_HEADER]: call.commandId ?? crypto.randomUUID(),
            traceparent: newTraceparent((bytes) => void crypto.getRandomValues(bytes)),
          }),
          ...(call.body !== undefined && { 'content-type': 'application/json' }),
          ...(call.expectedVersion !== undefined && { 'if-match': `"${call.expectedVersion}"` }),
        },
        ...(call.body !== undefined && { body: JSON.stringify(call.body) }),
        signal: call.signal ? AbortSignal.any([call.signal, deadline]) : deadline,
      });
    } catch {
      return outage(NO_ANSWER);
    }
    this.#clock.learn(response.headers.get('date'));
    if (response.ok) return { ok: true, value: response };
    const problem = Problem.safeParse(await response.json().catch(() => undefined));
    if (!problem.success) return outage(NO_ANSWER);
    const failure = failureOf(problem.data);
    if (failure.code === 'not-signed-in') this.#sessionLost();
    return { ok: false, failure };
  }
}

const isRefusal = (code: string): code is RefusalCode => Object.hasOwn(refusals, code);

function failureOf({ code, title, detail, fields, retryAfterMs }: Problem): Failure {
  return {
    code: isRefusal(code) ? code : 'outage',
    words: detail ?? (isRefusal(code) ? refusals[code] : title),
    fields: fields ?? [],
    ...(retryAfterMs !== undefined && { retryAfterMs }),
  };
}

function readJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

const entriesOf = (given: unknown): [string, unknown][] =>
  typeof given === 'object' && given !== null ? Object.entries(given) : [];

/** The path of a route with its parameters and query filled in, each of them encoded. */
export function urlOf(route: Route, params?: unknown, query?: unknown): string {
  const given = new Map(entriesOf(params));
  const path = route.path.replace(/:([a-zA-Z]+)/g, (_, name: string) => encodeURIComponent(String(given.get(name))));
  const search = new URLSearchParams(
    entriesOf(query).flatMap(([name, value]) => (value === undefined ? [] : [[name, String(value)]])),
  ).toString();
  return search === '' ? path : `${path}?${search}`;
}
