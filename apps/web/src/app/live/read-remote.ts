import { signal, type Signal } from '@angular/core';
import type { Outcome } from '../api/outcome.js';
import { lost, type Remote } from './remote.js';
import { type Reading, readWhileSeen } from './while-seen.js';

export interface ReadRemote<T> {
  readonly view: Signal<Remote<T>>;
  /** Reads it anew, and resolves with it where that worked. */
  read(): Promise<T | undefined>;
}

/**
 * What `ask` answers, read by the rules of `readWhileSeen` for as long as the caller lives. Nothing of it is kept for whoever may not
 * see it any more. Call it where things are injected.
 */
export function readRemote<T>(
  ask: () => Promise<Outcome<T>>,
  when: Pick<Reading, 'needs' | 'everyMs' | 'changes'>,
): ReadRemote<T> {
  const view = signal<Remote<T>>({ state: 'loading' });
  /** Of answers that come out of order the one that was asked for last counts. */
  let asked = 0;

  const read = async (): Promise<T | undefined> => {
    const turn = (asked += 1);
    const answer = await ask();
    if (turn !== asked) return answer.ok ? answer.value : undefined;
    if (answer.ok) view.set({ state: 'ready', value: answer.value });
    else if (answer.failure.code === 'outage') view.update(lost);
    else view.set({ state: 'refused', words: answer.failure.words });
    return answer.ok ? answer.value : undefined;
  };

  readWhileSeen({
    ...when,
    read,
    forget: () => {
      asked += 1;
      view.set({ state: 'loading' });
    },
  });
  return { view: view.asReadonly(), read };
}
