import type { Server, ServerResponse } from 'node:http';

/** Counts the HTTP requests that wait for their answer, so that a service that stops can finish them. */
export class RequestsAtHand {
  #count = 0;
  #idle: () => void = () => undefined;

  constructor(private readonly server: Server) {
    server.on('request', (_request, response: ServerResponse) => {
      this.#count += 1;
      response.once('close', () => {
        this.#count -= 1;
        if (this.#count === 0) this.#idle();
      });
    });
  }

  /** Takes no new connections; resolves when every request is answered. Upgraded sockets are not requests. */
  async finish(): Promise<void> {
    this.server.close();
    this.server.closeIdleConnections();
    if (this.#count > 0) await new Promise<void>((resolve) => (this.#idle = resolve));
  }
}
