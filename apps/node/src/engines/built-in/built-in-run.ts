import { rmSync } from 'node:fs';
import {
  EngineFailure,
  type EngineAddress,
  type EngineRun,
  type Exit,
  type ReadyRun,
  type RunListener,
  type RunSpec,
} from '../engine.js';
import { askHealth } from '../health-answer.js';
import { startProcess } from '../process-run.js';
import { FromChild, type ToChild } from './run-messages.js';
import type { Backend } from './release.js';

export interface BuiltInRunOptions {
  /** The child's compiled program. */
  readonly program: string;
  readonly library: { readonly folder: string; readonly backend: Backend };
  readonly socketPath: string;
}

/** Loading may take this long: hundreds of gigabytes from a slow disk. */
const READY_WITHIN_MS = 60 * 60_000;

/** Starts the child that serves a model and holds its channel, with whose end it ends too. */
export function startBuiltIn(options: BuiltInRunOptions, spec: RunSpec, listener: RunListener): EngineRun {
  const address: EngineAddress = { origin: 'http://localhost', socketPath: options.socketPath };
  let words: string | undefined;
  let isReady = false;
  const run = startProcess({
    command: process.execPath,
    args: [options.program],
    runId: spec.runId,
    channel: true,
    // What comes this way was not written by the program itself, but by a library below it: seldom good news.
    onLine: (text) => listener.line('warning', text),
  });
  const tell = (message: ToChild) => {
    if (run.child.connected) run.child.send(message, () => undefined);
  };
  const exited = run.exited.then((exit): Exit => {
    rmSync(options.socketPath, { force: true });
    return { ...exit, ...(words === undefined ? {} : { words }) };
  });
  const ready = new Promise<ReadyRun>((resolve, reject) => {
    const late = setTimeout(() => {
      words = 'The model was not loaded within an hour';
      run.signal('SIGKILL');
    }, READY_WITHIN_MS);
    late.unref();
    run.child.on('message', (message) => {
      const said = FromChild.safeParse(message);
      if (!said.success) return;
      switch (said.data.type) {
        case 'line':
          listener.line(said.data.level, said.data.text);
          break;
        case 'progress':
          listener.progress(said.data.loaded);
          break;
        case 'failed':
          words = said.data.words;
          break;
        case 'ready':
          isReady = true;
          clearTimeout(late);
          resolve({ address, slots: said.data.slots, contextTokens: said.data.contextTokens });
          break;
        case 'works':
          break;
      }
    });
    void exited.then((exit) => {
      clearTimeout(late);
      reject(new EngineFailure(exit.words ?? 'The engine ended before the model was loaded'));
    });
  });
  // Who waits for the end only need not wait for this.
  ready.catch(() => undefined);
  tell({
    type: 'load',
    library: options.library.folder,
    backend: options.library.backend,
    socketPath: options.socketPath,
    model: spec.model,
    parameters: spec.parameters,
  });
  return {
    pid: run.pid,
    ready,
    exited,
    stop: (graceMs) => run.stop(graceMs, () => tell({ type: 'stop' })),
    health: async () => {
      if (!isReady) throw new EngineFailure('The model is not loaded yet');
      return askHealth(address);
    },
  };
}

/** Whether a binary works on this machine: a child loads it and nothing else. Rejects with EngineFailure. */
export async function tryLibrary(
  options: Pick<BuiltInRunOptions, 'program' | 'library'>,
  onLine: (text: string) => void,
): Promise<void> {
  const TRY_WITHIN_MS = 120_000;
  const run = startProcess({
    command: process.execPath,
    args: [options.program],
    runId: 'trial',
    channel: true,
    onLine,
  });
  let works = false;
  let words: string | undefined;
  run.child.on('message', (message) => {
    const said = FromChild.safeParse(message);
    if (!said.success) return;
    if (said.data.type === 'works') works = true;
    if (said.data.type === 'failed') words = said.data.words;
    if (said.data.type === 'line') onLine(said.data.text);
  });
  const late = setTimeout(() => run.signal('SIGKILL'), TRY_WITHIN_MS);
  run.child.send(
    { type: 'try', library: options.library.folder, backend: options.library.backend } satisfies ToChild,
    () => undefined,
  );
  const { code, signal } = await run.exited;
  clearTimeout(late);
  if (!works) throw new EngineFailure(words ?? `the library ended with ${signal ?? `code ${code ?? 'unknown'}`}`);
}
