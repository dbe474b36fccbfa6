import { DestroyRef, effect, inject, Service, signal } from '@angular/core';
import { type ParkedEverywhere, type ParkedStream, type Retried, routes } from '@muster/contracts';
import { Api } from '../api/api.js';
import type { Outcome } from '../api/outcome.js';
import { Clock } from '../live/clock.js';
import { lastOf, type Remote } from '../live/remote.js';
import { Session } from '../session/session.js';

/** It changes by itself, and others look after it too. */
const READ_EVERY_MS = 5_000;

/** What waits in the stores; read anew while the page can be seen. */
@Service({ autoProvided: false })
export class ParkedStore {
  readonly #api = inject(Api);
  readonly #view = signal<Remote<ParkedEverywhere>>({ state: 'loading' });
  readonly view = this.#view.asReadonly();

  constructor() {
    const clock = inject(Clock);
    const session = inject(Session);
    let timer: ReturnType<typeof setInterval> | undefined;
    effect(() => {
      clearInterval(timer);
      if (!session.may('settings:manage')) {
        this.#view.set({ state: 'loading' });
        return;
      }
      if (!clock.visible()) return;
      void this.read();
      timer = setInterval(() => void this.read(), READ_EVERY_MS);
    });
    inject(DestroyRef).onDestroy(() => clearInterval(timer));
  }

  async read(): Promise<void> {
    const answer = await this.#api.call(routes.listParked);
    if (answer.ok) this.#view.set({ state: 'ready', value: answer.value });
    else if (answer.failure.code === 'outage') this.#view.update((view) => ({ state: 'lost', last: lastOf(view) }));
    else this.#view.set({ state: 'refused', words: answer.failure.words });
  }

  /** Tries a stream again, and reads what waits then. */
  async retry({ service, projection, stream }: ParkedStream): Promise<Outcome<Retried>> {
    const answer = await this.#api.call(routes.retryParked, { body: { service, projection, stream } });
    await this.read();
    return answer;
  }
}
