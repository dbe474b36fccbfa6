import { type AddressInfo, connect, createServer, type Socket } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';

/** What happens to bytes on their way, in either direction. All off at first. */
export interface Faults {
  /** Each piece arrives this much later, plus up to `jitterMs`. */
  latencyMs: number;
  jitterMs: number;
  /** No more than this per direction; 0 = no limit. */
  bytesPerSecond: number;
  /** Pieces are cut into ones of at most this size; 0 = as they come. */
  sliceBytes: number;
  /** After so many bytes in one direction the connection is reset; 0 = never. */
  limitBytes: number;
  /** An end travels this much later than the last byte. */
  slowCloseMs: number;
  /** Connections stay open and carry nothing: bytes sent meanwhile are lost. */
  blackhole: boolean;
  /** New connections are ended at once. */
  down: boolean;
}

const NO_FAULTS: Faults = {
  latencyMs: 0,
  jitterMs: 0,
  bytesPerSecond: 0,
  sliceBytes: 0,
  limitBytes: 0,
  slowCloseMs: 0,
  blackhole: false,
  down: false,
};

export interface FaultProxy {
  readonly host: '127.0.0.1';
  readonly port: number;
  /** How many connections go through it now. */
  readonly connections: number;
  /** Changes some faults at once, for open connections too. */
  set(faults: Partial<Faults>): void;
  /** Takes all faults away. */
  heal(): void;
  /** Resets every open connection. */
  cut(): void;
  close(): Promise<void>;
}

/** A TCP proxy on a free port of 127.0.0.1 that disturbs what passes through it as told. */
export async function faultProxy(target: { host: string; port: number }): Promise<FaultProxy> {
  const faults: Faults = { ...NO_FAULTS };
  const sockets = new Set<Socket>();
  const server = createServer({ allowHalfOpen: true }, (client) => {
    if (faults.down) {
      client.resetAndDestroy();
      return;
    }
    const upstream = connect({ ...target, allowHalfOpen: true });
    for (const socket of [client, upstream]) {
      sockets.add(socket);
      socket.setNoDelay(true);
      socket.on('error', () => socket.destroy());
      socket.on('close', () => sockets.delete(socket));
    }
    carry(client, upstream, faults);
    carry(upstream, client, faults);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const cut = () => {
    for (const socket of sockets) socket.resetAndDestroy();
  };
  return {
    host: '127.0.0.1',
    port: (server.address() as AddressInfo).port,
    get connections() {
      return Math.ceil(sockets.size / 2);
    },
    set: (some) => void Object.assign(faults, some),
    heal: () => void Object.assign(faults, NO_FAULTS),
    cut,
    close: () => {
      cut();
      return new Promise((resolve) => server.close(() => resolve()));
    },
  };
}

/** Carries one direction. The source is paused while a piece is under way, so no more than one piece is ever held. */
function carry(from: Socket, to: Socket, faults: Faults): void {
  let carried = 0;
  let queue: Promise<unknown> = Promise.resolve();
  const then = (step: () => Promise<void>) => {
    queue = queue.then(step);
  };

  from.on('data', (piece) => {
    from.pause();
    then(async () => {
      for (const slice of slices(piece, faults.sliceBytes)) {
        const waitMs = delayMs(slice.length, faults);
        if (waitMs > 0) await sleep(waitMs);
        carried += slice.length;
        if (faults.limitBytes > 0 && carried > faults.limitBytes) {
          from.resetAndDestroy();
          to.resetAndDestroy();
          return;
        }
        if (!faults.blackhole && to.writable && !to.write(slice)) await drained(to);
      }
      from.resume();
    });
  });
  from.on('end', () => {
    then(async () => {
      if (faults.slowCloseMs > 0) await sleep(faults.slowCloseMs);
      if (!faults.blackhole) to.end();
    });
  });
  from.on('close', (hadError) => {
    then(async () => {
      if (faults.blackhole) return;
      if (hadError) to.resetAndDestroy();
      else if (!to.writableEnded) to.destroy();
    });
  });
}

function delayMs(bytes: number, { latencyMs, jitterMs, bytesPerSecond }: Faults): number {
  const onWireMs = bytesPerSecond > 0 ? (bytes * 1_000) / bytesPerSecond : 0;
  return latencyMs + Math.random() * jitterMs + onWireMs;
}

function* slices(piece: Buffer, sliceBytes: number): Iterable<Buffer> {
  const step = sliceBytes > 0 ? sliceBytes : piece.length;
  for (let at = 0; at < piece.length; at += step) yield piece.subarray(at, at + step);
}

const drained = (socket: Socket): Promise<void> =>
  new Promise((resolve) => {
    socket.once('drain', resolve);
    socket.once('close', () => resolve());
  });
