import { DIALOG_DATA, DialogRef } from '@angular/cdk/dialog';
import { Component, inject, signal } from '@angular/core';
import { type ManagedAccount, routes } from '@muster/contracts';
import { Api } from '../../api/api.js';

/** Asks before an account is deleted, and says what follows from it. */
@Component({
  selector: 'app-delete-account',
  template: `
    <div class="dialog-head">
      <h1 id="delete-account-title" tabindex="-1">Delete {{ account.name }}?</h1>
    </div>
    <div class="dialog-body">
      <p>Every session of the account ends at once, and its password is forgotten. It can not be brought back.</p>
      <p>What the account did stays in the history under its name. The name can be given to another account.</p>
      @if (problem(); as words) {
        <p class="wrong" role="alert">{{ words }}</p>
      }
    </div>
    <div class="dialog-foot">
      <span class="grow"></span>
      <button type="button" (click)="close(false)">Keep it</button>
      <button type="button" class="danger" [disabled]="busy()" (click)="go()">
        {{ busy() ? 'Deleting…' : 'Delete' }}
      </button>
    </div>
  `,
})
export class DeleteAccount {
  readonly #api = inject(Api);
  readonly #dialog = inject<DialogRef<boolean>>(DialogRef);
  readonly #commandId = crypto.randomUUID();
  protected readonly account = inject<ManagedAccount>(DIALOG_DATA);
  protected readonly busy = signal(false);
  protected readonly problem = signal<string | undefined>(undefined);

  protected async go(): Promise<void> {
    this.busy.set(true);
    const answer = await this.#api.call(routes.deleteAccount, {
      params: { accountId: this.account.accountId },
      commandId: this.#commandId,
    });
    this.busy.set(false);
    // Somebody else was faster: it is gone all the same.
    if (answer.ok || answer.failure.code === 'account-deleted') this.close(true);
    else this.problem.set(answer.failure.words);
  }

  protected close(changed: boolean): void {
    this.#dialog.close(changed);
  }
}
