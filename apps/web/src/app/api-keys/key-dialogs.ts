import { inject, Service } from '@angular/core';
import { type ListedApiKey, routes } from '@muster/contracts';
import { Api } from '../api/api.js';
import { Dialogs } from '../ui/dialogs.js';

/** The dialogs about API keys. Each is loaded when it is first asked for; true when something was changed by it. */
@Service()
export class KeyDialogs {
  readonly #dialogs = inject(Dialogs);
  readonly #api = inject(Api);

  async newKey(): Promise<boolean> {
    const { NewKey } = await import('./dialogs/new-key.js');
    return (await this.#dialogs.fill<boolean>(NewKey, 'new-key-title')) === true;
  }

  async editKey(key: ListedApiKey): Promise<boolean> {
    const { EditKey } = await import('./dialogs/edit-key.js');
    return (await this.#dialogs.fill<boolean>(EditKey, 'edit-key-title', key)) === true;
  }

  revokeKey({ keyId, name }: ListedApiKey): Promise<boolean> {
    return this.#dialogs.ask({
      title: `Revoke ${name}?`,
      words: [
        'The key is refused everywhere within two seconds, for good. Programs that use it need another one.',
        'Requests that are in flight may still end. What was done with the key stays in the history.',
      ],
      keep: 'Keep it',
      go: 'Revoke',
      going: 'Revoking…',
      act: (commandId) => this.#api.call(routes.revokeApiKey, { params: { keyId }, commandId }),
    });
  }
}
