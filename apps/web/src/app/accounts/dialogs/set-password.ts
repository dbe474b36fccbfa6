import { DIALOG_DATA, DialogRef } from '@angular/cdk/dialog';
import { Component, inject, signal } from '@angular/core';
import { form, FormRoot } from '@angular/forms/signals';
import { type ManagedAccount, routes } from '@muster/contracts';
import { Api } from '../../api/api.js';
import { DialogFoot } from '../../ui/dialog-foot.js';
import { Field } from '../../ui/field.js';
import { refusedAt } from '../../ui/refused.js';
import { holds } from '../../ui/rules.js';

/** Sets the password of somebody who has lost it. */
@Component({
  selector: 'app-set-password',
  imports: [DialogFoot, Field, FormRoot],
  host: { '(keydown.escape)': 'close(false)' },
  template: `
    <div class="dialog-head">
      <h1 id="set-password-title" tabindex="-1">Set the password of {{ account.name }}</h1>
    </div>
    <form [formRoot]="form">
      <div class="dialog-body">
        <p>
          Every session of the account ends at once. Tell the person the new password, to be changed after signing in.
        </p>
        <app-field
          name="account-password"
          label="New password"
          type="password"
          autocomplete="new-password"
          hint="At least 8 characters."
          [of]="form.password"
        />
        @if (problem(); as words) {
          <p class="wrong" role="alert">{{ words }}</p>
        }
      </div>
      <app-dialog-foot
        [submitting]="form().submitting()"
        words="Set password"
        doing="Setting…"
        (leave)="close(false)"
      />
    </form>
  `,
})
export class SetPassword {
  readonly #api = inject(Api);
  readonly #dialog = inject<DialogRef<boolean>>(DialogRef);
  protected readonly account = inject<ManagedAccount>(DIALOG_DATA);

  protected readonly problem = signal<string | undefined>(undefined);
  protected readonly form = form(
    signal({ password: '' }),
    (path) => holds(path.password, routes.setPassword.body.shape.password),
    {
      submission: {
        action: async (field) => {
          const answer = await this.#api.call(routes.setPassword, {
            params: { accountId: this.account.accountId },
            body: field().value(),
          });
          if (answer.ok) {
            this.close(true);
            return undefined;
          }
          const errors = refusedAt(answer.failure, { password: field.password });
          this.problem.set(errors.length === 0 ? answer.failure.words : undefined);
          return errors;
        },
      },
    },
  );

  protected close(changed: boolean): void {
    this.#dialog.close(changed);
  }
}
