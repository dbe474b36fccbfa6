import { Component, effect, inject, signal } from '@angular/core';
import { form, FormRoot, validate } from '@angular/forms/signals';
import { permissions, routes, type SessionEntry } from '@muster/contracts';
import { Api } from '../api/api.js';
import { Session } from '../session/session.js';
import { SlowedSubmit } from '../session/slowed-submit.js';
import { waiting } from '../session/waiting.js';
import { Field } from '../ui/field.js';
import { refusedAt } from '../ui/refused.js';
import { holds } from '../ui/rules.js';
import { SessionList } from './session-list.js';

const rules = routes.changePassword.body.shape;

/** What a person sees and changes of their own account. */
@Component({
  selector: 'app-own-account',
  imports: [Field, FormRoot, SessionList, SlowedSubmit],
  template: `
    @if (session.account(); as account) {
      <header class="page-head">
        <h1>{{ account.name }}</h1>
        <p class="sub">Your account</p>
      </header>
      <section class="card" aria-labelledby="may">
        <div class="card-head"><h2 id="may">You may</h2></div>
        <ul class="body">
          @for (permission of account.permissions; track permission) {
            <li>{{ words[permission] }}</li>
          } @empty {
            <li class="sub">Nothing but sign in and change your password.</li>
          }
        </ul>
      </section>
    }
    <section class="card" aria-labelledby="password-title">
      <div class="card-head"><h2 id="password-title">Password</h2></div>
      <form class="body" [formRoot]="form">
        <app-field
          name="current"
          label="Password until now"
          type="password"
          autocomplete="current-password"
          [of]="form.current"
        />
        <app-field
          name="password"
          label="New password"
          type="password"
          autocomplete="new-password"
          hint="At least 8 characters. Your other sessions end."
          [of]="form.password"
        />
        <app-field
          name="again"
          label="New password again"
          type="password"
          autocomplete="new-password"
          [of]="form.again"
        />
        <app-slowed-submit
          [seconds]="wait.seconds()"
          [problem]="problem()"
          [submitting]="form().submitting()"
          [fills]="false"
          words="Change password"
          doing="Changing…"
        >
          @if (done(); as words) {
            <p role="status">{{ words }}</p>
          }
        </app-slowed-submit>
      </form>
    </section>
    <section class="card" aria-labelledby="sessions">
      <div class="card-head">
        <h2 id="sessions">Sessions</h2>
        <span class="grow"></span>
        @if (sessions().length > 1) {
          <button type="button" [disabled]="busy()" (click)="endOthers()">End all others</button>
        }
      </div>
      <app-session-list [sessions]="sessions()" [busy]="busy()" (end)="endOne($event)" />
      @if (sessionProblem(); as words) {
        <p class="wrong body" role="alert">{{ words }}</p>
      }
    </section>
  `,
  styles: `
    section {
      max-width: 620px;
      margin-bottom: var(--gap);
    }
    .body {
      display: grid;
      gap: 12px;
      padding: 16px 18px;
    }
    ul.body {
      gap: 6px;
    }
  `,
})
export class OwnAccount {
  readonly #api = inject(Api);
  protected readonly session = inject(Session);

  protected readonly words = permissions;
  protected readonly wait = waiting();
  protected readonly busy = signal(false);
  protected readonly problem = signal<string | undefined>(undefined);
  protected readonly sessionProblem = signal<string | undefined>(undefined);
  protected readonly done = signal<string | undefined>(undefined);
  protected readonly sessions = signal<readonly (SessionEntry & { current: boolean })[]>([]);
  readonly #values = signal({ current: '', password: '', again: '' });
  #commandId = crypto.randomUUID();
  protected readonly form = form(
    this.#values,
    (path) => {
      holds(path.current, rules.current);
      holds(path.password, rules.password);
      validate(path.again, ({ value, valueOf }) =>
        value() === valueOf(path.password) ? undefined : { kind: 'differs', message: 'The two are not the same' },
      );
    },
    {
      submission: {
        action: async (field) => {
          this.done.set(undefined);
          const { current, password } = field().value();
          const commandId = this.#commandId;
          const answer = await this.#api.call(routes.changePassword, { body: { current, password }, commandId });
          // Without an answer it may have worked, and the next try is the same order.
          if (answer.ok || answer.failure.code !== 'outage') this.#commandId = crypto.randomUUID();
          if (answer.ok) {
            this.problem.set(undefined);
            field().reset({ current: '', password: '', again: '' });
            this.done.set('Your password was changed.');
            await this.#read();
            return undefined;
          }
          this.wait.begin(answer.failure);
          const errors = refusedAt(answer.failure, { current: field.current, password: field.password });
          this.problem.set(errors.length === 0 ? answer.failure.words : undefined);
          return errors;
        },
      },
    },
  );

  constructor() {
    effect(() => {
      if (this.session.account() !== undefined) void this.#read();
    });
  }

  protected endOne(sessionId: string): Promise<void> {
    return this.#end(() => this.#api.call(routes.endOwnSession, { params: { sessionId } }));
  }

  protected endOthers(): Promise<void> {
    return this.#end(() => this.#api.call(routes.endOtherSessions));
  }

  async #end(act: () => ReturnType<Api['call']>): Promise<void> {
    this.busy.set(true);
    const answer = await act();
    this.sessionProblem.set(answer.ok ? undefined : answer.failure.words);
    await this.#read();
    this.busy.set(false);
  }

  async #read(): Promise<void> {
    const answer = await this.#api.call(routes.listOwnSessions);
    if (answer.ok) this.sessions.set(answer.value.sessions);
  }
}
