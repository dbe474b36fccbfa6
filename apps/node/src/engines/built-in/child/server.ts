import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { EngineHealth } from '../../engine.js';
import { answerChat } from './chat.js';
import { answerCompletion } from './completion.js';
import { answerEmbedding } from './embedding.js';
import { readJson, sendJson } from './http.js';
import { OpenAiError } from './openai-error.js';
import type { ServedModel } from './served.js';

const REQUEST_WITHIN_MS = 60_000;

const endpoints = {
  '/v1/chat/completions': answerChat,
  '/v1/completions': answerCompletion,
  '/v1/embeddings': answerEmbedding,
} as const;

/** The door of a run: the OpenAI-style API of one model, and its health. */
export interface Door {
  readonly server: Server;
  health(): Promise<EngineHealth>;
  /** Refuses new requests and resolves once those at hand have been answered. */
  drain(): Promise<void>;
}

/** Opens the door of a model; not yet listening. Whatever a request does, the others go on. */
export function openDoor(served: ServedModel, log: (words: string) => void): Door {
  const { figures, llama } = served;
  let draining = false;
  let open = 0;
  let whenIdle: (() => void) | undefined;

  const health = async (): Promise<EngineHealth> => ({
    inFlight: served.use.slots.inFlight,
    queued: served.use.slots.queued,
    requests: figures.requests,
    errors: figures.errors,
    promptTokens: figures.promptTokens,
    generatedTokens: generatedTokens(served),
    tokensPerSecond: figures.tokensPerSecond,
    memoryBytes: process.memoryUsage.rss(),
    ...(llama.gpu === false ? {} : { vramBytes: (await llama.getLlamaMemoryUsage()).gpuVram }),
  });

  const answer = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    const path = new URL(request.url ?? '/', 'http://executor').pathname;
    if (path === '/health') {
      sendJson(response, draining ? 503 : 200, { status: draining ? 'stopping' : 'ok', ...(await health()) });
      return;
    }
    if (path === '/v1/models') {
      const model = { id: served.name, object: 'model', created: 0, owned_by: 'muster' };
      sendJson(response, 200, { object: 'list', data: [{ ...model, context_length: served.contextTokens }] });
      return;
    }
    const endpoint = Object.entries(endpoints).find(([known]) => known === path)?.[1];
    if (endpoint === undefined) throw new OpenAiError(404, `There is no ${path} here.`, 'not_found');
    if (request.method !== 'POST') throw new OpenAiError(405, `${path} takes POST.`, 'method_not_allowed');
    if (draining) throw new OpenAiError(503, 'This executor is stopping.', 'stopping');
    // The caller is gone when the connection closes before the answer was complete.
    const gone = new AbortController();
    response.once('close', () => gone.abort(new Error('The caller has left')));
    const body = await readJson(request);
    figures.requests += 1;
    await endpoint(body, served, response, gone.signal);
  };

  const server = createServer({ requestTimeout: REQUEST_WITHIN_MS }, (request, response) => {
    open += 1;
    response.once('close', () => {
      open -= 1;
      if (open === 0) whenIdle?.();
    });
    answer(request, response).catch((error: unknown) => {
      if (response.destroyed) return;
      const known = error instanceof OpenAiError ? error : new OpenAiError(500, String(error), 'engine_failed');
      if (!(error instanceof OpenAiError))
        log(`A request failed: ${error instanceof Error ? (error.stack ?? error.message) : String(error)}`);
      if (known.status >= 500) figures.errors += 1;
      // A body that was not read to its end would be taken for the next request.
      if (!request.complete) response.setHeader('connection', 'close');
      if (response.headersSent) response.destroy();
      else sendJson(response, known.status, known.body());
    });
  });
  return {
    server,
    health,
    drain: () => {
      draining = true;
      return new Promise((resolve) => {
        if (open === 0) resolve();
        else whenIdle = resolve;
      });
    },
  };
}

/** Tokens generated since the start, all slots together. An embedding model generates none. */
export const generatedTokens = ({ use }: ServedModel): number =>
  use.kind === 'chat' ? use.slots.items.reduce((sum, { tokenMeter }) => sum + tokenMeter.usedOutputTokens, 0) : 0;
