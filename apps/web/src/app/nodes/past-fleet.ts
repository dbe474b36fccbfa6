import { computed, effect, inject, Service, signal, type Signal } from '@angular/core';
import { type NodeView, routes } from '@muster/contracts';
import { Api } from '../api/api.js';
import type { Remote } from '../live/remote.js';

/** The fleet as it was known at one time. It does not change any more, so it is asked for once. For one component. */
@Service({ autoProvided: false })
export class PastFleet {
  readonly #api = inject(Api);
  readonly #remote = signal<Remote<readonly NodeView[]>>({ state: 'loading' });

  /** Undefined while no time is given. Call it once, where things are injected. */
  follow(at: Signal<string | undefined>): Signal<Remote<readonly NodeView[]> | undefined> {
    effect((onCleanup) => {
      const time = at();
      if (time === undefined) return;
      this.#remote.set({ state: 'loading' });
      const left = new AbortController();
      onCleanup(() => left.abort());
      void this.#api.call(routes.readFleetAt, { query: { at: time }, signal: left.signal }).then((answer) => {
        if (left.signal.aborted) return;
        this.#remote.set(
          answer.ok ? { state: 'ready', value: answer.value.nodes } : { state: 'refused', words: answer.failure.words },
        );
      });
    });
    return computed(() => (at() === undefined ? undefined : this.#remote()));
  }
}
