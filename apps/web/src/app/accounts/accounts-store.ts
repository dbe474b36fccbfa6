import { inject, Service } from '@angular/core';
import { type ManagedAccount, routes } from '@muster/contracts';
import { Api } from '../api/api.js';
import { mapped } from '../api/outcome.js';
import { registryList } from '../live/registry-list.js';

/** Every account, for whoever manages them. */
@Service({ autoProvided: false })
export class AccountsStore {
  readonly #api = inject(Api);
  readonly #list = registryList<ManagedAccount>('accounts', async () =>
    mapped(await this.#api.call(routes.listAccounts), ({ accounts }) => accounts),
  );
  readonly view = this.#list.view;
  readonly read = this.#list.read;
}
