import { inject, Service } from '@angular/core';
import { type ListedApiKey, routes } from '@muster/contracts';
import { Api } from '../api/api.js';
import { mapped } from '../api/outcome.js';
import { registryList } from '../live/registry-list.js';

/** Every API key, for whoever manages them. */
@Service({ autoProvided: false })
export class ApiKeysStore {
  readonly #api = inject(Api);
  readonly #list = registryList<ListedApiKey>('keys', async () =>
    mapped(await this.#api.call(routes.listApiKeys), ({ keys }) => keys),
  );
  readonly view = this.#list.view;
  readonly read = this.#list.read;
}
