import { Component, computed, inject, input, signal } from '@angular/core';
import { form, FormRoot } from '@angular/forms/signals';
import { Router } from '@angular/router';
import { routes } from '@muster/contracts';
import { Brand } from '../shell/brand.js';
import { Field } from '../ui/field.js';
import { TakesFocus } from '../ui/focus.js';
import { refusedAt } from '../ui/refused.js';
import { holds } from '../ui/rules.js';
import { nextOf } from './guards.js';
import { Session } from './session.js';
import { SlowedSubmit } from './slowed-submit.js';
import { waiting } from './waiting.js';

const rules = routes.signIn.body.shape;

@Component({
  selector: 'app-sign-in',
  imports: [Brand, Field, FormRoot, SlowedSubmit, TakesFocus],
  styleUrl: './entry.css',
  template: `
    <main>
      <app-brand />
      <div class="card">
        <h1 tabindex="-1" appTakesFocus>Sign in</h1>
        @if (why(); as words) {
          <p class="said" role="status">{{ words }}</p>
        }
        <form [formRoot]="form">
          <app-field name="name" label="Name" autocomplete="username" [of]="form.name" />
          <app-field
            name="password"
            label="Password"
            type="password"
            autocomplete="current-password"
            [of]="form.password"
          />
          <app-slowed-submit
            [seconds]="wait.seconds()"
            [problem]="problem()"
            [submitting]="form().submitting()"
            words="Sign in"
            doing="Signing in…"
          />
        </form>
      </div>
    </main>
  `,
})
export class SignIn {
  readonly #session = inject(Session);
  readonly #router = inject(Router);
  readonly next = input<string>();

  protected readonly wait = waiting();
  protected readonly why = computed(() => {
    const session = this.#session.state();
    return session.state === 'signed-out' ? session.why : undefined;
  });
  protected readonly problem = signal<string | undefined>(undefined);
  protected readonly form = form(
    signal({ name: '', password: '' }),
    (path) => {
      holds(path.name, rules.name);
      holds(path.password, rules.password);
    },
    {
      submission: {
        action: async (field) => {
          const { name, password } = field().value();
          const failure = await this.#session.signIn(name, password);
          if (failure === undefined) {
            await this.#router.navigateByUrl(nextOf(this.next()));
            return undefined;
          }
          this.wait.begin(failure);
          const errors = refusedAt(failure, { name: field.name, password: field.password });
          this.problem.set(errors.length === 0 ? failure.words : undefined);
          return errors;
        },
      },
    },
  );
}
