import type { Gpu, LogLevel } from '@muster/contracts';
import { join } from 'node:path';
import { openBuiltIn } from './built-in/built-in-engine.js';
import type { Engine, EngineAddress } from './engine.js';
import { KNOWN_PORTS, watchServers } from './external/watch-servers.js';
import type { ExternalServers } from './external-server.js';
import { openLlamaServer } from './llama-server/llama-server-engine.js';
import { socketFolder } from './socket-folder.js';

/** What the node's options and environment say of engines. */
export interface EngineConfig {
  /** Fetch it when it is not there, use it where it is there, or do without. */
  readonly builtIn: 'fetch' | 'keep' | 'off';
  /** Where the built-in engine is kept; `engines` in the data folder unless told otherwise. */
  readonly folder: string | undefined;
  /** The program, or `off`. */
  readonly llamaServer: string;
  /** OpenAI-style servers that somebody named. */
  readonly servers: readonly EngineAddress[];
  /** Whether to look for such servers on their usual ports of this machine. */
  readonly discover: boolean;
}

export interface Engines {
  /** Those that can serve a file, the preferred one first. */
  readonly engines: readonly Engine[];
  readonly servers: ExternalServers;
  /** Ends what runs beside the runs: to be called after they have been stopped. */
  close(): Promise<void>;
}

/** Opens the engines of a node. Nothing of it waits for the network. */
export async function openEngines(
  config: EngineConfig,
  data: string,
  gpus: readonly Pick<Gpu, 'vendor'>[],
  log: (level: LogLevel, text: string) => void,
): Promise<Engines> {
  const sockets = socketFolder(data);
  let numbered = 0;
  const nextSocket = (): `${string}.sock` => `${join(sockets.path, String((numbered += 1)))}.sock`;
  const builtIn =
    config.builtIn === 'off'
      ? undefined
      : await openBuiltIn({
          folder: config.folder ?? join(data, 'engines'),
          nextSocket,
          gpus,
          mayFetch: config.builtIn === 'fetch',
          log,
        });
  const llamaServer =
    config.llamaServer === 'off' ? undefined : await openLlamaServer({ program: config.llamaServer, nextSocket });
  const llamaServerState = llamaServer?.availability();
  // Without a word of its own about it, nobody expects one.
  if (llamaServerState?.state === 'ready' || config.llamaServer !== 'llama-server')
    if (llamaServerState !== undefined)
      log(llamaServerState.state === 'ready' ? 'info' : 'warning', llamaServerState.words);
  const servers = watchServers({
    configured: config.servers,
    ports: config.discover ? KNOWN_PORTS : [],
    log,
  });
  return {
    engines: [builtIn, llamaServer].filter((engine) => engine !== undefined),
    servers,
    close: async () => {
      await Promise.all([servers.stop(), builtIn?.close()]);
      sockets.remove();
    },
  };
}
