import { inject, Service } from '@angular/core';
import { type ManagedAccount, routes } from '@muster/contracts';
import { Api } from '../api/api.js';
import { doneIf } from '../api/outcome.js';
import { Dialogs } from '../ui/dialogs.js';

/** The dialogs about accounts. Each is loaded when it is first asked for; true when something was changed by it. */
@Service()
export class AccountDialogs {
  readonly #dialogs = inject(Dialogs);
  readonly #api = inject(Api);

  async newAccount(): Promise<boolean> {
    const { NewAccount } = await import('./dialogs/new-account.js');
    return (await this.#dialogs.fill<boolean>(NewAccount, 'new-account-title')) === true;
  }

  async editAccount(account: ManagedAccount): Promise<boolean> {
    const { EditAccount } = await import('./dialogs/edit-account.js');
    return (await this.#dialogs.fill<boolean>(EditAccount, 'edit-account-title', account)) === true;
  }

  async setPassword(account: ManagedAccount): Promise<boolean> {
    const { SetPassword } = await import('./dialogs/set-password.js');
    return (await this.#dialogs.fill<boolean>(SetPassword, 'set-password-title', account)) === true;
  }

  disableAccount({ accountId, name }: ManagedAccount): Promise<boolean> {
    return this.#dialogs.ask({
      title: `Disable ${name}?`,
      words: [
        'Every session of the account ends at once, and nobody can sign in with it until it is enabled again. ' +
          'Its API keys do not work meanwhile.',
      ],
      keep: 'Leave it',
      go: 'Disable',
      going: 'Disabling…',
      act: (commandId) => this.#api.call(routes.disableAccount, { params: { accountId }, commandId }),
    });
  }

  deleteAccount({ accountId, name }: ManagedAccount): Promise<boolean> {
    return this.#dialogs.ask({
      title: `Delete ${name}?`,
      words: [
        'Every session of the account ends at once, its API keys are revoked, and its password is forgotten. ' +
          'It can not be brought back.',
        'What the account did stays in the history under its name. The name can be given to another account.',
      ],
      keep: 'Keep it',
      go: 'Delete',
      going: 'Deleting…',
      // Somebody else was faster: it is gone all the same.
      act: async (commandId) =>
        doneIf(await this.#api.call(routes.deleteAccount, { params: { accountId }, commandId }), 'account-deleted'),
    });
  }
}
