import { inject, Service } from '@angular/core';
import { routes } from '@muster/contracts';
import { Api } from '../api/api.js';
import { mapped } from '../api/outcome.js';
import { readRemote } from '../live/read-remote.js';

/** How far each is changes by itself. */
const READ_EVERY_MS = 2_000;

/** Every webhook and how far it is, read anew while the page can be seen. */
@Service({ autoProvided: false })
export class WebhooksStore {
  readonly #api = inject(Api);
  readonly #list = readRemote(
    async () => mapped(await this.#api.call(routes.listWebhooks), ({ webhooks }) => webhooks),
    { needs: 'integrations:manage', everyMs: READ_EVERY_MS },
  );
  readonly view = this.#list.view;

  async read(): Promise<void> {
    await this.#list.read();
  }
}
