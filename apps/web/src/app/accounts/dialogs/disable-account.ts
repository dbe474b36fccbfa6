import { DIALOG_DATA, DialogRef } from '@angular/cdk/dialog';
import { Component, inject, signal } from '@angular/core';
import { type ManagedAccount, routes } from '@muster/contracts';
import { Api } from '../../api/api.js';

/** Asks before an account is disabled, and says what follows from it. */
@Component({
  selector: 'app-disable-account',
  template: `
    <div class="dialog-head">
      <h1 id="disable-account-title" tabindex="-1">Disable {{ account.name }}?</h1>
    </div>
    <div class="dialog-body">
      <p>Every session of the account ends at once, and nobody can sign in with it until it is enabled again.</p>
      @if (problem(); as words) {
        <p class="wrong" role="alert">{{ words }}</p>
      }
    </div>
    <div class="dialog-foot">
      <span class="grow"></span>
      <button type="button" (click)="close(false)">Leave it</button>
      <button type="button" class="danger" [disabled]="busy()" (click)="go()">
        {{ busy() ? 'Disabling…' : 'Disable' }}
      </button>
    </div>
  `,
})
export class DisableAccount {
  readonly #api = inject(Api);
  readonly #dialog = inject<DialogRef<boolean>>(DialogRef);
  readonly #commandId = crypto.randomUUID();
  protected readonly account = inject<ManagedAccount>(DIALOG_DATA);
  protected readonly busy = signal(false);
  protected readonly problem = signal<string | undefined>(undefined);

  protected async go(): Promise<void> {
    this.busy.set(true);
    const answer = await this.#api.call(routes.disableAccount, {
      params: { accountId: this.account.accountId },
      commandId: this.#commandId,
    });
    this.busy.set(false);
    if (answer.ok) this.close(true);
    else this.problem.set(answer.failure.words);
  }

  protected close(changed: boolean): void {
    this.#dialog.close(changed);
  }
}
