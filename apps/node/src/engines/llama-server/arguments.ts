import type { LogLevel } from '@muster/contracts';
import type { RunSpec } from '../engine.js';

/** What `llama-server` is told for a run. It listens on a Unix socket when its host ends so. */
export function llamaServerArguments({ model, parameters }: RunSpec, socketPath: `${string}.sock`): string[] {
  const slots = parameters.slots ?? 1;
  const gpuLayers = parameters.gpuBackend === 'cpu' ? 0 : parameters.gpuLayers;
  const option = (name: string, value: number | undefined) => (value === undefined ? [] : [name, String(value)]);
  return [
    ...['--model', model.path, '--alias', model.name, '--host', socketPath],
    // Its context is that of all slots together.
    ...option('--ctx-size', parameters.contextTokens === undefined ? undefined : parameters.contextTokens * slots),
    ...option('--parallel', slots),
    ...option('--gpu-layers', gpuLayers),
    ...option('--threads', parameters.threads),
    ...option('--batch-size', parameters.batchTokens),
    '--metrics',
    ...(model.kind === 'embedding' ? ['--embeddings'] : ['--jinja']),
  ];
}

const levels: Readonly<Record<string, LogLevel>> = { E: 'error', W: 'warning' };

/** The level and text of a line: with prefixes on, its first letter tells; what it calls information is of use to few. */
export function parseLlamaServerLine(line: string): { level: LogLevel; text: string } {
  const [, letter, text] = /^(?:\d+(?:\.\d+){3} )?([DIWE]) (.*)$/.exec(line) ?? [];
  if (letter === undefined || text === undefined) return { level: 'debug', text: line };
  return { level: levels[letter] ?? 'debug', text };
}

/** While it loads a model it writes a dot for each hundredth, all in one line. Undefined for any other. */
export function loadedSoFar(unfinished: string): number | undefined {
  return /^\.{1,100}$/.test(unfinished) ? unfinished.length / 100 : undefined;
}
