import { DialogRef } from '@angular/cdk/dialog';
import { Component, computed, inject, signal } from '@angular/core';
import { form, FormRoot } from '@angular/forms/signals';
import { type Permission, presets, routes } from '@muster/contracts';
import { Api } from '../../api/api.js';
import { Session } from '../../session/session.js';
import { DialogFoot } from '../../ui/dialog-foot.js';
import { Field } from '../../ui/field.js';
import { refusedAt } from '../../ui/refused.js';
import { holds } from '../../ui/rules.js';
import { choosable } from '../account-words.js';
import { PermissionChoice } from './permission-choice.js';

const rules = routes.createAccount.body.shape;

/** Makes an account for somebody. */
@Component({
  selector: 'app-new-account',
  imports: [DialogFoot, Field, FormRoot, PermissionChoice],
  host: { '(keydown.escape)': 'close(false)' },
  template: `
    <div class="dialog-head"><h1 id="new-account-title" tabindex="-1">New account</h1></div>
    <form [formRoot]="form">
      <div class="dialog-body">
        <app-field name="account-name" label="Name" hint="What the person signs in with." [of]="form.name" />
        <app-field
          name="account-password"
          label="Password"
          type="password"
          autocomplete="new-password"
          hint="At least 8 characters. The person can change it after signing in."
          [of]="form.password"
        />
        <app-permission-choice [choosable]="choosable()" [(selected)]="permissions" />
        @if (problem(); as words) {
          <p class="wrong" role="alert">{{ words }}</p>
        }
      </div>
      <app-dialog-foot
        [submitting]="form().submitting()"
        words="Make account"
        doing="Making the account…"
        (leave)="close(false)"
      />
    </form>
  `,
})
export class NewAccount {
  readonly #api = inject(Api);
  readonly #session = inject(Session);
  readonly #dialog = inject<DialogRef<boolean>>(DialogRef);
  /** One id for as long as this dialog is open: sending it twice makes one account. */
  readonly #accountId = crypto.randomUUID();

  protected readonly permissions = signal<readonly Permission[]>([...presets.viewer]);
  protected readonly problem = signal<string | undefined>(undefined);
  protected readonly choosable = computed(() => choosable(this.#session.account()?.permissions ?? [], []));
  protected readonly form = form(
    signal({ name: '', password: '' }),
    (path) => {
      holds(path.name, rules.name);
      holds(path.password, rules.password);
    },
    {
      submission: {
        action: async (field) => {
          const permissions = this.permissions().filter((permission) => this.choosable().includes(permission));
          const body = { accountId: this.#accountId, ...field().value(), permissions };
          const answer = await this.#api.call(routes.createAccount, { body });
          if (answer.ok) {
            this.close(true);
            return undefined;
          }
          const errors = refusedAt(answer.failure, { name: field.name, password: field.password });
          this.problem.set(errors.length === 0 ? answer.failure.words : undefined);
          return errors;
        },
      },
    },
  );

  protected close(made: boolean): void {
    this.#dialog.close(made);
  }
}
