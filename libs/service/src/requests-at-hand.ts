import type { Server, ServerResponse } from 'node:http';
import { Bag } from './bag.js';

/** Knows the HTTP requests that wait for their answer, so that a service that stops can finish them. */
export class RequestsAtHand {
  readonly #answers = new Bag<{ index: number; readonly response: ServerResponse }>();
  #finishing = false;
  #idle: () => void = () => undefined;

  constructor(private readonly server: Server) {
    // Before whoever answers: the headers of an answer say whether its connection stays.
    server.prependListener('request', (_request, response: ServerResponse) => {
      const answer = { index: 0, response };
      this.#answers.add(answer);
      if (this.#finishing) response.shouldKeepAlive = false;
      response.once('close', () => {
        this.#answers.remove(answer);
        if (this.#answers.size === 0) this.#idle();
      });
    });
  }

  /**
   * Takes no new connections; resolves when every request is answered. Each answer that begins from now on is the last one of
   * its connection, so that a client with much to ask goes elsewhere. Upgraded sockets are not requests.
   */
  async finish(): Promise<void> {
    this.#finishing = true;
    for (const { response } of this.#answers.all) response.shouldKeepAlive = false;
    this.server.close();
    this.server.closeIdleConnections();
    if (this.#answers.size > 0) await new Promise<void>((resolve) => (this.#idle = resolve));
  }
}
