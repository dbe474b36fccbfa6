import { inject, Service, signal } from '@angular/core';
import { type ListedWebhook, routes } from '@muster/contracts';
import { Api } from '../api/api.js';
import { lost, type Remote } from '../live/remote.js';
import { readWhileSeen } from '../live/while-seen.js';

/** How far each is changes by itself. */
const READ_EVERY_MS = 2_000;

/** Every webhook and how far it is, read anew while the page can be seen. */
@Service({ autoProvided: false })
export class WebhooksStore {
  readonly #api = inject(Api);
  readonly #view = signal<Remote<readonly ListedWebhook[]>>({ state: 'loading' });
  readonly view = this.#view.asReadonly();
  /** Of answers that come out of order the one that was asked for last counts. */
  #asked = 0;

  constructor() {
    readWhileSeen({
      needs: 'integrations:manage',
      everyMs: READ_EVERY_MS,
      read: () => this.read(),
      forget: () => {
        this.#asked += 1;
        this.#view.set({ state: 'loading' });
      },
    });
  }

  async read(): Promise<void> {
    const turn = (this.#asked += 1);
    const answer = await this.#api.call(routes.listWebhooks);
    if (turn !== this.#asked) return;
    if (answer.ok) this.#view.set({ state: 'ready', value: answer.value.webhooks });
    else if (answer.failure.code === 'outage') this.#view.update(lost);
    else this.#view.set({ state: 'refused', words: answer.failure.words });
  }
}
