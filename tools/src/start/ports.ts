import { createHash } from 'node:crypto';
import { createServer } from 'node:net';
import * as z from 'zod';

const Port = z.number().int().min(1).max(65_535);

/** The ports of everything this command starts; remembered in the data folder so that a restart uses the same ones. */
export const Ports = z.object({
  console: Port,
  registry: Port,
  monitor: Port,
  stats: Port,
  webhooks: Port,
  /** Of the interface for applications. */
  router: Port,
  node: Port,
  postgres: Port,
  nats: Port,
});
export type Ports = z.infer<typeof Ports>;

/** Those of an earlier start; one of an older version knew fewer parts. */
export type RememberedPorts = { readonly [Part in keyof Ports]?: Ports[Part] | undefined };

const FIRST_NODE = 8022;
const FIRST_ROUTER = 8090;
/** Below 32,768, where Linux begins to hand out ports to outgoing connections. */
const FIRST_INTERNAL = 18_000;
const SLOTS = 1_000;
/** Parts whose port nobody types: the room between the places of two data folders. */
const INTERNAL_PARTS = 6;
const TRIES = 200;

/** A port that a person may choose; one that is only usual gives way when it is taken. */
export interface WantedPort {
  readonly port: number;
  readonly isFixed: boolean;
}

export type IsFree = (port: number) => Promise<boolean>;

/**
 * Where the search for the ports that nobody types begins: at a place of the data folder's own, so that two systems that
 * start at the same moment do not find the same port free.
 */
export const internalPorts = (dataFolder: string): number =>
  FIRST_INTERNAL + (createHash('sha256').update(dataFolder).digest().readUInt32BE() % SLOTS) * INTERNAL_PARTS;

/**
 * A free port for each part: the remembered one when it is free still, else the next free one after the usual. The
 * ports of the console and of the interface for applications may be fixed by the caller, who then learns that one is taken.
 */
export async function choosePorts(
  remembered: RememberedPorts,
  console: WantedPort,
  internal: number,
  isFree: IsFree,
  router: WantedPort = { port: FIRST_ROUTER, isFixed: false },
): Promise<Ports> {
  const first: Ports = {
    console: console.port,
    node: FIRST_NODE,
    router: router.port,
    registry: internal,
    monitor: internal + 1,
    postgres: internal + 2,
    nats: internal + 3,
    stats: internal + 4,
    webhooks: internal + 5,
  };
  const parts = Object.keys(first) as (keyof Ports)[];
  const chosen = new Map<keyof Ports, number>();
  const isTaken = (port: number): boolean => [...chosen.values()].includes(port);

  const fixed = [
    ['console', console, '--port'],
    ['router', router, '--api-port'],
  ] as const;
  for (const [part, { port, isFixed }, option] of fixed) {
    if (!isFixed) continue;
    if (isTaken(port) || !(await isFree(port)))
      throw new Error(`Port ${port} is taken. End what listens there, or choose another with ${option}.`);
    chosen.set(part, port);
  }
  // What is remembered comes first, so that one that has to move takes no other's place.
  for (const part of parts) {
    const port = remembered[part];
    if (port !== undefined && !chosen.has(part) && !isTaken(port) && (await isFree(port))) chosen.set(part, port);
  }
  for (const part of parts) {
    for (let port = first[part]; !chosen.has(part); port += 1) {
      if (port > 65_535 || port >= first[part] + TRIES)
        throw new Error(`No free port for ${part} between ${first[part]} and ${port - 1}.`);
      if (!isTaken(port) && (await isFree(port))) chosen.set(part, port);
    }
  }
  return Ports.parse(Object.fromEntries(chosen));
}

/**
 * What the next start should try first. The node service's port is part of the address under which this machine was
 * registered: when it had to give way, it goes back as soon as it can. The other ports nobody has written down.
 */
export const portsToRemember = (remembered: RememberedPorts, chosen: Ports): Ports => ({
  ...chosen,
  node: remembered.node ?? chosen.node,
});

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
