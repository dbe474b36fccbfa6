import { execFile } from 'node:child_process';
import { accessSync, constants } from 'node:fs';
import { delimiter, isAbsolute, join } from 'node:path';
import { promisify } from 'node:util';
import { errorCode } from '../../error-code.js';
import { type Engine, type EngineAvailability, EngineFailure } from '../engine.js';
import { environmentWithoutSecrets } from '../process-run.js';
import { startLlamaServer } from './llama-server-run.js';

const LOOK_WITHIN_MS = 20_000;

export interface LlamaServerOptions {
  /** A program, or a name to be looked for on the path. */
  readonly program: string;
  /** A path for a run's socket, another one each time. */
  readonly nextSocket: () => `${string}.sock`;
}

/** `llama-server` of llama.cpp, as it is installed on this machine. Looked for once, here. */
export async function openLlamaServer({ program, nextSocket }: LlamaServerOptions): Promise<Engine> {
  const path = onPath(program, process.env['PATH'] ?? '');
  const availability: EngineAvailability =
    path === undefined
      ? { state: 'missing', words: `There is no program ${program}${isAbsolute(program) ? '' : ' on the path'}.` }
      : await tryProgram(path);
  return {
    name: 'llama-server',
    availability: () => availability,
    // It stays as it was found until the node starts again.
    onAvailability: () => () => undefined,
    start: (spec, listener) => {
      if (path === undefined || availability.state !== 'ready') throw new EngineFailure(availability.words);
      const wanted = spec.parameters.gpuBackend ?? 'auto';
      if (wanted !== 'auto' && wanted !== 'cpu')
        throw new EngineFailure(
          `llama-server computes on what it was built for: the GPU backend can be auto or cpu, not ${wanted}.`,
        );
      return startLlamaServer(path, nextSocket(), spec, listener);
    },
  };
}

async function tryProgram(path: string): Promise<EngineAvailability> {
  try {
    const { stdout, stderr } = await promisify(execFile)(path, ['--version'], {
      timeout: LOOK_WITHIN_MS,
      env: environmentWithoutSecrets(process.env),
    });
    const version = /^version: (.+)$/m.exec(`${stdout}\n${stderr}`)?.[1]?.slice(0, 100);
    return { state: 'ready', words: `llama-server${version === undefined ? '' : ` ${version}`} (${path}) is ready.` };
  } catch (error) {
    return { state: 'missing', words: `${path} can not be run (${errorCode(error) ?? 'it fails'}).` };
  }
}

function onPath(program: string, path: string): string | undefined {
  const candidates = program.includes('/')
    ? [program]
    : path
        .split(delimiter)
        .filter((folder) => folder !== '')
        .map((folder) => join(folder, program));
  return candidates.find((candidate) => {
    try {
      accessSync(candidate, constants.X_OK);
      return true;
    } catch {
      return false;
    }
  });
}
