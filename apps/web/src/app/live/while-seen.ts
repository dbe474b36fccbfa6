import { DestroyRef, effect, inject, untracked } from '@angular/core';
import type { Permission } from '@muster/contracts';
import { Session } from '../session/session.js';
import { Clock } from './clock.js';

export interface Reading {
  readonly needs: Permission;
  readonly everyMs: number;
  readonly read: () => unknown;
  /** Nothing of what may not be seen any more is kept. */
  readonly forget: () => void;
  /** What this reads from is a reason to read again when it changes. */
  readonly changes?: () => unknown;
}

/**
 * Reads while somebody who may looks at the page: at once, every so often, and when there is another reason. For as long as the
 * caller lives. Call it where things are injected.
 */
export function readWhileSeen({ needs, everyMs, read, forget, changes }: Reading): void {
  const [clock, session] = [inject(Clock), inject(Session)];
  let timer: ReturnType<typeof setInterval> | undefined;
  effect(() => {
    changes?.();
    clearInterval(timer);
    if (!session.may(needs)) {
      untracked(forget);
      return;
    }
    if (!clock.visible()) return;
    untracked(read);
    timer = setInterval(read, everyMs);
  });
  inject(DestroyRef).onDestroy(() => clearInterval(timer));
}
