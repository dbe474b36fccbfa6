import type { IncomingMessage, ServerResponse } from 'node:http';
import type { EngineAddress } from '../engines/engine.js';
import type { Entrance } from '../executors/gate.js';
import type { RequestTarget } from '../executors/request-target.js';
import { beginInference } from '../traces.js';
import { sendError } from './open-ai-error.js';
import { type EngineConnections, passOn } from './pass-on.js';
import { Bodies, modelOf, MOST_BODY_BYTES } from './read-body.js';

/** Which executor a request is for, where it says so: its id on this node. */
export const EXECUTOR_HEADER = 'muster-executor';

/** What is served, and by which kind of model. */
const kinds: Readonly<Record<string, 'chat' | 'embedding'>> = {
  '/v1/chat/completions': 'chat',
  '/v1/completions': 'chat',
  '/v1/embeddings': 'embedding',
};

/** Whoever finds the queue full is told to come again after so long. */
const RETRY_AFTER_SECONDS = 2;

export interface InferenceParts {
  readonly ticketHolds: (ticket: string) => boolean;
  /** Somebody at this address had a ticket that holds. */
  readonly vouch: (address: string) => void;
  readonly byId: (executorId: string) => RequestTarget | undefined;
  readonly byName: (name: string) => RequestTarget | undefined;
  /** What is online now, by what requests ask for. */
  readonly served: () => readonly { readonly model: string; readonly since?: string | undefined }[];
  readonly connections: EngineConnections;
  /** A fault of our own. The request gets an error, and nothing else is touched by it. */
  readonly onFault: (error: unknown) => void;
}

/**
 * The node's side of inference: OpenAI's API over HTTPS for whoever has a ticket. Needs neither Gateway nor bus. Each request
 * stands alone: whatever is wrong with one ends that one.
 */
export class InferenceDoor {
  readonly #bodies = new Bodies();

  constructor(private readonly parts: InferenceParts) {}

  /** A request on the node's port that is no link. */
  readonly listener = (request: IncomingMessage, response: ServerResponse): void => {
    this.#serve(request, response).catch((error: unknown) => {
      this.parts.onFault(error);
      sendError(response, 'engine-failed', 'Something went wrong inside this node. Its log has the cause.');
    });
  };

  async #serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const path = (request.url ?? '').split('?', 1)[0] ?? '';
    const kind = kinds[path];
    // Whoever has no business here is not kept.
    const close = { connection: 'close' };
    if (kind === undefined && path !== '/v1/models')
      return sendError(response, 'not-found', 'There is nothing at this address.', close);
    if (!this.#admits(request))
      return sendError(response, 'ticket-refused', 'This ticket does not hold. A new one is told over the link.', {
        ...close,
        'www-authenticate': 'Bearer',
      });
    if (request.method !== (kind === undefined ? 'GET' : 'POST'))
      return sendError(response, 'method-not-allowed', 'This address does not know that method.', {
        ...close,
        allow: kind === undefined ? 'GET' : 'POST',
      });
    if (kind === undefined) return this.#list(response);
    const body = await this.#bodies.read(request);
    switch (body.outcome) {
      case 'left':
        return;
      case 'too-large':
        return sendError(response, 'too-large', `A request may have ${MOST_BODY_BYTES / 1024 / 1024} MiB.`, close);
      case 'no-room':
        return sendError(response, 'busy', 'Too many large requests at once.', { ...close, ...retryLater });
      case 'read':
        try {
          await this.#infer(request, response, path, kind, body.bytes);
        } finally {
          body.release();
        }
    }
  }

  #admits({ headers, socket }: IncomingMessage): boolean {
    const [, ticket] = /^Bearer ([^\s]{1,512})$/i.exec(headers.authorization ?? '') ?? [];
    if (ticket === undefined || !this.parts.ticketHolds(ticket)) return false;
    this.parts.vouch(socket.remoteAddress ?? '');
    return true;
  }

  #list(response: ServerResponse): void {
    const data = this.parts.served().map(({ model, since }) => ({
      id: model,
      object: 'model',
      created: Math.floor(Date.parse(since ?? '') / 1_000) || 0,
      owned_by: 'muster',
    }));
    response.writeHead(200, { 'content-type': 'application/json' });
    response.end(JSON.stringify({ object: 'list', data }));
  }

  async #infer(
    request: IncomingMessage,
    response: ServerResponse,
    path: string,
    kind: 'chat' | 'embedding',
    bytes: Buffer,
  ): Promise<void> {
    const span = beginInference(path, request, response);
    const found = this.#find(request, bytes);
    if ('bad' in found) return sendError(response, 'bad-request', `${found.bad}.`);
    if ('unknown' in found)
      return sendError(response, 'executor-unknown', `There is no executor for ${found.unknown} on this node.`);
    const { target } = found;
    span?.set({ 'gen_ai.request.model': target.name });
    if (target.kind !== kind)
      return sendError(
        response,
        'wrong-kind',
        kind === 'chat' ? `${target.name} makes embeddings alone.` : `${target.name} makes no embeddings.`,
      );
    const left = new AbortController();
    response.once('close', () => left.abort());
    // Gone while its body was read: nothing waits for it.
    if (response.destroyed) return;
    // Asked to come in first, so that one that is asleep is held for it.
    const entering = target.gate.enter(left.signal);
    target.wake();
    const entrance = await entering;
    if (entrance.outcome !== 'in') return refuse(response, entrance);
    try {
      const signal = AbortSignal.any([left.signal, entrance.signal]);
      const passed = await passOn(this.parts.connections, entrance.address, { path, body: bytes }, response, signal);
      target.count(passed.outcome === 'broken' || (passed.outcome === 'answered' && passed.failed));
      if (passed.outcome === 'broken')
        sendError(response, 'engine-failed', `${target.name} broke off before it had answered.`);
      // Ended by order: whoever asked is still there.
      else if (passed.outcome === 'left' && !left.signal.aborted)
        sendError(response, 'cancelled', 'The requests of this executor were cancelled.');
    } finally {
      entrance.release();
    }
  }

  #find(request: IncomingMessage, bytes: Buffer): { target: RequestTarget } | { bad: string } | { unknown: string } {
    const header = request.headers[EXECUTOR_HEADER];
    if (typeof header === 'string') {
      const target = this.parts.byId(header);
      return target ? { target } : { unknown: 'this id' };
    }
    const model = modelOf(bytes);
    if (typeof model === 'object') return model;
    if (model === undefined) return { bad: 'model is missing: the name of a model that this node serves' };
    const target = this.parts.byName(model);
    return target ? { target } : { unknown: 'this model' };
  }
}

const retryLater = { 'retry-after': String(RETRY_AFTER_SECONDS) };

function refuse(response: ServerResponse, entrance: Exclude<Entrance<EngineAddress>, { outcome: 'in' }>): void {
  switch (entrance.outcome) {
    case 'left':
      return;
    case 'full':
      return sendError(response, 'busy', 'All slots are in use and the queue is full.', retryLater);
    case 'shut':
      return sendError(response, 'executor-not-online', `${entrance.words}.`, retryLater);
    case 'timed-out':
      return sendError(response, 'waited-too-long', 'No slot was free in time.', retryLater);
    case 'cancelled':
      return sendError(response, 'cancelled', 'The requests of this executor were cancelled.');
  }
}
