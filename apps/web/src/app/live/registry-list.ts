import { DestroyRef, effect, inject, signal, type Signal, untracked } from '@angular/core';
import { neededToList, type RegistryList } from '@muster/contracts';
import type { Outcome } from '../api/outcome.js';
import { Session } from '../session/session.js';
import { Clock } from './clock.js';
import { Connection } from './connection.js';
import { lost, type Remote } from './remote.js';

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
  const clock = inject(Clock);
  const session = inject(Session);
  const connection = inject(Connection);
  const view = signal<Remote<readonly T[]>>({ state: 'loading' });
  /** Of answers that come out of order the one that was asked for last counts. */
  let asked = 0;
  let timer: ReturnType<typeof setInterval> | undefined;

  const read = async (): Promise<readonly T[] | undefined> => {
    const turn = (asked += 1);
    const answer = await ask();
    if (turn !== asked) return answer.ok ? answer.value : undefined;
    if (answer.ok) view.set({ state: 'ready', value: answer.value });
    else if (answer.failure.code === 'outage') view.update(lost);
    else view.set({ state: 'refused', words: answer.failure.words });
    return answer.ok ? answer.value : undefined;
  };

  effect(() => {
    connection.changesOf(list)();
    clearInterval(timer);
    if (!session.may(neededToList[list])) {
      asked += 1;
      view.set({ state: 'loading' });
      return;
    }
    if (!clock.visible()) return;
    void untracked(read);
    timer = setInterval(() => void read(), READ_EVERY_MS);
  });
  inject(DestroyRef).onDestroy(() => clearInterval(timer));
  return { view: view.asReadonly(), read };
}
