import { DIALOG_DATA, DialogRef } from '@angular/cdk/dialog';
import { Component, computed, inject, signal } from '@angular/core';
import { form, FormRoot } from '@angular/forms/signals';
import { AccountName, type ManagedAccount, type Permission, routes } from '@muster/contracts';
import { Api } from '../../api/api.js';
import { Session } from '../../session/session.js';
import { DialogFoot } from '../../ui/dialog-foot.js';
import { Field } from '../../ui/field.js';
import { Refusal } from '../../ui/refusal.js';
import { refusedAt } from '../../ui/refused.js';
import { holds } from '../../ui/rules.js';
import { choosable } from '../account-words.js';
import { PermissionChoice } from './permission-choice.js';

/** Renames an account, or changes what it may do. */
@Component({
  selector: 'app-edit-account',
  imports: [DialogFoot, Field, FormRoot, PermissionChoice, Refusal],
  host: { '(keydown.escape)': 'close(false)' },
  template: `
    <div class="dialog-head">
      <h1 id="edit-account-title" tabindex="-1">Edit {{ account().name }}</h1>
    </div>
    <form [formRoot]="form">
      <div class="dialog-body">
        <app-field name="account-name" label="Name" [of]="form.name" />
        <app-permission-choice [choosable]="choosable()" [fixed]="fixed()" [(selected)]="permissions" />
        @if (own()) {
          <p class="sub">Nobody can take the management of accounts from themselves.</p>
        }
        <app-refusal [words]="problem()" [outdated]="outdated()" (reload)="reload()" />
      </div>
      <app-dialog-foot [submitting]="form().submitting()" words="Save" doing="Saving…" (leave)="close(false)" />
    </form>
  `,
})
export class EditAccount {
  readonly #api = inject(Api);
  readonly #session = inject(Session);
  readonly #dialog = inject<DialogRef<boolean>>(DialogRef);

  protected readonly account = signal(inject<ManagedAccount>(DIALOG_DATA));
  readonly #values = signal({ name: this.account().name });
  protected readonly permissions = signal<readonly Permission[]>(this.account().permissions);
  protected readonly problem = signal<string | undefined>(undefined);
  protected readonly outdated = signal(false);
  protected readonly own = computed(() => this.#session.account()?.accountId === this.account().accountId);
  protected readonly fixed = computed<Permission[]>(() => (this.own() ? ['accounts:manage'] : []));
  protected readonly choosable = computed(() =>
    choosable(this.#session.account()?.permissions ?? [], this.account().permissions),
  );
  protected readonly form = form(this.#values, (path) => holds(path.name, AccountName), {
    submission: {
      action: async (field) => {
        const { accountId, version, name: before } = this.account();
        const { name } = field().value();
        const answer = await this.#api.call(routes.changeAccount, {
          params: { accountId },
          body: { ...(name !== before && { name }), permissions: [...this.permissions()] },
          expectedVersion: version,
        });
        if (answer.ok) {
          this.close(true);
          return undefined;
        }
        const errors = refusedAt(answer.failure, { name: field.name });
        this.outdated.set(answer.failure.code === 'version-conflict');
        this.problem.set(errors.length === 0 ? answer.failure.words : undefined);
        return errors;
      },
    },
  });

  /** Takes what somebody else made of the account meanwhile, in place of what was typed here. */
  protected async reload(): Promise<void> {
    const answer = await this.#api.call(routes.listAccounts);
    if (!answer.ok) {
      this.problem.set(answer.failure.words);
      return;
    }
    const account = answer.value.accounts.find(({ accountId }) => accountId === this.account().accountId);
    if (account === undefined) {
      this.close(true);
      return;
    }
    this.account.set(account);
    this.#values.set({ name: account.name });
    this.permissions.set(account.permissions);
    this.outdated.set(false);
    this.problem.set(undefined);
  }

  protected close(changed: boolean): void {
    this.#dialog.close(changed);
  }
}
