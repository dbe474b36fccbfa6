import { mkdirSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { boundedModels, type Model, type ModelList } from '@muster/contracts';
import type { Log } from '../log.js';
import { describeChange } from './describe-change.js';
import { ModelShelf } from './model-shelf.js';

/** A disk that does not answer for so long does not keep the node from starting: its models come later. */
const FIRST_LOOK_MS = 5_000;

export interface OpenModels {
  readonly shelf: ModelShelf;
  /** What the Gateway is told: the same object while nothing has changed. */
  readonly list: () => ModelList;
  readonly stop: () => Promise<void>;
}

/** Opens the node's shelf of models and writes to the log what comes and goes. `own` is made when it is one of the folders. */
export async function openModels(folders: readonly string[], own: string, log: Log): Promise<OpenModels> {
  // When it can not be made the shelf says so, like of any other folder.
  if (folders.includes(own)) attempt(() => mkdirSync(own, { mode: 0o700 }));
  const shelf = new ModelShelf({ folders, notice: (level, words) => log.write(level, 'models', words) });
  let before: readonly Model[] = [];
  let list = boundedModels(before);
  shelf.onChange((models) => {
    for (const { level, words } of describeChange(before, models)) log.write(level, 'models', words);
    before = models;
    list = boundedModels(models);
  });
  const looked = new AbortController();
  await Promise.race([
    shelf.start().finally(() => looked.abort()),
    sleep(FIRST_LOOK_MS, undefined, { signal: looked.signal }).catch(() => undefined),
  ]);
  return { shelf, list: () => list, stop: () => shelf.stop() };
}

function attempt(act: () => void): void {
  try {
    act();
  } catch {
    // Mostly it is there already.
  }
}
