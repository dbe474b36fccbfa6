import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Server, type Socket } from 'node:net';

/**
 * One address for several processes, as the edge of an installation is: each connection goes to the next of them, and past those
 * that do not take it. What comes after that is theirs alone, so a process that dies takes its connections with it.
 */
export class Front {
  #turn = 0;
  readonly #sockets = new Set<Socket>();

  private constructor(
    private readonly server: Server,
    private readonly ports: readonly number[],
  ) {}

  static async open(ports: readonly number[]): Promise<Front> {
    const server = createServer({ noDelay: true });
    const front = new Front(server, ports);
    server.on('connection', (socket) => front.#pass(socket, front.#turn++, ports.length));
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    return front;
  }

  get address(): string {
    return `http://127.0.0.1:${(this.server.address() as AddressInfo).port}`;
  }

  async close(): Promise<void> {
    const closed = once(this.server, 'close');
    this.server.close();
    for (const socket of this.#sockets) socket.destroy();
    await closed;
  }

  #pass(from: Socket, turn: number, tries: number): void {
    this.#keep(from);
    const to = connect({ host: '127.0.0.1', port: this.ports[turn % this.ports.length] ?? 0, noDelay: true });
    this.#keep(to);
    const refused = () => {
      if (tries > 1) this.#pass(from, turn + 1, tries - 1);
      else from.destroy();
    };
    to.once('error', refused);
    to.once('connect', () => {
      to.off('error', refused);
      from.pipe(to).pipe(from);
      to.once('close', () => from.destroy());
      from.once('close', () => to.destroy());
    });
  }

  #keep(socket: Socket): void {
    if (this.#sockets.has(socket)) return;
    this.#sockets.add(socket);
    socket.on('error', () => socket.destroy());
    socket.once('close', () => this.#sockets.delete(socket));
  }
}
