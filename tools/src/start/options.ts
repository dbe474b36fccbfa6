import { parseArgs } from 'node:util';
import { resolve } from 'node:path';
import * as z from 'zod';

export interface StartOptions {
  /** Where the console listens: the first free port from here on unless `portIsFixed`. */
  readonly port: number;
  readonly portIsFixed: boolean;
  /** Where applications send requests: the first free port from 8090 on unless told. */
  readonly apiPort: number | undefined;
  readonly host: string;
  readonly dataFolder: string;
  /** Whether this machine is to be a node too. */
  readonly withNode: boolean;
  /** Whether that node may fetch the built-in engine. */
  readonly withEngine: boolean;
  /** A database and a bus that are there already. */
  readonly databaseUrl: string | undefined;
  readonly natsUrl: string | undefined;
  readonly publicUrl: string | undefined;
}

export const HELP = `Starts Muster: Postgres, NATS, the services, the console, and a node service for this machine.

  npm start -- [options]

  --port <n>      port of the console (default: 8080, or the next free one; kept over restarts)
  --api-port <n>  port for requests of applications (default: 8090, or the next free one; kept over restarts)
  --host <a>      address that both listen on (default: 127.0.0.1; 0.0.0.0 opens them to the network)
  --data <dir>    data folder (default: $MUSTER_DATA, or .muster in the clone)
  --no-node       do not start a node service for this machine
  --no-engine     do not fetch the engine with which this machine serves models
  --help          show this

Environment:
  DATABASE_URL, NATS_URL   use this Postgres or NATS instead of the ones that come along
  PUBLIC_URL               the address under which people open the console, when it is another one
  MUSTER_DATA              data folder
`;

const portOf = (option: string) =>
  z.coerce.number(`${option} must be a number`).int().min(1).max(65_535, `${option} must lie between 1 and 65535`);
const Port = portOf('--port');
const ApiPort = portOf('--api-port');
const urlOf = (name: string, protocols: RegExp) =>
  z.optional(z.url({ protocol: protocols, error: `${name} must be an address of the form ${protocols.source}://…` }));

/** What is wrong with how the command was called: one line for the terminal. */
export class WrongUsage extends Error {}

/** The options of `npm start` from its arguments and environment. Throws WrongUsage. `root` is the clone, `cwd` where it was typed. */
export function readOptions(
  args: readonly string[],
  env: NodeJS.ProcessEnv,
  root: string,
  cwd: string,
): StartOptions | 'help' {
  const options = {
    port: { type: 'string' },
    'api-port': { type: 'string' },
    host: { type: 'string' },
    data: { type: 'string' },
    node: { type: 'boolean', default: true },
    engine: { type: 'boolean', default: true },
    help: { type: 'boolean', short: 'h', default: false },
  } as const;
  const { values } = usage(() => parseArgs({ args: [...args], options, allowNegative: true }));
  if (values.help) return 'help';
  const data = values.data ?? (env['MUSTER_DATA'] || undefined);
  return usage(() => ({
    port: Port.parse(values.port ?? 8080),
    portIsFixed: values.port !== undefined,
    apiPort: values['api-port'] === undefined ? undefined : ApiPort.parse(values['api-port']),
    host: values.host ?? '127.0.0.1',
    dataFolder: data === undefined ? resolve(root, '.muster') : resolve(cwd, data),
    withNode: values.node,
    withEngine: values.engine,
    databaseUrl: urlOf('DATABASE_URL', /^postgres(ql)?$/).parse(env['DATABASE_URL'] || undefined),
    natsUrl: urlOf('NATS_URL', /^(nats|tls)$/).parse(env['NATS_URL'] || undefined),
    publicUrl: urlOf('PUBLIC_URL', /^https?$/).parse(env['PUBLIC_URL'] || undefined),
  }));
}

function usage<T>(read: () => T): T {
  try {
    return read();
  } catch (error) {
    const words = error instanceof z.ZodError ? error.issues[0]?.message : (error as Error).message;
    throw new WrongUsage(`${words ?? 'Unknown option'} (npm start -- --help tells more)`);
  }
}
