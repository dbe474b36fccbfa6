import { inject, Service, signal } from '@angular/core';
import { type ListIntegrations, type ReplyOf, routes } from '@muster/contracts';
import { Api } from '../api/api.js';
import { lost, type Remote } from '../live/remote.js';
import { readWhileSeen } from '../live/while-seen.js';

/** Who is connected changes by itself: the registry looks as often while somebody does. */
const READ_EVERY_MS = 2_000;

export type IntegrationsView = ReplyOf<typeof ListIntegrations>;

/** Every integration and what it does, read anew while the page can be seen. */
@Service({ autoProvided: false })
export class IntegrationsStore {
  readonly #api = inject(Api);
  readonly #view = signal<Remote<IntegrationsView>>({ state: 'loading' });
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
    const answer = await this.#api.call(routes.listIntegrations);
    if (turn !== this.#asked) return;
    if (answer.ok) this.#view.set({ state: 'ready', value: answer.value });
    else if (answer.failure.code === 'outage') this.#view.update(lost);
    else this.#view.set({ state: 'refused', words: answer.failure.words });
  }
}
