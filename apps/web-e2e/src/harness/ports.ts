import { type AddressInfo, connect, createServer, type Server, type Socket } from 'node:net';

/** Whether somebody takes connections on this port. */
export function listens(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect({ host: '127.0.0.1', port });
    const end = (answer: boolean) => () => {
      socket.destroy();
      resolve(answer);
    };
    socket.once('connect', end(true));
    socket.once('error', end(false));
  });
}

/** A port that is no node: it answers with `banner`, or takes connections and says nothing. */
export async function otherServer(banner?: string): Promise<{ port: number; close(): Promise<void> }> {
  const sockets = new Set<Socket>();
  const server: Server = createServer((socket) => {
    sockets.add(socket);
    socket.on('error', () => undefined);
    if (banner !== undefined) socket.on('data', () => socket.end(banner));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    port: (server.address() as AddressInfo).port,
    close: async () => {
      for (const socket of sockets) socket.destroy();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

/** A port on which nobody listens at this moment. */
export async function freePort(): Promise<number> {
  const { port, close } = await otherServer();
  await close();
  return port;
}
