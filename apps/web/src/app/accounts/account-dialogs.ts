import { Dialog, type DialogConfig } from '@angular/cdk/dialog';
import { inject, Service, type Type } from '@angular/core';
import type { ManagedAccount } from '@muster/contracts';
import { firstValueFrom } from 'rxjs';

const look: DialogConfig = {
  panelClass: 'dialog',
  backdropClass: 'veil',
  ariaModal: true,
  autoFocus: 'h1',
  restoreFocus: true,
};
// Typed input is not lost to a slip of the mouse: Escape and Cancel close it, the backdrop does not.
const typing: DialogConfig = { autoFocus: 'input', disableClose: true };

/** The dialogs about accounts. Each is loaded when it is first asked for; true when something was changed by it. */
@Service()
export class AccountDialogs {
  readonly #dialog = inject(Dialog);

  async newAccount(): Promise<boolean> {
    const { NewAccount } = await import('./dialogs/new-account.js');
    return this.#open(NewAccount, 'new-account-title', undefined, typing);
  }

  async editAccount(account: ManagedAccount): Promise<boolean> {
    const { EditAccount } = await import('./dialogs/edit-account.js');
    return this.#open(EditAccount, 'edit-account-title', account, typing);
  }

  async setPassword(account: ManagedAccount): Promise<boolean> {
    const { SetPassword } = await import('./dialogs/set-password.js');
    return this.#open(SetPassword, 'set-password-title', account, typing);
  }

  async disableAccount(account: ManagedAccount): Promise<boolean> {
    const { DisableAccount } = await import('./dialogs/disable-account.js');
    return this.#open(DisableAccount, 'disable-account-title', account, { role: 'alertdialog' });
  }

  async deleteAccount(account: ManagedAccount): Promise<boolean> {
    const { DeleteAccount } = await import('./dialogs/delete-account.js');
    return this.#open(DeleteAccount, 'delete-account-title', account, { role: 'alertdialog' });
  }

  async #open(
    component: Type<unknown>,
    ariaLabelledBy: string,
    data: ManagedAccount | undefined,
    more: DialogConfig,
  ): Promise<boolean> {
    const config = { ...(look as object), ...(more as object), ariaLabelledBy, data };
    return (await firstValueFrom(this.#dialog.open<boolean>(component, config).closed)) === true;
  }
}
