import { execFile, spawn } from 'node:child_process';
import { performance } from 'node:perf_hooks';
import { createInterface } from 'node:readline';
import { promisify } from 'node:util';
import { errorCode } from '../error-code.js';
import type { GpuReading, GpuSource } from './gpu-source.js';
import { parseNvidia, parseNvidiaLine, QUERY } from './nvidia-smi.js';

const LOOK_WITHIN_MS = 10_000;
/** A figure older than this is not a figure of now, and is left out. */
const FRESH_MS = 5_000;
const AGAIN_AFTER_MS = 10_000;

/**
 * The NVIDIA processors of this machine, undefined when there is no driver or no processor. One `nvidia-smi` runs on and
 * writes once a second: starting it anew for each sample costs more than all else that the node does. When it ends it is
 * started again after 10 s, and meanwhile the figures are absent.
 */
export async function nvidiaGpus(failed: (code: string) => void): Promise<GpuSource | undefined> {
  const found = await look(failed);
  if (found.length === 0) return undefined;
  const order = new Map(found.map(({ index }, n) => [index, n]));
  const latest: { reading: GpuReading; atMs: number }[] = found.map(({ reading }) => ({
    reading,
    atMs: performance.now(),
  }));
  let stopped = false;
  let child: ReturnType<typeof spawn> | undefined;
  let again: NodeJS.Timeout | undefined;
  const run = () => {
    child = spawn('nvidia-smi', [...QUERY, '--loop=1'], { stdio: ['ignore', 'pipe', 'ignore'] });
    if (child.stdout !== null)
      createInterface({ input: child.stdout }).on('line', (line) => {
        const gpu = parseNvidiaLine(line);
        const n = gpu === undefined ? undefined : order.get(gpu.index);
        if (gpu !== undefined && n !== undefined) latest[n] = { reading: gpu.reading, atMs: performance.now() };
      });
    child.once('error', () => undefined);
    child.once('close', () => {
      if (stopped) return;
      failed('ended');
      again = setTimeout(run, AGAIN_AFTER_MS);
    });
  };
  run();
  return {
    gpus: found.map(({ info }) => info),
    read: () => latest.map(({ reading, atMs }) => (performance.now() - atMs <= FRESH_MS ? reading : {})),
    stop: () => {
      stopped = true;
      clearTimeout(again);
      child?.kill('SIGKILL');
    },
  };
}

async function look(failed: (code: string) => void): Promise<ReturnType<typeof parseNvidia>> {
  try {
    const { stdout } = await promisify(execFile)('nvidia-smi', [...QUERY], { timeout: LOOK_WITHIN_MS });
    return parseNvidia(stdout);
  } catch (error) {
    const code = errorCode(error) ?? 'failed';
    // Not installed is the usual case and no failure.
    if (code !== 'ENOENT') failed(code);
    return [];
  }
}
