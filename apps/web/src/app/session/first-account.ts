import { Component, inject, signal } from '@angular/core';
import { form, FormRoot } from '@angular/forms/signals';
import { Router } from '@angular/router';
import { routes } from '@muster/contracts';
import { Brand } from '../shell/brand.js';
import { Field } from '../ui/field.js';
import { TakesFocus } from '../ui/focus.js';
import { refusedAt } from '../ui/refused.js';
import { holds } from '../ui/rules.js';
import { Session } from './session.js';
import { SlowedSubmit } from './slowed-submit.js';
import { waiting } from './waiting.js';

const rules = routes.createFirstAccount.body.shape;

/** What a person sees first of all: nobody has an account yet. */
@Component({
  selector: 'app-first-account',
  imports: [Brand, Field, FormRoot, SlowedSubmit, TakesFocus],
  styleUrl: './entry.css',
  template: `
    <main>
      <app-brand />
      <div class="card">
        <div>
          <h1 tabindex="-1" appTakesFocus>Make the first account</h1>
          <p class="said">It may do everything, and can make the others.</p>
        </div>
        <form [formRoot]="form">
          <app-field
            name="code"
            label="One-time code"
            hint="It stands in the terminal where Muster was started."
            [of]="form.code"
          />
          <app-field name="name" label="Your name" autocomplete="username" [of]="form.name" />
          <app-field
            name="password"
            label="Password"
            type="password"
            autocomplete="new-password"
            hint="At least 8 characters."
            [of]="form.password"
          />
          <app-slowed-submit
            [seconds]="wait.seconds()"
            [problem]="problem()"
            [submitting]="form().submitting()"
            words="Make account and sign in"
            doing="Making the account…"
          />
        </form>
      </div>
    </main>
  `,
})
export class FirstAccount {
  readonly #session = inject(Session);
  readonly #router = inject(Router);

  protected readonly wait = waiting();
  protected readonly problem = signal<string | undefined>(undefined);
  protected readonly form = form(
    signal({ code: '', name: '', password: '' }),
    (path) => {
      holds(path.code, rules.code);
      holds(path.name, rules.name);
      holds(path.password, rules.password);
    },
    {
      submission: {
        action: async (field) => {
          const { code, name, password } = field().value();
          const failure = await this.#session.createFirstAccount(code.trim(), name, password);
          if (failure === undefined || failure.code === 'first-account-exists') {
            await this.#router.navigateByUrl(failure === undefined ? '/nodes' : '/sign-in');
            return undefined;
          }
          this.wait.begin(failure);
          if (failure.code === 'code-wrong') return { kind: 'refused', message: failure.words, fieldTree: field.code };
          const errors = refusedAt(failure, { code: field.code, name: field.name, password: field.password });
          this.problem.set(errors.length === 0 ? failure.words : undefined);
          return errors;
        },
      },
    },
  );
}
