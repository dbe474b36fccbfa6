import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { createServer, type Server } from 'node:https';
import type { AddressInfo, Socket } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Certificate } from '@muster/contracts';
import { makeCertificate, type OwnCertificate } from '@muster/node-link';

/** One inference call as it reached the node. */
export interface InferenceCall {
  readonly path: string;
  readonly headers: IncomingMessage['headers'];
  readonly body: Record<string, unknown>;
  /** The client went away before the answer was whole. */
  readonly left: AbortSignal;
}

/** What the node does with a call. */
export type Script = (call: InferenceCall, response: ServerResponse, node: ScriptedNode) => Promise<void> | void;

export interface ScriptedNodeOptions {
  readonly script?: Script;
  readonly certificate?: OwnCertificate;
  /** A free one by default. */
  readonly port?: number;
}

/**
 * A node's inference door without a model: the real HTTPS with the node's own certificate and its ticket, and behind it
 * whatever the script does. By itself it answers each endpoint as an engine would, with as many tokens as `max_tokens` says.
 */
export class ScriptedNode {
  readonly host = '127.0.0.1';
  readonly ticket = randomBytes(24).toString('base64url');
  readonly calls: InferenceCall[] = [];
  script: Script;
  inFlight = 0;
  mostInFlight = 0;
  /** Calls whose client went away before the end. */
  aborted = 0;
  #server: Server | undefined;
  readonly #sockets = new Set<Socket>();
  #port = 0;

  private constructor(
    private readonly own: OwnCertificate,
    script: Script,
  ) {
    this.script = script;
  }

  static async start({ script = answering(), certificate, port = 0 }: ScriptedNodeOptions = {}): Promise<ScriptedNode> {
    const node = new ScriptedNode(certificate ?? (await makeCertificate({ hostname: 'scripted' })), script);
    node.#port = port;
    await node.comeBack();
    return node;
  }

  get port(): number {
    return this.#port;
  }

  get certificate(): Certificate {
    return { fingerprint: this.own.fingerprint, pem: this.own.certPem };
  }

  /** Dies as by kill -9: every connection is cut and nobody listens. */
  async kill(): Promise<void> {
    const server = this.#server;
    this.#server = undefined;
    for (const socket of this.#sockets) socket.destroy();
    if (server === undefined) return;
    server.close();
    await once(server, 'close');
  }

  /** Listens, again on the same port after `kill`. */
  async comeBack(): Promise<void> {
    const server = createServer(
      { key: this.own.keyPem, cert: this.own.certPem, minVersion: 'TLSv1.3' },
      (request, response) => void this.#take(request, response),
    );
    server.on('connection', (socket: Socket) => {
      this.#sockets.add(socket);
      socket.once('close', () => this.#sockets.delete(socket));
    });
    server.on('tlsClientError', (_error, socket) => socket.destroy());
    server.listen(this.#port, this.host);
    await once(server, 'listening');
    this.#server = server;
    this.#port = (server.address() as AddressInfo).port;
  }

  async #take(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const left = new AbortController();
    this.inFlight += 1;
    this.mostInFlight = Math.max(this.mostInFlight, this.inFlight);
    response.once('close', () => {
      this.inFlight -= 1;
      if (response.writableFinished) return;
      this.aborted += 1;
      left.abort();
    });
    try {
      const parts: Buffer[] = [];
      for await (const part of request) parts.push(part as Buffer);
      if (request.headers.authorization !== `Bearer ${this.ticket}`)
        return json(response, 401, { error: { message: 'No' } });
      const body = JSON.parse(Buffer.concat(parts).toString()) as Record<string, unknown>;
      const call = { path: request.url ?? '', headers: request.headers, body, left: left.signal };
      this.calls.push(call);
      await this.script(call, response, this);
    } catch {
      response.destroy();
    }
  }
}

export interface Answering {
  /** Before the first token. */
  readonly firstTokenMs?: number;
  readonly tokenMs?: number;
  /** Where the call does not say. */
  readonly tokens?: number;
}

/** Answers as an engine does, so many tokens and so slowly. */
export const answering =
  ({ firstTokenMs = 0, tokenMs = 0, tokens = 5 }: Answering = {}): Script =>
  async (call, response) => {
    const { path, body, left } = call;
    const wanted = Number(body['max_tokens'] ?? body['max_completion_tokens'] ?? tokens);
    const usage = { prompt_tokens: 11, completion_tokens: wanted, total_tokens: 11 + wanted };
    const base = { id: 'scripted-1', created: 1_764_000_000, model: body['model'] };
    const words = Array.from({ length: wanted }, (_, n) => `w${n} `);
    const paused = async (ms: number) => {
      if (ms > 0) await sleep(ms, undefined, { signal: left });
    };
    await paused(firstTokenMs);
    if (path === '/v1/embeddings') {
      const input = Array.isArray(body['input']) ? body['input'] : [body['input']];
      const data = input.map((_, index) => ({ object: 'embedding', index, embedding: [0.5, -0.25, 1] }));
      const { model } = base;
      return json(response, 200, { object: 'list', data, model, usage: { prompt_tokens: 4, total_tokens: 4 } });
    }
    const isChat = path === '/v1/chat/completions';
    if (body['stream'] !== true) {
      await paused(tokenMs * wanted);
      const content = words.join('');
      const message = isChat ? messageOf(call, content) : undefined;
      const choice = { index: 0, finish_reason: message?.tool_calls ? 'tool_calls' : 'stop', logprobs: null };
      const object = isChat ? 'chat.completion' : 'text_completion';
      return json(response, 200, {
        ...base,
        object,
        choices: [{ ...choice, ...(message ? { message } : { text: content }) }],
        usage,
      });
    }
    response.writeHead(200, { 'content-type': 'text/event-stream' });
    const object = isChat ? 'chat.completion.chunk' : 'text_completion';
    const say = (choices: readonly object[], more: object = {}) =>
      response.write(`data: ${JSON.stringify({ ...base, object, choices, ...more })}\n\n`);
    if (isChat) say([{ index: 0, delta: { role: 'assistant', content: '' }, finish_reason: null }]);
    const tools = isChat ? messageOf(call, '').tool_calls : undefined;
    for (const [n, word] of words.entries()) {
      if (n > 0) await paused(tokenMs);
      if (left.aborted) return;
      if (tools === undefined)
        say([{ index: 0, ...(isChat ? { delta: { content: word } } : { text: word }), finish_reason: null }]);
      else if (n === 0)
        say([
          { index: 0, delta: { tool_calls: tools.map((tool, index) => ({ index, ...tool })) }, finish_reason: null },
        ]);
    }
    say([{ index: 0, ...(isChat ? { delta: {} } : { text: '' }), finish_reason: tools ? 'tool_calls' : 'stop' }]);
    const options = body['stream_options'] as { include_usage?: boolean } | undefined;
    if (options?.include_usage === true) say([], { usage });
    response.end('data: [DONE]\n\n');
  };

/** The words, or the call of the first tool when there are tools. */
function messageOf({ body }: InferenceCall, content: string) {
  const [tool] = (body['tools'] ?? []) as { function?: { name?: string } }[];
  if (tool === undefined) return { role: 'assistant', content };
  const call = {
    id: 'call_1',
    type: 'function',
    function: { name: tool.function?.name, arguments: '{"city":"Bern"}' },
  };
  return { role: 'assistant', content: null, tool_calls: [call] };
}

function json(response: ServerResponse, status: number, body: object): void {
  const text = JSON.stringify(body);
  response.writeHead(status, { 'content-type': 'application/json', 'content-length': Buffer.byteLength(text) });
  response.end(text);
}
