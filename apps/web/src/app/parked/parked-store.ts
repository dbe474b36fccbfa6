import { inject, Service, signal } from '@angular/core';
import { type ParkedEverywhere, type ParkedStream, type Retried, routes } from '@muster/contracts';
import { Api } from '../api/api.js';
import type { Outcome } from '../api/outcome.js';
import { lost, type Remote } from '../live/remote.js';
import { readWhileSeen } from '../live/while-seen.js';

/** It changes by itself, and others look after it too. */
const READ_EVERY_MS = 5_000;

/** What waits in the stores; read anew while the page can be seen. */
@Service({ autoProvided: false })
export class ParkedStore {
  readonly #api = inject(Api);
  readonly #view = signal<Remote<ParkedEverywhere>>({ state: 'loading' });
  readonly view = this.#view.asReadonly();

  constructor() {
    readWhileSeen({
      needs: 'settings:manage',
      everyMs: READ_EVERY_MS,
      read: () => this.read(),
      forget: () => this.#view.set({ state: 'loading' }),
    });
  }

  async read(): Promise<void> {
    const answer = await this.#api.call(routes.listParked);
    if (answer.ok) this.#view.set({ state: 'ready', value: answer.value });
    else if (answer.failure.code === 'outage') this.#view.update(lost);
    else this.#view.set({ state: 'refused', words: answer.failure.words });
  }

  /** Tries a stream again, and reads what waits then. */
  async retry({ service, projection, stream }: ParkedStream): Promise<Outcome<Retried>> {
    const answer = await this.#api.call(routes.retryParked, { body: { service, projection, stream } });
    await this.read();
    return answer;
  }
}
