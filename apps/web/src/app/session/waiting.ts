import { computed, inject, signal, type Signal } from '@angular/core';
import type { Failure } from '../api/outcome.js';
import { Clock } from '../live/clock.js';

/** How long a person has to wait before the next try, counted down. */
export interface Waiting {
  /** Whole seconds; 0 when there is nothing to wait for. */
  readonly seconds: Signal<number>;
  /** Takes note of the wait that a refusal asks for. */
  begin(failure: Failure): void;
}

/** Call it where things are injected. */
export function waiting(): Waiting {
  const clock = inject(Clock);
  const until = signal(0);
  return {
    seconds: computed(() => Math.max(0, Math.ceil((until() - clock.now()) / 1_000))),
    begin: ({ retryAfterMs }) => until.set(retryAfterMs === undefined ? 0 : clock.now() + retryAfterMs),
  };
}
