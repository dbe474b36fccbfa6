import { hostname } from 'node:os';

/** Which process of which service this is, as metrics and traces name it: `host:port` once it listens. */
export class Instance {
  #id = hostname();

  constructor(readonly service: string) {}

  get id(): string {
    return this.#id;
  }

  listensOn(port: number): void {
    this.#id = `${hostname()}:${port}`;
  }
}
