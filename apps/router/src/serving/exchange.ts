import type { OutgoingHttpHeader, ServerResponse } from 'node:http';
import type { FailedTry, RequestError, RequestFinished, RequestOutcome } from '@muster/contracts';
import type { Dispatcher } from 'undici';
import type { LimitStates } from '../limits/key-limits.js';
import { limitHeaders } from '../limits/key-limits.js';
import type { Call } from '../openai/read-call.js';
import { type ApiError, errorBody, errorHeaders, failureToTell, requestErrorsToTell } from '../openai/errors.js';
import type { Usage } from '../openai/usage.js';
import type { Held, Waiter } from '../slots/slots.js';
import { type FailedTryCause, mayTryAgain } from '../upstream/retry.js';
import type { Watched } from './deadlines.js';
import type { RequestTrace } from './request-trace.js';
import type { Rendering, StreamRendering, WholeRendering } from './rendering.js';
import type { Serving } from './serving.js';

/** What is known of a request when it is accepted. */
export interface Accepted {
  readonly requestId: string;
  /** Where traces are made. */
  readonly trace?: RequestTrace | undefined;
  readonly call: Call;
  readonly bytesIn: number;
  readonly keyId: string | undefined;
  readonly limits: LimitStates;
  readonly rendering: Rendering;
  /** Called once, when it has ended, with the tokens it took. */
  readonly onEnd: (tokens: number) => void;
}

/** A whole answer up to this size is held until it is complete: until then another node may still be asked. */
const HELD_BYTES = 256 * 1024;
/** An error of a node that is longer is not passed on. */
const LONGEST_NODE_ERROR = 64 * 1024;
/** An answer that is made into another one must fit into memory. */
const MOST_TRANSLATED_BYTES = 16 * 1024 * 1024;
/** An answer up to this size is sent in one piece with its headers. */
const IN_ONE_PIECE_BYTES = 32 * 1024;
const NOTHING: Buffer = Buffer.alloc(0);

/** The paths of the nodes. What is asked of `/v1/responses` they are asked as a chat. */
const paths = {
  chat: '/v1/chat/completions',
  completions: '/v1/completions',
  embeddings: '/v1/embeddings',
  responses: '/v1/chat/completions',
} as const;

/**
 * The life of one request from its acceptance to its one end: a slot or a place in the queue, one try or two, the answer
 * passed on as it comes, and the facts about it. Whatever happens it ends once, its slot is given back once, and the end is told.
 */
export class Exchange implements Watched {
  dueMs = Infinity;
  index = 0;
  readonly #acceptedMs: number;
  readonly #acceptedAt: string;
  #phase: 'waiting' | 'asking' | 'answering' | 'ended' = 'waiting';
  #waiter: Waiter | undefined;
  #held: Held | undefined;
  #controller: Dispatcher.DispatchController | undefined;
  /** Which try is the one at hand: what an earlier one still says counts for nothing. */
  #try = 0;
  #attempts = 0;
  #failedTries: FailedTry[] | undefined;
  #except: Set<string> | undefined;
  #askedMs = 0;
  #queueMs = 0;
  #firstByteMs: number | undefined;
  /** The node's answer. */
  #status = 0;
  #contentType: string | undefined;
  #contentLength: string | undefined;
  #retryAfter: string | undefined;
  #stream: StreamRendering | undefined;
  #whole: WholeRendering | undefined;
  #parts: Buffer[] = [];
  #partBytes = 0;
  /** The client has been told a status. */
  #begun = false;
  #saidBytes = 0;
  #clientSlow = false;
  #comments: NodeJS.Timeout | undefined;

  constructor(
    private readonly serving: Serving,
    private readonly accepted: Accepted,
    private readonly response: ServerResponse,
  ) {
    this.#acceptedMs = serving.monotonicMs();
    this.#acceptedAt = serving.now();
    response.on('close', () => {
      if (this.#phase !== 'ended') this.#clientLeft();
    });
    response.on('drain', () => {
      this.#clientSlow = false;
      this.#moved();
      this.#controller?.resume();
    });
    serving.open(this);
  }

  get requestId(): string {
    return this.accepted.requestId;
  }

  /** Whether it still waits for a slot. */
  get isQueued(): boolean {
    return this.#phase === 'waiting';
  }

  /** Refuses it before anything is claimed: a limit, a model that is not there. Told as a fact all the same. */
  refuse(error: ApiError, why: RequestError): void {
    this.#tellStarted();
    this.#end('refused', error.status, why, error);
  }

  /** Claims a slot, or a place in the queue, and goes on from there. */
  begin(): void {
    const { serving, accepted } = this;
    const claim = this.#claim();
    switch (claim.outcome) {
      case 'claimed':
        this.#held = claim.held;
        this.#tellStarted();
        return this.#ask(claim.held);
      case 'waiting':
        this.#tellStarted();
        return this.#wait(claim.waiter);
      case 'model-unknown':
        if (!serving.hasAllModels) return this.refuse(requestErrorsToTell.modelsAwaited, 'model-offline');
        return this.refuse(
          requestErrorsToTell.modelUnknown(accepted.call.model, serving.modelNames(accepted.keyId)),
          'model-unknown',
        );
      case 'model-offline':
        return this.refuse(requestErrorsToTell.modelOffline(accepted.call.model), 'model-offline');
      case 'queue-full':
        return this.refuse(requestErrorsToTell.queueFull(claim.retryAfterMs), 'queue-full');
    }
  }

  /** Ends it now: the router stops, or an operator wants it so. */
  stop(why: 'router-stopping'): void {
    this.#fail(why);
  }

  late(): void {
    this.dueMs = Infinity;
    if (this.#phase === 'asking') {
      // Another node would take as long for a whole answer, and the client has waited long enough.
      if (this.accepted.call.stream) this.#tryFailed('first-token-timeout', undefined);
      else this.#fail('first-token-timeout');
      return;
    }
    if (this.#phase === 'answering') {
      // Who reads nothing for so long holds a slot for nothing.
      if (this.#clientSlow) this.response.destroy();
      else this.#fail('stream-silent');
    }
  }

  #claim() {
    const { call, keyId } = this.accepted;
    return this.serving.slots.claim({
      model: call.model,
      key: keyId ?? '',
      prefix: call.prefix,
      except: this.#except,
    });
  }

  #wait(waiter: Waiter): void {
    this.#phase = 'waiting';
    this.#waiter = waiter;
    const sinceMs = this.serving.monotonicMs();
    if (this.accepted.call.stream) this.#comments = setInterval(() => this.#say(waiter), this.serving.commentEveryMs);
    void waiter.slot.then((held) => {
      this.#waiter = undefined;
      clearInterval(this.#comments);
      const waitedMs = this.serving.monotonicMs() - sinceMs;
      this.#queueMs += waitedMs;
      if (this.#phase === 'ended') return held?.release();
      if (held === undefined) {
        const error = requestErrorsToTell.queueTimeout(waitedMs);
        return this.#end('refused', error.status, 'queue-timeout', error);
      }
      this.#held = held;
      this.#tellDispatched(held);
      this.#ask(held);
    });
  }

  /** Tells a client that waits in a stream where it stands. A comment line is nothing to any client but a sign of life. */
  #say(waiter: Waiter): void {
    const { ahead, waiting } = waiter.position();
    if (!this.#begun) this.#begin(200, 'text/event-stream', undefined);
    this.#write(Buffer.from(`: waiting for a slot, place ${ahead + 1} of ${waiting}\n\n`));
  }

  #ask(held: Held): void {
    const { serving, accepted } = this;
    const { call } = accepted;
    this.#phase = 'asking';
    this.#attempts += 1;
    this.#try += 1;
    this.#askedMs = serving.monotonicMs();
    this.dueMs = this.#askedMs + (call.stream ? serving.firstTokenMs : serving.answerMs);
    if (held.place.asleep) this.dueMs += serving.wakeMs;
    const way = serving.wayTo(held.place.nodeId);
    if (way === undefined) return this.#tryFailed('connect-failed', undefined);
    const headers = [
      'authorization',
      way.authorization,
      'content-type',
      'application/json',
      'accept',
      call.stream ? 'text/event-stream' : 'application/json',
      'muster-executor',
      held.place.executorId,
      'x-request-id',
      accepted.requestId,
    ];
    const traceparent = accepted.trace?.asked(held.place);
    if (traceparent !== undefined) headers.push('traceparent', traceparent);
    try {
      way.pool.dispatch({ path: paths[call.endpoint], method: 'POST', headers, body: call.body }, this.#handler());
    } catch {
      this.#tryFailed('connect-failed', undefined);
    }
  }

  /** What the node says to this try. */
  #handler(): Dispatcher.DispatchHandler {
    const number = this.#try;
    const current = () => this.#try === number && this.#phase !== 'ended';
    return {
      onRequestStart: (controller) => {
        if (current()) this.#controller = controller;
        else controller.abort(new Error('The request has ended'));
      },
      onResponseStart: (_controller, status, headers) => {
        if (!current()) return;
        this.#status = status;
        this.#contentType = textOf(headers['content-type']);
        this.#contentLength = textOf(headers['content-length']);
        this.#retryAfter = textOf(headers['retry-after']);
        if (status >= 300) return;
        const isStream = this.accepted.call.stream && this.#contentType?.startsWith('text/event-stream') === true;
        if (isStream) this.#stream = this.accepted.rendering.stream();
        else this.#whole = this.accepted.rendering.whole();
      },
      onResponseData: (controller, chunk) => {
        if (!current()) return;
        if (this.#stream !== undefined) this.#streamed(this.#stream, controller, chunk);
        else this.#received(controller, chunk);
      },
      onResponseEnd: () => {
        if (current()) this.#answered();
      },
      onResponseError: () => {
        if (!current()) return;
        if (this.#phase === 'asking') this.#tryFailed('connect-failed', undefined);
        else this.#fail('stream-broken');
      },
    };
  }

  /** A part of a stream: it goes on at once. */
  #streamed(stream: StreamRendering, controller: Dispatcher.DispatchController, chunk: Buffer): void {
    if (this.#phase === 'asking') this.#answering();
    if (!this.#begun) this.#begin(200, 'text/event-stream', undefined);
    this.#moved();
    const passed = stream.take(chunk);
    if (passed.length > 0 && !this.#write(passed)) {
      this.#clientSlow = true;
      controller.pause();
    }
  }

  /** A part of a whole answer or of an error: held back while it is small. */
  #received(controller: Dispatcher.DispatchController, chunk: Buffer): void {
    if (this.#whole !== undefined) {
      this.#whole.take(chunk);
      this.#firstByteMs ??= this.serving.monotonicMs();
    }
    const { translate } = this.#whole ?? {};
    if (this.#begun && translate === undefined && this.#whole !== undefined) {
      this.#moved();
      if (!this.#write(chunk)) {
        this.#clientSlow = true;
        controller.pause();
      }
      return;
    }
    this.#parts.push(chunk);
    this.#partBytes += chunk.length;
    const most =
      this.#whole === undefined ? LONGEST_NODE_ERROR : translate === undefined ? HELD_BYTES : MOST_TRANSLATED_BYTES;
    if (this.#partBytes <= most) return;
    if (this.#whole === undefined || translate !== undefined) return this.#tryFailed('node-error', undefined);
    this.#answering();
    this.#begin(200, this.#contentType ?? 'application/json', this.#contentLength);
    this.#write(this.#takeParts());
  }

  /** The node has said all it had to say. */
  #answered(): void {
    if (this.#stream !== undefined) return this.#streamEnded(this.#stream);
    if (this.#whole === undefined) return this.#nodeRefused();
    if (this.#phase === 'answering') {
      this.response.end();
      return this.#end('completed', 200, undefined);
    }
    const parts = this.#takeParts();
    const body = this.#whole.translate === undefined ? parts : this.#whole.translate(parts);
    if (body === undefined) return this.#tryFailed('node-error', undefined);
    this.#answering();
    if (this.#begun) {
      // It had waited in a stream, and the node answered with something else.
      this.#write(body);
    } else this.#begin(200, this.#contentType ?? 'application/json', String(body.length), body);
    this.response.end();
    this.#end('completed', 200, undefined);
  }

  #streamEnded(stream: StreamRendering): void {
    if (this.#phase === 'asking') return this.#tryFailed('node-error', undefined);
    const rest = stream.end();
    // Of an event that broke off nobody could make anything.
    if (!stream.whole) return this.#fail('stream-broken');
    if (rest.length > 0) this.#write(rest);
    this.response.end();
    this.#end('completed', 200, undefined);
  }

  /** An answer that is no success. */
  #nodeRefused(): void {
    const status = this.#status;
    if (status === 429 || status === 503) return this.#tryFailed('node-busy', status);
    // A ticket that the node does not take any more, or an executor that it has no more, is not the client's concern.
    if (status >= 500 || status === 401 || status === 403 || status === 404 || status < 400)
      return this.#tryFailed('node-error', status >= 500 ? status : 502);
    const body = this.#takeParts();
    const told: ApiError = {
      status,
      type: 'invalid_request_error',
      code: 'refused_by_executor',
      message: 'The executor does not take this request.',
    };
    this.#end('refused', status, 'node-refused', told, isErrorBody(body) ? body : undefined);
  }

  /** Before any byte of an answer: perhaps another node does better. */
  #tryFailed(cause: FailedTryCause, status: number | undefined): void {
    const held = this.#held;
    const { serving, accepted } = this;
    accepted.trace?.tryFailed(cause);
    if (held !== undefined) {
      this.#abort();
      this.#except = (this.#except ?? new Set<string>()).add(held.place.id);
      const again = mayTryAgain({
        cause,
        status,
        attempts: this.#attempts,
        hasOther: serving.slots.hasOther(accepted.call.model, this.#except),
        bytesSent: this.#phase === 'answering',
      });
      const { nodeId, executorId } = held.place;
      if (again !== 'no' && serving.retries.take(serving.monotonicMs())) {
        (this.#failedTries ??= []).push({ nodeId, executorId, error: cause });
        this.#forgetAnswer();
        if (again === 'here') return this.#askOnceMore(held);
        this.#giveBack(held, cause);
        return this.#askElsewhere(cause);
      }
    }
    this.#fail(cause);
  }

  #askOnceMore(held: Held): void {
    this.#tellDispatched(held);
    this.#ask(held);
  }

  #askElsewhere(cause: FailedTryCause): void {
    this.#held = undefined;
    const claim = this.#claim();
    if (claim.outcome === 'waiting') return this.#wait(claim.waiter);
    if (claim.outcome !== 'claimed') return this.#fail(cause);
    this.#held = claim.held;
    this.#askOnceMore(claim.held);
  }

  /** A node's place is passed over for a while when it could not be reached, or says that it has no room. */
  #giveBack(held: Held, why: RequestError): void {
    if (why === 'connect-failed') held.failed('unreachable');
    else if (why === 'node-busy') {
      const seconds = Number(this.#retryAfter);
      held.failed('busy', Number.isFinite(seconds) && seconds > 0 ? Math.min(5_000, seconds * 1_000) : undefined);
    } else held.release();
  }

  #forgetAnswer(): void {
    this.#stream = undefined;
    this.#whole = undefined;
    this.#parts = [];
    this.#partBytes = 0;
    this.#firstByteMs = undefined;
  }

  #clientLeft(): void {
    this.#end('cancelled', 499, 'client-left');
  }

  #fail(why: RequestError): void {
    const error = failureToTell(why);
    // Where no node was asked none has failed.
    this.#end(this.#attempts === 0 ? 'refused' : 'failed', this.#begun ? 200 : error.status, why, error);
  }

  /** The one end. */
  #end(outcome: RequestOutcome, status: number, why?: RequestError, error?: ApiError, body?: Buffer): void {
    if (this.#phase === 'ended') return;
    const wasAnswering = this.#phase === 'answering';
    this.#phase = 'ended';
    this.dueMs = Infinity;
    clearInterval(this.#comments);
    this.#waiter?.leave();
    if (outcome !== 'completed') this.#abort();
    if (error !== undefined) this.#tellError(error, body);
    const nowMs = this.serving.monotonicMs();
    const usage = this.#usage();
    if (this.#held !== undefined) {
      if (outcome === 'completed') this.#held.release(nowMs - this.#askedMs);
      else if (why !== undefined && !wasAnswering) this.#giveBack(this.#held, why);
      else this.#held.release();
    }
    this.#tellFinished(outcome, status, why, usage, nowMs);
    this.accepted.trace?.end(outcome, status, why, usage);
    this.serving.close(this);
    this.accepted.onEnd((usage?.tokensIn ?? 0) + (usage?.tokensOut ?? 0));
  }

  #usage(): Usage | undefined {
    return this.#stream?.usage ?? this.#whole?.usage();
  }

  #abort(): void {
    this.#try += 1;
    this.#controller?.abort(new Error('Not wanted any more'));
    this.#controller = undefined;
  }

  #answering(): void {
    this.#phase = 'answering';
    this.#firstByteMs ??= this.serving.monotonicMs();
    this.#moved();
  }

  #moved(): void {
    if (this.#phase === 'answering') this.dueMs = this.serving.monotonicMs() + this.serving.silenceMs;
  }

  #takeParts(): Buffer {
    const [only] = this.#parts;
    const whole = this.#parts.length === 1 && only !== undefined ? only : Buffer.concat(this.#parts);
    this.#parts = [];
    return whole;
  }

  /** Tells the client the status and who serves it. */
  #begin(status: number, contentType: string, contentLength: string | undefined, body: Buffer = NOTHING): void {
    this.#begun = true;
    const headers: OutgoingHttpHeader[] = ['content-type', contentType, ...this.#ownHeaders()];
    if (contentLength !== undefined) headers.push('content-length', contentLength);
    else headers.push('cache-control', 'no-cache', 'x-accel-buffering', 'no');
    this.response.writeHead(status, headers);
    if (body.length === 0) return;
    this.#saidBytes += body.length;
    // As a string it goes out in one piece with its headers; Latin-1 is every byte as it is.
    if (body.length <= IN_ONE_PIECE_BYTES) this.response.end(body.toString('latin1'), 'latin1');
    else this.response.write(body);
  }

  #ownHeaders(): string[] {
    const headers = ['x-request-id', this.accepted.requestId, 'x-muster-queue-ms', String(Math.round(this.#queueMs))];
    const place = this.#held?.place;
    if (place !== undefined)
      headers.push('x-muster-node', headerText(place.nodeName), 'x-muster-executor', headerText(place.executorId));
    if (this.accepted.limits !== NO_LIMITS) headers.push(...Object.entries(limitHeaders(this.accepted.limits)).flat());
    return headers;
  }

  #write(bytes: Buffer): boolean {
    this.#saidBytes += bytes.length;
    return this.response.write(bytes);
  }

  #tellError(error: ApiError, body?: Buffer): void {
    const { response } = this;
    if (response.destroyed || response.writableEnded) return;
    if (this.#begun) {
      const isStream = this.accepted.call.stream;
      if (isStream) this.#write((this.#stream ?? this.accepted.rendering.stream()).broken(error));
      // A whole answer that breaks off has no end that a client could take for one.
      if (isStream) response.end();
      else response.destroy();
      return;
    }
    const said = body ?? Buffer.from(errorBody(error));
    const headers = [...Object.entries(errorHeaders(error)).flat(), ...this.#ownHeaders()];
    response.writeHead(error.status, [...headers, 'content-length', String(said.length)]);
    this.#saidBytes += said.length;
    response.end(said);
  }

  #tellStarted(): void {
    const { requestId, call, keyId } = this.accepted;
    const place = this.#held?.place;
    this.serving.tell({
      type: 'RequestStarted',
      data: {
        requestId,
        router: this.serving.router,
        endpoint: call.endpoint,
        model: call.model,
        ...(keyId !== undefined && { keyId }),
        stream: call.stream,
        ...(place && { nodeId: place.nodeId, executorId: place.executorId }),
        at: this.#acceptedAt,
      },
    });
  }

  #tellDispatched({ place: { nodeId, executorId } }: Held): void {
    this.serving.tell({
      type: 'RequestDispatched',
      data: {
        requestId: this.accepted.requestId,
        router: this.serving.router,
        nodeId,
        executorId,
        queueMs: rounded(this.#queueMs),
        attempt: this.#attempts + 1,
        at: this.serving.now(),
      },
    });
  }

  #tellFinished(
    outcome: RequestOutcome,
    status: number,
    why: RequestError | undefined,
    usage: Usage | undefined,
    nowMs: number,
  ): void {
    const { requestId, call, keyId, bytesIn } = this.accepted;
    const place = this.#held?.place;
    const data: RequestFinished['data'] = {
      requestId,
      router: this.serving.router,
      endpoint: call.endpoint,
      model: call.model,
      ...(keyId !== undefined && { keyId }),
      stream: call.stream,
      ...(place && { nodeId: place.nodeId, executorId: place.executorId }),
      acceptedAt: this.#acceptedAt,
      outcome,
      status,
      queueMs: rounded(this.#queueMs),
      ...(this.#firstByteMs !== undefined && { firstTokenMs: rounded(this.#firstByteMs - this.#acceptedMs) }),
      totalMs: rounded(nowMs - this.#acceptedMs),
      ...usage,
      bytesIn,
      bytesOut: this.#saidBytes,
      attempts: this.#attempts,
      ...(why !== undefined && { error: why }),
      ...(this.#failedTries !== undefined && { failedTries: this.#failedTries }),
      at: this.serving.now(),
    };
    this.serving.tell({ type: 'RequestFinished', data });
  }
}

/** For keys without limits, so that nothing is computed for them. */
export const NO_LIMITS: LimitStates = {};

const rounded = (ms: number): number => Math.max(0, Math.round(ms * 100) / 100);

const textOf = (header: string | string[] | undefined): string | undefined =>
  Array.isArray(header) ? header[0] : header;

/** Header values are printable ASCII: anything else is percent-encoded. */
const headerText = (text: string): string => (/^[\x20-\x7e]*$/.test(text) ? text : encodeURIComponent(text));

/** Whether it is an error as OpenAI's clients read it. */
function isErrorBody(body: Buffer): boolean {
  try {
    const parsed = JSON.parse(body.toString()) as { error?: { message?: unknown } } | null;
    return typeof parsed?.error?.message === 'string';
  } catch {
    return false;
  }
}
