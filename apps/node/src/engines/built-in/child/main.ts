import { chmodSync } from 'node:fs';
import type { LogLevel } from '@muster/contracts';
import { FromChild, type LoadOrder, ToChild } from '../run-messages.js';
import { loadModel, placeOf, startLibrary } from './load.js';
import { generatedTokens, openDoor } from './server.js';

/**
 * The program of the built-in engine: one model, one HTTP server. Its node starts it with a channel and ends it by closing
 * it: a child whose node is gone ends at once, so none is ever left over.
 */
const PROGRESS_EVERY_MS = 100;
/** How long giving back the memory may take before the process ends all the same. */
const DISPOSE_WITHIN_MS = 3_000;
/** sysexits.h: not a fault of this program, but what it was given could not be used. */
const EXIT_UNUSABLE = 69;

const tell = (message: FromChild): Promise<void> =>
  new Promise((resolve) => {
    if (process.send === undefined) resolve();
    // When nobody listens any more the channel's end is on its way too.
    else process.send(message, () => resolve());
  });
const line = (level: LogLevel, text: string): void => void tell({ type: 'line', level, text });
const wordsOf = (error: unknown): string => (error instanceof Error ? error.message : String(error));

// Not `exit`: that would wait for what the library computes.
process.on('disconnect', () => process.kill(process.pid, 'SIGKILL'));
for (const signal of ['SIGINT', 'SIGHUP'] as const) process.on(signal, () => undefined);
process.on('SIGTERM', () => process.exit(0));

let stop: () => Promise<void> = () => Promise.resolve(process.exit(0));
process.on('message', (message) => {
  const order = ToChild.parse(message);
  switch (order.type) {
    case 'load':
      void serve(order).catch(fail);
      break;
    case 'try':
      void tryOut(order).catch(fail);
      break;
    case 'stop':
      void stop();
      break;
  }
});

async function fail(error: unknown): Promise<void> {
  await tell({ type: 'failed', words: wordsOf(error) });
  process.exit(EXIT_UNUSABLE);
}

async function tryOut(order: Extract<ToChild, { type: 'try' }>): Promise<void> {
  const { llama } = await startLibrary(order, { line });
  await tell({ type: 'works', words: llama.gpu === false ? 'cpu' : llama.gpu });
  process.exit(0);
}

async function serve(order: LoadOrder): Promise<void> {
  const loading = new AbortController();
  stop = () => Promise.resolve(process.exit(0));
  let told = Number.NEGATIVE_INFINITY;
  const served = await loadModel(
    order,
    {
      line,
      progress: (loaded) => {
        if (performance.now() - told < PROGRESS_EVERY_MS && loaded < 1) return;
        told = performance.now();
        void tell({ type: 'progress', loaded });
      },
    },
    loading.signal,
  );
  const door = openDoor(served, (words) => line('error', words));
  setInterval(() => served.figures.tick(generatedTokens(served)), 1_000).unref();
  await new Promise<void>((resolve, reject) => {
    door.server.once('error', reject);
    door.server.listen(order.socketPath, resolve);
  });
  chmodSync(order.socketPath, 0o600);
  stop = async () => {
    await door.drain();
    setTimeout(() => process.exit(0), DISPOSE_WITHIN_MS).unref();
    await served.llama.dispose();
    process.exit(0);
  };
  line('info', `Model loaded, ${placeOf(served.llama, served.model)}`);
  await tell({ type: 'ready', slots: served.use.slots.items.length, contextTokens: served.contextTokens });
}
