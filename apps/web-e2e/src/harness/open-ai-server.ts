import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';

/**
 * An OpenAI-style server with one model, as llama-server says it of itself: what a node finds running beside it. It answers each
 * chat with as many words as asked for, once it is let.
 */
export class OpenAiServer {
  #held: (() => void)[] | undefined;
  #fails = false;

  private constructor(
    private readonly server: Server,
    readonly url: string,
  ) {}

  static async start(model: string, slots: number): Promise<OpenAiServer> {
    const server = createServer();
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    const made = new OpenAiServer(server, `http://127.0.0.1:${(server.address() as AddressInfo).port}`);
    const json = (body: unknown) => JSON.stringify(body);
    server.on('request', (request, response) => {
      const said = (status: number, body: unknown) => {
        response.writeHead(status, { 'content-type': 'application/json' }).end(json(body));
      };
      if (request.url === '/v1/models')
        return said(200, { object: 'list', data: [{ id: model, owned_by: 'llamacpp' }] });
      if (request.url === '/props') return said(200, { total_slots: slots });
      if (request.method !== 'POST') return said(404, { error: { message: 'Not here' } });
      request.resume().on('end', () => {
        void made.#turn().then(() => {
          if (made.#fails) return said(500, { error: { message: 'Something broke', type: 'server_error' } });
          const message = { role: 'assistant', content: 'one two three' };
          const usage = { prompt_tokens: 5, completion_tokens: 3, total_tokens: 8 };
          const choices = [{ index: 0, message, finish_reason: 'stop' }];
          said(200, { id: 'chat-1', object: 'chat.completion', created: 1, model, choices, usage });
        });
      });
    });
    return made;
  }

  /** From now on nobody is answered until they are let. */
  hold(): void {
    this.#held ??= [];
  }

  letGo(): void {
    for (const go of this.#held ?? []) go();
    this.#held = undefined;
  }

  fail(fails: boolean): void {
    this.#fails = fails;
  }

  async stop(): Promise<void> {
    this.letGo();
    this.server.closeAllConnections();
    this.server.close();
    await once(this.server, 'close');
  }

  async #turn(): Promise<void> {
    const held = this.#held;
    if (held !== undefined) await new Promise<void>((resolve) => held.push(resolve));
  }
}
