import { resolve } from 'node:path';
import { type Command, InvalidArgumentError, Option } from 'commander';
import * as z from 'zod/mini';
import type { EngineConfig } from './engines.js';
import { MAX_CONFIGURED } from './external/watch-servers.js';

/** What Commander makes of the options below. */
export interface EngineOptions {
  readonly engine: EngineConfig['builtIn'];
  readonly engineFolder?: string;
  readonly llamaServer: string;
  readonly engineUrl?: readonly string[];
  readonly engineDiscovery: 'on' | 'off';
}

/** The part of the environment that is about engines and has no option of its own. */
export const engineEnvironment = {
  /** Several, with commas between them. */
  MUSTER_ENGINE_URLS: z.optional(z.string()),
  /** For servers that ask for one. Never an option: other users of the machine see a program's options. */
  MUSTER_ENGINE_KEY: z.optional(
    z.string().check(z.regex(/^[\x21-\x7e]{1,4096}$/, 'MUSTER_ENGINE_KEY must be printable and without spaces')),
  ),
};
export type EngineEnvironment = { [Name in keyof typeof engineEnvironment]?: string | undefined };

/** The address of a server without its path; `/v1` at the end is what people copy. Throws with words for the terminal. */
export function serverOrigin(text: string): string {
  const url = URL.canParse(text.trim()) ? new URL(text.trim()) : undefined;
  if (url === undefined || !['http:', 'https:'].includes(url.protocol))
    throw new InvalidArgumentError('An engine must be an address of the form http://host:port.');
  if (url.username !== '' || url.password !== '')
    throw new InvalidArgumentError('Put the key of an engine into MUSTER_ENGINE_KEY, not into its address.');
  if (!['/', '/v1', '/v1/'].includes(url.pathname) || url.search !== '')
    throw new InvalidArgumentError('An engine must be an address without a path: /v1 is taken for granted.');
  return url.origin;
}

const someUrls = (text: string, before: readonly string[] = []): readonly string[] => {
  const urls = [...before, serverOrigin(text)];
  if (urls.length > MAX_CONFIGURED) throw new InvalidArgumentError(`At most ${MAX_CONFIGURED} engines can be named.`);
  return urls;
};

/** Adds the options about engines to a command. */
export const addEngineOptions = (command: Command): Command =>
  command
    .addOption(
      new Option('--engine <what>', 'the built-in engine: fetch it when it is not there, keep what is there, or off')
        .env('MUSTER_ENGINE')
        .choices(['fetch', 'keep', 'off'])
        .default('fetch'),
    )
    .addOption(
      new Option(
        '--engine-folder <folder>',
        'where the built-in engine is kept; `engines` in the data folder otherwise',
      ).env('MUSTER_ENGINE_FOLDER'),
    )
    .addOption(
      new Option('--llama-server <program>', 'llama-server of llama.cpp: a path, a name on the path, or off')
        .env('MUSTER_LLAMA_SERVER')
        .default('llama-server'),
    )
    .addOption(
      new Option(
        '--engine-url <url>',
        'an OpenAI-style server whose models this node offers; may be given several times',
      ).argParser(someUrls),
    )
    .addOption(
      new Option(
        '--engine-discovery <on|off>',
        'look for Ollama, LM Studio and vLLM on their usual ports of this machine',
      )
        .env('MUSTER_ENGINE_DISCOVERY')
        .choices(['on', 'off'])
        .default('on'),
    );

/** What the options and the environment say of engines. Throws InvalidArgumentError when an address of the environment is wrong. */
export function engineConfig(options: EngineOptions, env: EngineEnvironment): EngineConfig {
  const named =
    options.engineUrl ??
    (env.MUSTER_ENGINE_URLS ?? '')
      .split(',')
      .filter((text) => text.trim() !== '')
      .reduce<readonly string[]>((urls, text) => someUrls(text, urls), []);
  const key = env.MUSTER_ENGINE_KEY;
  const headers = key === undefined ? {} : { headers: { authorization: `Bearer ${key}` } };
  return {
    builtIn: options.engine,
    folder: options.engineFolder === undefined ? undefined : resolve(options.engineFolder),
    llamaServer: options.llamaServer,
    servers: [...new Set(named)].map((origin) => ({ origin, ...headers })),
    discover: options.engineDiscovery === 'on',
  };
}
