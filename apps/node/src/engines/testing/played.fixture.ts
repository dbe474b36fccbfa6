import { spawn } from 'node:child_process';
import { chmodSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { endWithTestRun } from '@muster/testing';

const player = join(import.meta.dirname, 'engine-player.mjs');

/** A program that plays `llama-server`, as a file that can be run. */
export function playedLlamaServer(folder: string): string {
  const path = join(folder, 'llama-server');
  writeFileSync(path, `#!/bin/sh\nexec '${process.execPath}' '${player}' "$@"\n`);
  chmodSync(path, 0o755);
  return path;
}

export interface PlayedServer {
  readonly port: number;
  readonly origin: string;
  /** Ends it as a crash would. */
  kill(): Promise<void>;
}

/** A running server that plays one of those that are here before us. */
export async function playedServer(
  play: 'vllm' | 'ollama' | 'lm-studio' | 'plain',
  options: readonly string[] = [],
): Promise<PlayedServer> {
  const child = spawn(process.execPath, [player, '--play', play, ...options], {
    stdio: ['ignore', 'pipe', 'inherit'],
    env: { PATH: process.env['PATH'] },
  });
  const gone = new Promise<void>((resolve) => child.once('close', () => resolve()));
  const release = child.pid === undefined ? () => undefined : endWithTestRun(child.pid);
  const port = await new Promise<number>((resolve, reject) => {
    child.stdout.once('data', (text: Buffer) => resolve(Number(text.toString())));
    child.once('close', () => reject(new Error('The played server did not start')));
  });
  return {
    port,
    origin: `http://127.0.0.1:${port}`,
    kill: async () => {
      child.kill('SIGKILL');
      await gone;
      release();
    },
  };
}
