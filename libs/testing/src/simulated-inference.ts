import { setTimeout as sleep } from 'node:timers/promises';
import type { IncomingMessage, ServerResponse } from 'node:http';

/** How a simulated node answers one inference call. Without a word it answers at once and well. */
export interface InferenceScript {
  /** What it says, token by token. */
  readonly tokens?: readonly string[];
  /** From the arrival of the call to the first token; `never` accepts the call and says nothing. */
  readonly firstTokenMs?: number | 'never';
  readonly betweenTokensMs?: number;
  /** Cuts the connection after so many tokens; 0 before anything was said. */
  readonly diesAfterTokens?: number;
  /** Says nothing more after so many tokens, and holds the connection. */
  readonly stallsAfterTokens?: number;
  /** Answers with this in the place of tokens. */
  readonly refuses?: { readonly status: number; readonly message?: string; readonly retryAfterSeconds?: number };
}

/** A call as the simulated node saw it. */
export interface SeenCall {
  readonly path: string;
  readonly headers: IncomingMessage['headers'];
  readonly body: Record<string, unknown>;
  /** How it ended; undefined while it is in hand. */
  ended?: 'answered' | 'died' | 'left';
  /** How many tokens were sent. */
  sent: number;
}

export type ChooseScript = (call: SeenCall) => InferenceScript;

interface SimulatedDoor {
  readonly ticketHolds: (authorization: string | undefined) => boolean;
  readonly models: () => readonly string[];
  readonly script: ChooseScript;
}

const TOKENS = ['Hello', ' from', ' a', ' simulated', ' node'];

/** The inference of a node without an engine: OpenAI shape, by script. */
export class SimulatedInference {
  readonly calls: SeenCall[] = [];

  constructor(private readonly door: SimulatedDoor) {}

  /** How many calls are in hand at this moment. */
  get inFlight(): number {
    return this.calls.filter(({ ended }) => ended === undefined).length;
  }

  readonly listener = (request: IncomingMessage, response: ServerResponse): void => {
    void this.#serve(request, response).catch(() => response.destroy());
  };

  async #serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const path = request.url ?? '';
    if (!this.door.ticketHolds(request.headers.authorization)) return fail(response, 401, 'The ticket does not hold');
    if (path === '/v1/models') return answer(response, { object: 'list', data: this.#modelList() });
    const body = await jsonOf(request);
    const call: SeenCall = { path, headers: request.headers, body, sent: 0 };
    this.calls.push(call);
    const left = new AbortController();
    response.once('close', () => {
      call.ended ??= response.writableFinished ? 'answered' : 'left';
      left.abort();
    });
    try {
      await this.#play(call, this.door.script(call), response, left.signal);
    } catch (error) {
      if (!left.signal.aborted) throw error;
    }
  }

  #modelList(): object[] {
    return this.door.models().map((id) => ({ id, object: 'model', created: 0, owned_by: 'simulated' }));
  }

  async #play(call: SeenCall, script: InferenceScript, response: ServerResponse, signal: AbortSignal): Promise<void> {
    const { tokens = TOKENS, firstTokenMs = 0, betweenTokensMs = 0, refuses } = script;
    if (firstTokenMs === 'never') return untilLeft(signal);
    if (firstTokenMs > 0) await sleep(firstTokenMs, undefined, { signal });
    if (refuses !== undefined) {
      if (refuses.retryAfterSeconds !== undefined) response.setHeader('retry-after', refuses.retryAfterSeconds);
      return fail(response, refuses.status, refuses.message ?? 'Refused by script');
    }
    const streams = call.body['stream'] === true;
    const model = String(call.body['model'] ?? 'simulated');
    const chat = call.path === '/v1/chat/completions';
    for (const [n, token] of tokens.entries()) {
      if (n === script.diesAfterTokens) return die(call, response);
      if (n === script.stallsAfterTokens) return untilLeft(signal);
      if (n > 0 && betweenTokensMs > 0) await sleep(betweenTokensMs, undefined, { signal });
      if (streams) {
        if (n === 0) response.writeHead(200, { 'content-type': 'text/event-stream' });
        await write(response, chunk(chat, model, token, null));
      }
      call.sent += 1;
    }
    if (script.diesAfterTokens !== undefined) return die(call, response);
    if (script.stallsAfterTokens !== undefined) return untilLeft(signal);
    const usage = { prompt_tokens: 7, completion_tokens: tokens.length, total_tokens: 7 + tokens.length };
    if (!streams) return answer(response, whole(call.path, model, tokens.join(''), usage));
    await write(response, chunk(chat, model, '', 'stop'));
    const options = call.body['stream_options'] as { include_usage?: boolean } | undefined;
    if (options?.include_usage === true)
      await write(response, {
        id: 'cmpl-simulated',
        object: objectOf(chat, true),
        created: 0,
        model,
        choices: [],
        usage,
      });
    response.end('data: [DONE]\n\n');
  }
}

const objectOf = (chat: boolean, streams: boolean): string =>
  chat ? `chat.completion${streams ? '.chunk' : ''}` : 'text_completion';

const chunk = (chat: boolean, model: string, content: string, finish: string | null): object => ({
  id: 'cmpl-simulated',
  object: objectOf(chat, true),
  created: 0,
  model,
  choices: [
    {
      index: 0,
      ...(chat ? { delta: content === '' ? {} : { role: 'assistant', content } } : { text: content }),
      finish_reason: finish,
    },
  ],
});

function whole(path: string, model: string, content: string, usage: object): object {
  if (path === '/v1/embeddings')
    return { object: 'list', model, data: [{ object: 'embedding', index: 0, embedding: [0.6, 0.8] }], usage };
  const chat = path === '/v1/chat/completions';
  const said = chat ? { message: { role: 'assistant', content } } : { text: content };
  const choices = [{ index: 0, ...said, finish_reason: 'stop' }];
  return { id: 'cmpl-simulated', object: objectOf(chat, false), created: 0, model, choices, usage };
}

/** Waits until a slow reader has taken it, so that a script can be held up. */
function write(response: ServerResponse, event: object): Promise<void> {
  return new Promise((resolve, reject) => {
    response.write(`data: ${JSON.stringify(event)}\n\n`, (error) => (error ? reject(error) : resolve()));
  });
}

function die(call: SeenCall, response: ServerResponse): void {
  call.ended = 'died';
  response.socket?.destroy();
}

const untilLeft = (signal: AbortSignal): Promise<void> =>
  new Promise((resolve) => signal.addEventListener('abort', () => resolve(), { once: true }));

function answer(response: ServerResponse, body: object): void {
  response.writeHead(200, { 'content-type': 'application/json' });
  response.end(JSON.stringify(body));
}

function fail(response: ServerResponse, status: number, message: string): void {
  response.writeHead(status, { 'content-type': 'application/json' });
  response.end(JSON.stringify({ error: { message, type: 'simulated', param: null, code: null } }));
}

async function jsonOf(request: IncomingMessage): Promise<Record<string, unknown>> {
  const chunks: Buffer[] = [];
  for await (const part of request) chunks.push(part as Buffer);
  return JSON.parse(Buffer.concat(chunks).toString() || '{}') as Record<string, unknown>;
}
