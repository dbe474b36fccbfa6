import { createServer } from 'node:net';
import * as z from 'zod';

const Port = z.number().int().min(1).max(65_535);

/** The ports of everything this command starts; remembered in the data folder so that a restart uses the same ones. */
export const Ports = z.object({
  console: Port,
  registry: Port,
  monitor: Port,
  node: Port,
  postgres: Port,
  nats: Port,
});
export type Ports = z.infer<typeof Ports>;

/** Where the search begins when nothing is remembered. Beside the well-known port of each, so that a system's own is not met. */
const FIRST: Ports = { console: 8080, registry: 18_081, monitor: 18_082, node: 8022, postgres: 15_432, nats: 14_222 };
const TRIES = 200;

export type IsFree = (port: number) => Promise<boolean>;

/**
 * A free port for each part: the remembered one when it is free still, else the next free one after the usual. The
 * console's port may be fixed by the caller, who then learns that it is taken.
 */
export async function choosePorts(
  remembered: Partial<Ports>,
  console: { port: number; isFixed: boolean },
  isFree: IsFree,
): Promise<Ports> {
  const taken = new Set<number>();
  const next = async (part: string, first: number, wanted: number | undefined): Promise<number> => {
    const candidates = [
      ...(wanted === undefined ? [] : [wanted]),
      ...Array.from({ length: TRIES }, (_, n) => first + n),
    ];
    for (const port of candidates) {
      if (port > 65_535 || taken.has(port) || !(await isFree(port))) continue;
      taken.add(port);
      return port;
    }
    throw new Error(`No free port for ${part} between ${first} and ${first + TRIES}.`);
  };
  if (console.isFixed && !(await isFree(console.port)))
    throw new Error(`Port ${console.port} is taken. End what listens there, or choose another with --port.`);
  const consolePort = console.isFixed ? console.port : await next('the console', console.port, remembered.console);
  taken.add(consolePort);
  return {
    console: consolePort,
    registry: await next('registry', FIRST.registry, remembered.registry),
    monitor: await next('monitor', FIRST.monitor, remembered.monitor),
    node: await next('node', FIRST.node, remembered.node),
    postgres: await next('postgres', FIRST.postgres, remembered.postgres),
    nats: await next('nats', FIRST.nats, remembered.nats),
  };
}

/** Whether nobody listens on the port, by whichever address of this machine a person or a browser may come. */
export async function isPortFree(port: number): Promise<boolean> {
  return (await canListen(port, '127.0.0.1')) && (await canListen(port, '::1')) && (await canListen(port, '0.0.0.0'));
}

function canListen(port: number, host: string): Promise<boolean> {
  return new Promise((resolve) => {
    const server = createServer();
    server.once('error', (error: NodeJS.ErrnoException) => {
      // A machine without IPv6 has nobody there either.
      resolve(error.code === 'EADDRNOTAVAIL' || error.code === 'EAFNOSUPPORT');
    });
    server.listen({ port, host, exclusive: true }, () => {
      server.close(() => {
        resolve(true);
      });
    });
  });
}
