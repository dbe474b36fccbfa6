import { connect } from 'node:net';
import { join } from 'node:path';
import type { DataFolder } from './data-folder.js';
import { allocator, heapArguments } from './memory.js';
import type { StartOptions } from './options.js';
import type { PartSpec } from './part.js';
import type { Ports } from './ports.js';

/** What the services are told, secrets among it; handed over in their environment alone. */
export interface ServiceSettings {
  readonly root: string;
  readonly folder: DataFolder;
  readonly ports: Ports;
  readonly options: StartOptions;
  readonly databaseUrl: string;
  /** Where each service finds the bus. */
  readonly natsUrls: Readonly<Record<ServiceName, string>>;
  /** What the registry is told beside, so that outsiders may use the bus; of a bus that came along. */
  readonly outsiders: { readonly systemUrl: string; readonly usersFile: string; readonly logFile: string } | undefined;
  readonly secret: string;
  readonly firstCode: string;
  readonly accessKeyFile: string;
  readonly env: NodeJS.ProcessEnv;
}

export type ServiceName = 'registry' | 'monitor' | 'stats' | 'gateway' | 'router' | 'webhooks';

/** How each service is started: its compiled program, its own part of the environment, and how it says that it is ready. */
export function serviceParts(settings: ServiceSettings): Record<ServiceName, PartSpec> {
  const { ports, options, databaseUrl, outsiders, secret, firstCode } = settings;
  const common = { LOG_FORMAT: 'json' };
  const stored = { ...common, DATABASE_URL: databaseUrl, MUSTER_SECRET: secret, HOST: '127.0.0.1' };
  // On this machine nodes do live beside the Gateway, until somebody says otherwise in the console.
  const dial = { MUSTER_DIAL_LOOPBACK: 'on' };
  const own = [ports.console, ports.registry, ports.monitor, ports.stats, ports.router, ports.webhooks]
    .map((port) => `localhost:${port}`)
    .join(',');
  const localNode = options.withNode ? `localhost:${ports.node}` : 'off';
  return {
    registry: service(settings, 'registry', '127.0.0.1', ports.registry, {
      ...stored,
      ...dial,
      MUSTER_FIRST_CODE: firstCode,
      MUSTER_LOCAL_NODE: localNode,
      ...(outsiders && {
        NATS_SYSTEM_URL: outsiders.systemUrl,
        NATS_USERS_FILE: outsiders.usersFile,
        NATS_LOG_FILE: outsiders.logFile,
      }),
    }),
    monitor: service(settings, 'monitor', '127.0.0.1', ports.monitor, {
      ...stored,
      ...dial,
      // Muster's own other ports are never nodes.
      MUSTER_OWN_ADDRESSES: own,
    }),
    stats: service(settings, 'stats', '127.0.0.1', ports.stats, {
      ...common,
      DATABASE_URL: databaseUrl,
      HOST: '127.0.0.1',
    }),
    gateway: service(settings, 'gateway', options.host, ports.console, {
      ...common,
      HOST: options.host,
      MUSTER_LOCAL_NODE: localNode,
      MUSTER_API_URL: apiAddress(options, ports.router),
      PUBLIC_URL: consoleAddress(options, ports.console),
      WEB_ROOT: join(settings.root, 'apps/web/dist/browser'),
    }),
    webhooks: service(settings, 'webhooks', '127.0.0.1', ports.webhooks, {
      ...stored,
      // Whoever tries Muster out has the receiver beside it.
      MUSTER_WEBHOOKS_LOOPBACK: 'on',
      MUSTER_OWN_ADDRESSES: own,
    }),
    router: service(settings, 'router', options.host, ports.router, {
      ...common,
      HOST: options.host,
      MUSTER_SECRET: secret,
      MUSTER_ROUTER_DATA: settings.folder.router,
    }),
  };
}

/** The node service for this machine, which only the Gateway beside it may reach. */
export function nodePart({ root, folder, ports, options, accessKeyFile, env }: ServiceSettings): PartSpec {
  return {
    name: 'node service',
    file: process.execPath,
    args: [
      join(root, 'apps/node/dist/main.js'),
      ...['--port', String(ports.node), '--bind', '127.0.0.1'],
      ...['--data', folder.node, '--access-key-file', accessKeyFile],
    ],
    env: options.withEngine ? env : { ...env, MUSTER_ENGINE: 'keep' },
    stopSignal: 'SIGTERM',
    stopWithinMs: 10_000,
    port: ports.node,
    ready: () => listens(ports.node),
    readyWithinMs: 30_000,
    remedy: 'Leave it out with --no-node if you do not need this machine as a node.',
  };
}

/** Where people open the console. */
export const consoleAddress = (options: StartOptions, port: number): string =>
  options.publicUrl ?? addressOf(options, port);

/** Where applications send requests: the base URL of an OpenAI client. */
export const apiAddress = (options: StartOptions, port: number): string => `${addressOf(options, port)}/v1`;

function addressOf({ host }: StartOptions, port: number): string {
  const isThisMachine = ['127.0.0.1', '::1', 'localhost', '0.0.0.0', '::'].includes(host);
  return `http://${isThisMachine ? 'localhost' : host.includes(':') ? `[${host}]` : host}:${port}`;
}

function service(
  { root, env, natsUrls }: ServiceSettings,
  name: ServiceName,
  host: string,
  port: number,
  own: NodeJS.ProcessEnv,
): PartSpec {
  return {
    name,
    file: process.execPath,
    args: [...heapArguments(name), join(root, `apps/${name}/dist/main.js`)],
    env: { ...env, ...allocator(name), ...own, NATS_URL: natsUrls[name], PORT: String(port) },
    stopSignal: 'SIGTERM',
    stopWithinMs: 10_000,
    port,
    ready: () => isReady(host, port),
    readyWithinMs: 60_000,
    remedy: 'Start again; if it stays so, look into its log.',
  };
}

/** Where this machine itself reaches what listens on this address. */
export const localUrl = (host: string, port: number): string => {
  const reached = host === '0.0.0.0' || host === '::' ? '127.0.0.1' : host;
  return `http://${reached.includes(':') ? `[${reached}]` : reached}:${port}`;
};

async function isReady(host: string, port: number): Promise<void> {
  const response = await fetch(`${localUrl(host, port)}/health/ready`, { signal: AbortSignal.timeout(5_000) });
  await response.body?.cancel();
  if (response.status !== 200) throw new Error(`/health/ready answers ${response.status}`);
}

function listens(port: number): Promise<void> {
  return new Promise((resolve, reject) => {
    const socket = connect({ host: '127.0.0.1', port });
    socket.once('connect', () => {
      socket.destroy();
      resolve();
    });
    socket.once('error', reject);
  });
}
