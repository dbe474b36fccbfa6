import { homedir } from 'node:os';
import { isIP } from 'node:net';
import { delimiter, join, resolve } from 'node:path';
import { DEFAULT_NODE_PORT, type LogLevel, NodeName } from '@muster/contracts';
import { Command, CommanderError, InvalidArgumentError, Option } from 'commander';
import * as z from 'zod/mini';
import { addEngineOptions, engineConfig, engineEnvironment, type EngineOptions } from './engines/engine-options.js';
import type { EngineConfig } from './engines/engines.js';
import { exitCodes, StartFailure } from './start-failure.js';

export interface NodeConfig {
  readonly port: number;
  readonly bind: string;
  /** Where the data folder is: certificate, key, and the access key when the node made one. */
  readonly data: string;
  readonly name: string | undefined;
  /** Folders with models; `models` in the data folder unless told otherwise. */
  readonly models: readonly string[];
  /** A file with one access key a line, at most two. */
  readonly accessKeyFile: string | undefined;
  /** Asked for on the terminal and kept in the data folder. */
  readonly askAccessKey: boolean;
  /** From the environment, where other users of the machine do not see it. */
  readonly accessKey: string | undefined;
  readonly engines: EngineConfig;
  readonly logFormat: 'json' | 'pretty' | undefined;
  readonly logLevel: LogLevel;
}

const parsedPort = (text: string): number => {
  const port = Number(text);
  if (!/^\d{1,5}$/.test(text) || port > 65_535)
    throw new InvalidArgumentError('The port must be a whole number from 1 to 65535, or 0 for a free one.');
  return port;
};
const parsedBind = (text: string): string => {
  if (isIP(text) === 0 && text !== 'localhost')
    throw new InvalidArgumentError(
      'The bind address must be an IP address of this machine, or 0.0.0.0 for all of them.',
    );
  return text;
};
const parsedName = (text: string): string => {
  const name = NodeName.safeParse(text);
  if (!name.success) throw new InvalidArgumentError(`${name.error.issues[0]?.message ?? 'The name is not valid'}.`);
  return name.data;
};

/** An option that may be given several times. */
const parsedModels = (text: string, before: readonly string[] = []): readonly string[] => {
  if (text.trim() === '') throw new InvalidArgumentError('The folder for models must have a name.');
  return [...before, text];
};

/** XDG Base Directory Specification: where a program of one user keeps its data. */
const dataFolder = (env: NodeJS.ProcessEnv): string =>
  join(env['XDG_DATA_HOME'] || join(homedir(), '.local', 'share'), 'muster-node');

/** The names that the other services know are understood too, since one environment often serves all. */
const levelNames = {
  trace: 'debug',
  debug: 'debug',
  info: 'info',
  warn: 'warning',
  warning: 'warning',
  error: 'error',
  fatal: 'critical',
  critical: 'critical',
} as const satisfies Record<string, LogLevel>;
type LevelName = keyof typeof levelNames;

const Environment = z.object({
  ...engineEnvironment,
  MUSTER_ACCESS_KEY: z.optional(z.string()),
  /** Folders as in PATH: one after the other, with a colon between them (on Windows a semicolon). */
  MUSTER_NODE_MODELS: z.optional(z.string()),
  LOG_FORMAT: z.optional(z.enum(['json', 'pretty'], 'LOG_FORMAT must be json or pretty')),
  LOG_LEVEL: z._default(
    z.enum(
      Object.keys(levelNames) as [LevelName, ...LevelName[]],
      'LOG_LEVEL must be debug, info, warning, error or critical',
    ),
    'info',
  ),
});

const HELP = `
Commands:
  ticket            print what calls of inference to this node carry (Authorization: Bearer …), for the node's --data
  install-service   install the node as a systemd service that runs with these options; --print only prints its unit,
                    --user installs it for you alone

The access key is read from --access-key-file, or else from MUSTER_ACCESS_KEY. Without either the node makes one at its
first start and prints it once. It is never an option of its own: other users of the machine see a program's options.`;

/**
 * What the options and the environment say. Undefined when only the help or the version was asked for, which is printed.
 * Throws StartFailure with one line that names the option or the variable and its rule.
 */
export function readCommandLine(
  args: readonly string[],
  env: NodeJS.ProcessEnv,
  version: string,
  print: (text: string) => void,
): NodeConfig | undefined {
  let problem = '';
  const command = new Command('muster-node')
    .description('The Muster node service: shows this machine to a Gateway and serves its models.')
    .version(version)
    .addOption(
      new Option('--port <port>', 'port to listen on')
        .env('MUSTER_NODE_PORT')
        .default(DEFAULT_NODE_PORT)
        .argParser(parsedPort),
    )
    .addOption(
      new Option('--bind <address>', 'address to listen on')
        .env('MUSTER_NODE_BIND')
        .default('0.0.0.0')
        .argParser(parsedBind),
    )
    .addOption(
      new Option('--access-key-file <file>', 'file with the access key; a second line is a second key').env(
        'MUSTER_ACCESS_KEY_FILE',
      ),
    )
    .addOption(new Option('--ask-access-key', 'ask for the access key on the terminal, and keep it in the data folder'))
    .addOption(
      new Option('--data <folder>', 'folder for the certificate and the access key')
        .env('MUSTER_NODE_DATA')
        .default(dataFolder(env)),
    )
    .addOption(
      new Option(
        '--models <folder>',
        'folder with models (GGUF files), in place of `models` in the data folder; may be given several times',
      ).argParser(parsedModels),
    )
    .addOption(
      new Option('--name <name>', 'what the node calls itself; its host name otherwise')
        .env('MUSTER_NODE_NAME')
        .argParser(parsedName),
    );
  addEngineOptions(command)
    .addHelpText('after', HELP)
    .allowExcessArguments(false)
    .exitOverride()
    .configureOutput({ writeOut: print, writeErr: () => undefined, outputError: (text) => (problem = text) });
  try {
    withEnvironment(env, () => command.parse([...args], { from: 'user' }));
  } catch (error) {
    if (!(error instanceof CommanderError)) throw error;
    if (error.exitCode === 0) return undefined;
    throw new StartFailure(oneLine(problem || error.message), exitCodes.usage);
  }
  const parsed = Environment.safeParse(present(env));
  if (!parsed.success)
    throw new StartFailure(parsed.error.issues[0]?.message ?? 'The environment is not valid', exitCodes.configuration);
  const options = command.opts<
    Pick<NodeConfig, 'port' | 'bind' | 'data' | 'name' | 'accessKeyFile'> & {
      models?: readonly string[];
      askAccessKey?: boolean;
    } & EngineOptions
  >();
  const data = resolve(options.data);
  const models = options.models ??
    parsed.data.MUSTER_NODE_MODELS?.split(delimiter).filter(Boolean) ?? [join(data, 'models')];
  return {
    port: options.port,
    bind: options.bind,
    data,
    name: options.name,
    models: models.map((folder) => resolve(folder)),
    accessKeyFile: options.accessKeyFile === undefined ? undefined : resolve(options.accessKeyFile),
    askAccessKey: options.askAccessKey ?? false,
    accessKey: parsed.data.MUSTER_ACCESS_KEY,
    engines: engines(() => engineConfig(options, parsed.data)),
    logFormat: parsed.data.LOG_FORMAT,
    logLevel: levelNames[parsed.data.LOG_LEVEL],
  };
}

function engines(read: () => EngineConfig): EngineConfig {
  try {
    return read();
  } catch (error) {
    if (!(error instanceof InvalidArgumentError)) throw error;
    throw new StartFailure(`MUSTER_ENGINE_URLS: ${error.message}`, exitCodes.configuration);
  }
}

const present = (env: NodeJS.ProcessEnv): NodeJS.ProcessEnv =>
  Object.fromEntries(Object.entries(env).filter(([, value]) => value !== ''));

/** Commander reads the environment of the process: here it is given one. */
function withEnvironment(env: NodeJS.ProcessEnv, act: () => void): void {
  const before = process.env;
  process.env = present(env);
  try {
    act();
  } finally {
    process.env = before;
  }
}

const oneLine = (text: string): string =>
  text
    .replace(/^error: /, '')
    .replace(/\s+/g, ' ')
    .trim();
