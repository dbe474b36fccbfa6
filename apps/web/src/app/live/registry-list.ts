import { inject, signal, type Signal } from '@angular/core';
import { neededToList, type RegistryList } from '@muster/contracts';
import type { Outcome } from '../api/outcome.js';
import { Connection } from './connection.js';
import { lost, type Remote } from './remote.js';
import { readWhileSeen } from './while-seen.js';

/** What no fact tells, as when a key was used last, is no older than this. */
const READ_EVERY_MS = 30_000;

export interface ReadList<T> {
  readonly view: Signal<Remote<readonly T[]>>;
  /** Reads it anew, and resolves with it where that worked. */
  read(): Promise<readonly T[] | undefined>;
}

/**
 * A list of the registry for as long as the caller lives: read when the page can be seen, again as soon as the Gateway says that it
 * has changed, and with each new connection. Nothing of it is kept for whoever may not see it any more.
 */
export function registryList<T>(list: RegistryList, ask: () => Promise<Outcome<readonly T[]>>): ReadList<T> {
  const connection = inject(Connection);
  const view = signal<Remote<readonly T[]>>({ state: 'loading' });
  /** Of answers that come out of order the one that was asked for last counts. */
  let asked = 0;

  const read = async (): Promise<readonly T[] | undefined> => {
    const turn = (asked += 1);
    const answer = await ask();
    if (turn !== asked) return answer.ok ? answer.value : undefined;
    if (answer.ok) view.set({ state: 'ready', value: answer.value });
    else if (answer.failure.code === 'outage') view.update(lost);
    else view.set({ state: 'refused', words: answer.failure.words });
    return answer.ok ? answer.value : undefined;
  };

  readWhileSeen({
    needs: neededToList[list],
    everyMs: READ_EVERY_MS,
    read,
    forget: () => {
      asked += 1;
      view.set({ state: 'loading' });
    },
    changes: connection.changesOf(list),
  });
  return { view: view.asReadonly(), read };
}
