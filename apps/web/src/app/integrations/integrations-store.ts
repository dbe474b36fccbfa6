import { inject, Service } from '@angular/core';
import { routes } from '@muster/contracts';
import { Api } from '../api/api.js';
import { readRemote } from '../live/read-remote.js';

/** Who is connected changes by itself: the registry looks as often while somebody does. */
const READ_EVERY_MS = 2_000;

/** Every integration and what it does, read anew while the page can be seen. */
@Service({ autoProvided: false })
export class IntegrationsStore {
  readonly #api = inject(Api);
  readonly #list = readRemote(() => this.#api.call(routes.listIntegrations), {
    needs: 'integrations:manage',
    everyMs: READ_EVERY_MS,
  });
  readonly view = this.#list.view;

  async read(): Promise<void> {
    await this.#list.read();
  }
}
