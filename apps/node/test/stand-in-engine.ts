import { spawn } from 'node:child_process';
import { join } from 'node:path';
import type { Model } from '@muster/contracts';
import type { Engine, EngineAvailability, EngineRun, Exit, ReadyRun, RunSpec } from '../src/engines/engine.js';
import { readLines } from '../src/engines/lines.js';
import { RUN_VARIABLE } from '../src/engines/process-run.js';

const program = join(import.meta.dirname, 'stand-in-server.mjs');

/** A model file as the shelf would list it. What the process does is written in its path. */
export const standInModel = (name: string, does = ''): Model => ({
  modelId: `${name}.gguf`,
  name,
  source: 'file',
  kind: 'chat',
  path: does,
});

/** An engine that keeps the engine's promises with real processes and no model. */
export class StandInEngine implements Engine {
  readonly name = 'llama-server';
  readonly specs: RunSpec[] = [];
  now: EngineAvailability = { state: 'ready', words: 'Ready' };
  readonly #listeners = new Set<(availability: EngineAvailability) => void>();

  availability(): EngineAvailability {
    return this.now;
  }

  become(availability: EngineAvailability): void {
    this.now = availability;
    for (const listener of this.#listeners) listener(availability);
  }

  onAvailability(listener: (availability: EngineAvailability) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  start(spec: RunSpec, listener: Parameters<Engine['start']>[1]): EngineRun {
    this.specs.push(spec);
    const child = spawn(process.execPath, [program, spec.model.path], {
      detached: true,
      env: { PATH: process.env['PATH'], [RUN_VARIABLE]: spec.runId },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    const { pid = 0 } = child;
    const group = (signal: NodeJS.Signals) => {
      try {
        process.kill(-pid, signal);
      } catch {
        // It is gone already.
      }
    };
    const exited = new Promise<Exit>((resolve) => {
      child.once('exit', (code, signal) => {
        group('SIGKILL');
        child.once('close', () => resolve({ code, signal }));
      });
    });
    const ready = new Promise<ReadyRun>((resolve, reject) => {
      const onLine = (line: string) => {
        listener.line('info', line);
        const [, port] = /^listening on (\d+)$/.exec(line) ?? [];
        if (port === undefined) return;
        listener.progress(1);
        resolve({ address: { origin: `http://127.0.0.1:${port}` }, slots: spec.parameters.slots ?? 1 });
      };
      readLines(child.stdout, onLine);
      readLines(child.stderr, onLine);
      void exited.then(() => reject(new Error('It ended before it was ready')));
    });
    return {
      pid: child.pid,
      ready,
      exited,
      stop: async (graceMs) => {
        group('SIGTERM');
        const timer = setTimeout(() => group('SIGKILL'), graceMs);
        await exited;
        clearTimeout(timer);
      },
      health: () => Promise.resolve({ tokensPerSecond: 7, memoryBytes: 1_000 }),
    };
  }
}
