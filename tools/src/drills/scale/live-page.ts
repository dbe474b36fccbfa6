import type { ConsoleToServer, NodeSample, ServerToConsole } from '@muster/contracts';
import { io, type Socket } from 'socket.io-client';

/** What an open page of a node sees: its samples, over every socket that it needs one after the other. */
export class LivePage {
  /** The samples it has, by life of the node and number. */
  readonly #seen = new Map<string, Set<number>>();
  readonly #socket: Socket<ServerToConsole, ConsoleToServer>;
  /** Sockets that it had, and when the last one was lost and the one after it told something. Monotonic. */
  connections = 0;
  lostMs: number | undefined;
  backMs: number | undefined;

  constructor(
    address: string,
    cookie: string,
    readonly nodeId: string,
  ) {
    this.#socket = io(address, {
      transports: ['websocket'],
      forceNew: true,
      reconnectionDelay: 250,
      reconnectionDelayMax: 1_000,
      extraHeaders: { cookie },
    });
    this.#socket.on('connect', () => {
      this.connections += 1;
      this.#join();
    });
    this.#socket.on('disconnect', () => {
      this.lostMs = performance.now();
      this.backMs = undefined;
    });
    this.#socket.on('metrics:change', ({ nodeId: of, samples }) => {
      if (of === nodeId) this.#take(samples);
    });
    this.#socket.on('room:dirty', () => this.#join());
  }

  /** How many samples are missing between the first one and the last one that it has seen, of each life of the node. */
  get holes(): number {
    return [...this.#seen.values()].reduce((sum, numbers) => {
      const all = [...numbers];
      return sum + Math.max(...all) - Math.min(...all) + 1 - all.length;
    }, 0);
  }

  get samples(): number {
    return [...this.#seen.values()].reduce((sum, { size }) => sum + size, 0);
  }

  close(): void {
    this.#socket.disconnect();
  }

  #join(): void {
    this.#socket.emit('metrics:join', { nodeId: this.nodeId }, (joined) => {
      if (joined.ok) this.#take(joined.snapshot.samples);
      else setTimeout(() => this.#join(), 250);
    });
  }

  #take(samples: readonly NodeSample[]): void {
    if (samples.length > 0) this.backMs ??= performance.now();
    for (const { run, seq } of samples) {
      const numbers = this.#seen.get(run) ?? new Set();
      this.#seen.set(run, numbers.add(seq));
    }
  }
}
