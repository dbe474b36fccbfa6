import { join, resolve } from 'node:path';
import { exitCodes, StartFailure } from '../start-failure.js';
import { unitFile } from './unit-file.js';

export const SERVICE = 'muster-node';
const SYSTEM_DATA = `/var/lib/${SERVICE}`;
const SYSTEM_UNITS = '/etc/systemd/system';
/** Groups that own the devices of graphics processors on usual systems. */
const GRAPHICS = ['video', 'render'];

/** What of this machine decides how the service is installed. */
export interface Machine {
  readonly home: string;
  /** The Node that runs this program, and the program, whole paths. */
  readonly node: string;
  readonly program: string;
  readonly groups: ReadonlySet<string>;
}

export interface ServiceCommand {
  /** For the user who installs it, not for the machine. */
  readonly own: boolean;
  /** Only shown, nothing changed. */
  readonly print: boolean;
  /** What is left of the arguments: the node's own options. */
  readonly options: readonly string[];
}

/** The arguments behind `install-service`. */
export const readServiceCommand = (args: readonly string[]): ServiceCommand => ({
  own: args.includes('--user'),
  print: args.includes('--print'),
  options: args.filter((arg) => arg !== '--user' && arg !== '--print'),
});

export interface ServicePlan {
  /** The user that the service runs as; undefined for a unit of the user's own. */
  readonly user: string | undefined;
  readonly data: string;
  readonly unitPath: string;
  readonly unit: string;
}

/**
 * Where the unit goes and what stands in it. `ownData` is the data folder of the user who installs it. Throws StartFailure
 * where the service could not run: a program that npx keeps for a while only, or one that another user can not enter.
 */
export function planService(
  { own, options }: ServiceCommand,
  port: number,
  ownData: string,
  machine: Machine,
): ServicePlan {
  const { node, program, home, groups } = machine;
  if (program.includes('/_npx/'))
    throw new StartFailure(
      'npx keeps this program for a while only. Install it first, with npm install --global and the same file or address.',
      exitCodes.configuration,
    );
  if (!own) for (const path of [node, program]) mustBeForAll(path);
  const given = withWholePaths(options);
  const data = given.includes('--data') || own ? ownData : SYSTEM_DATA;
  const user = own ? undefined : SERVICE;
  return {
    user,
    data,
    unitPath: join(own ? join(home, '.config/systemd/user') : SYSTEM_UNITS, `${SERVICE}.service`),
    unit: unitFile({
      command: [node, program, ...given, ...(given.includes('--data') ? [] : ['--data', data])],
      user,
      groups: GRAPHICS.filter((group) => groups.has(group)),
      data,
      lowPort: port > 0 && port < 1024,
    }),
  };
}

function mustBeForAll(path: string): void {
  if (!path.startsWith('/root/') && !path.startsWith('/home/')) return;
  throw new StartFailure(
    `The service's user can not enter ${path}. Install Node and this program for all users, or use --user.`,
    exitCodes.configuration,
  );
}

const PATHS = new Set(['--data', '--models']);
/** The key is put into the data folder; how it was given is not repeated at each start. */
const KEY = new Set(['--access-key-file', '--ask-access-key']);

/** The options as a service needs them: it runs in another folder, so paths are whole, and each stands apart from its name. */
function withWholePaths(options: readonly string[]): string[] {
  const words = options.flatMap((word) => {
    const [, name, value] = /^(--[a-z-]+)=(.*)$/s.exec(word) ?? [];
    return name === undefined || value === undefined ? [word] : [name, value];
  });
  return words.flatMap((word, n) => {
    const before = words[n - 1] ?? '';
    if (KEY.has(word) || before === '--access-key-file') return [];
    return [PATHS.has(before) ? resolve(word) : word];
  });
}
