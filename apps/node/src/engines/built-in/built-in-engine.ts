import { mkdirSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import type { Gpu, LogLevel } from '@muster/contracts';
import { takeName } from '../../data-folder.js';
import { type Engine, type EngineAvailability, EngineFailure } from '../engine.js';
import { startBuiltIn, tryLibrary } from './built-in-run.js';
import { installedLibrary, installLibrary, type Library, UnusableBinary } from './install.js';
import { readMachineFacts } from './machine-facts.js';
import { type Backend, binariesFor, type Binary, ENGINE_VERSION, unusedGpus } from './release.js';

export interface BuiltInOptions {
  /** Where the library is kept; several nodes of one machine may share it. */
  readonly folder: string;
  /** A path for a run's socket, another one each time. */
  readonly nextSocket: () => `${string}.sock`;
  readonly gpus: readonly Pick<Gpu, 'vendor'>[];
  /** Whether it may be fetched when it is not there yet. */
  readonly mayFetch: boolean;
  readonly log: (level: LogLevel, text: string) => void;
  /** The child's compiled program, where it does not lie beside this. */
  readonly program?: string;
}

const LOOK_EVERY_MS = 500;
const AGAIN_AFTER_MS = 60_000;
const AGAIN_AT_MOST_MS = 60 * 60_000;

/**
 * The engine that comes with the node: node-llama-cpp, fetched into the data folder in the background when it is not there.
 * An attempt that fails is repeated after a minute, then after twice as long each, up to an hour. `close` ends that; runs go on.
 */
export async function openBuiltIn(options: BuiltInOptions): Promise<Engine & { close(): Promise<void> }> {
  const program = options.program ?? fileURLToPath(new URL('./child/main.js', import.meta.url));
  const engines = options.folder;
  const facts = await readMachineFacts(options.gpus);
  const binaries = binariesFor(facts);
  const listeners = new Set<(availability: EngineAvailability) => void>();
  const closing = new AbortController();
  let library: Library | undefined;
  let now: EngineAvailability = { state: 'missing', words: 'The built-in engine is not installed.' };
  let again: NodeJS.Timeout | undefined;

  const become = (next: EngineAvailability) => {
    now = next;
    for (const listener of listeners) listener(next);
  };
  const use = (found: Library) => {
    library = found;
    const words = `The built-in engine (node-llama-cpp ${ENGINE_VERSION}, ${found.backend}) is ready.`;
    options.log('info', words);
    become({ state: 'ready', words });
  };

  const install = async (binary: Binary, passedOver: readonly Backend[]): Promise<Library> => {
    // Another node may have done it while this one waited for its turn.
    const already = installedLibrary(engines, binary);
    if (already !== undefined) return already;
    options.log('info', `Fetching the built-in engine (node-llama-cpp ${ENGINE_VERSION}, ${binary.backend})`);
    mkdirSync(engines, { recursive: true, mode: 0o700 });
    return installLibrary(
      engines,
      { ...binary, passedOver },
      {
        progress: (words, progress) => become({ state: 'installing', words, progress }),
        line: (text) => options.log('debug', text),
      },
      (found) => tryLibrary({ program, library: found }, (text) => options.log('debug', text)),
      closing.signal,
    );
  };

  /** One at a time, also where several nodes share the folder. */
  const alone = async <T>(act: () => Promise<T>): Promise<T> => {
    for (;;) {
      const lock = await takeName(engines);
      if (lock === undefined) {
        become({ state: 'installing', words: 'Another node is fetching the engine' });
        await sleep(LOOK_EVERY_MS, undefined, { signal: closing.signal });
        continue;
      }
      try {
        return await act();
      } finally {
        lock.close();
      }
    }
  };

  /** The best binary that works; one that does not is passed over, since the processor alone is better than nothing. */
  const installBest = async (): Promise<Library> => {
    let failure: unknown;
    const passedOver: Backend[] = [];
    for (const binary of binaries) {
      try {
        return installedLibrary(engines, binary) ?? (await alone(() => install(binary, passedOver)));
      } catch (error) {
        closing.signal.throwIfAborted();
        failure = error;
        // What could not be fetched is tried again at the next start; what does not work here is not.
        if (error instanceof UnusableBinary) passedOver.push(binary.backend);
        const rest = binary === binaries.at(-1) ? '' : ' The next best is tried.';
        options.log('warning', `The built-in engine for ${binary.backend} can not be used: ${wordsOf(error)}.${rest}`);
      }
    }
    throw failure;
  };

  const attempt = async (pauseMs: number): Promise<void> => {
    become({ state: 'installing', words: 'Fetching the engine', progress: 0 });
    try {
      use(await installBest());
    } catch (error) {
      if (closing.signal.aborted) return;
      const minutes = Math.round(pauseMs / 60_000);
      become({
        state: 'missing',
        words: `The built-in engine could not be installed: ${wordsOf(error)}. It is tried again in ${minutes} min.`,
      });
      options.log('error', now.words);
      again = setTimeout(() => (installing = attempt(Math.min(pauseMs * 2, AGAIN_AT_MOST_MS))), pauseMs);
      again.unref();
    }
  };

  const unused = unusedGpus(facts);
  if (unused !== undefined) options.log('warning', unused);
  const [best] = binaries;
  const found = binaries.map((binary) => installedLibrary(engines, binary)).find((one) => one !== undefined);
  const better = binaries.slice(
    0,
    Math.max(
      0,
      binaries.findIndex(({ backend }) => backend === found?.backend),
    ),
  );
  const isBest = better.every(({ backend }) => found?.passedOver.includes(backend));
  let installing: Promise<void> = Promise.resolve();
  if (best === undefined)
    become({
      state: 'missing',
      words: `There is no binary of the built-in engine for this machine (${facts.platform} ${facts.arch}${facts.platform === 'linux' && !facts.glibc ? ' without glibc' : ''}). Use llama-server or a server that runs already.`,
    });
  else if (found !== undefined && (isBest || !options.mayFetch)) use(found);
  else if (options.mayFetch) installing = attempt(AGAIN_AFTER_MS);
  else
    become({ state: 'missing', words: 'The built-in engine is not installed, and the node was told not to fetch it.' });

  return {
    name: 'built-in',
    availability: () => now,
    onAvailability: (listener) => {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    start: (spec, listener) => {
      if (library === undefined) throw new EngineFailure(now.words);
      const wanted = spec.parameters.gpuBackend ?? 'auto';
      if (wanted !== 'auto' && wanted !== 'cpu' && wanted !== library.backend)
        throw new EngineFailure(`The built-in engine computes on ${library.backend} here, not on ${wanted}.`);
      return startBuiltIn({ program, library, socketPath: options.nextSocket() }, spec, listener);
    },
    close: async () => {
      closing.abort(new EngineFailure('The node is stopping'));
      clearTimeout(again);
      await installing;
    },
  };
}

const wordsOf = (error: unknown): string => (error instanceof Error ? error.message : String(error));
