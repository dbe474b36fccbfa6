import { Component, computed, effect, inject, input, signal } from '@angular/core';
import { Router, RouterLink } from '@angular/router';
import { type ManagedAccount, permissions, routes, type SessionEntry } from '@muster/contracts';
import { Api } from '../api/api.js';
import { HistoryCard } from '../history/history-card.js';
import { lastOf } from '../live/remote.js';
import { PageTitle } from '../page-title.js';
import { Session } from '../session/session.js';
import { AccountDialogs } from './account-dialogs.js';
import { typeOf } from './account-words.js';
import { AccountsStore } from './accounts-store.js';
import { SessionList } from './session-list.js';

/** One account, for whoever manages them. */
@Component({
  selector: 'app-account-page',
  imports: [HistoryCard, RouterLink, SessionList],
  providers: [AccountsStore],
  template: `
    @if (!may()) {
      <header class="page-head"><h1>Account</h1></header>
      <p class="banner">Your account may not see the accounts.</p>
    } @else if (account(); as account) {
      <header class="page-head">
        <a class="button ghost" routerLink="/accounts">← Accounts</a>
        <h1>{{ account.name }}</h1>
        <p>
          {{ typeOf(account.permissions) }}
          @if (account.disabled) {
            <span class="off">· Disabled</span>
          }
        </p>
        <span class="grow"></span>
        <button type="button" (click)="edit(account)">Edit</button>
        @if (own()) {
          <a class="button" routerLink="/account">Your password and sessions</a>
        } @else {
          @if (canSetPassword()) {
            <button type="button" (click)="setPassword(account)">Set password</button>
          }
          <button type="button" [disabled]="busy()" (click)="account.disabled ? enable(account) : disable(account)">
            {{ account.disabled ? 'Enable' : 'Disable' }}
          </button>
          <button type="button" class="danger" (click)="delete(account)">Delete</button>
        }
      </header>
      @if (problem(); as words) {
        <p class="banner bad" role="alert">{{ words }}</p>
      }
      @if (done(); as words) {
        <p class="banner" role="status">{{ words }}</p>
      }
      @if (mayLookBack()) {
        <nav class="tabs" aria-label="About the account">
          <a routerLink="." [attr.aria-current]="looksBack() ? null : 'page'">Account</a>
          <a routerLink="." [queryParams]="{ tab: 'history' }" [attr.aria-current]="looksBack() ? 'page' : null"
            >History</a
          >
        </nav>
      }
      @if (looksBack()) {
        <app-history-card [about]="about()" />
      } @else {
        <section class="card" aria-labelledby="permissions">
          <div class="card-head"><h2 id="permissions">May</h2></div>
          <ul class="may">
            @for (permission of account.permissions; track permission) {
              <li>
                {{ words[permission] }} <span class="mono sub">{{ permission }}</span>
              </li>
            } @empty {
              <li class="sub">Nothing but sign in and change the own password.</li>
            }
          </ul>
        </section>
        @if (!own()) {
          <section class="card" aria-labelledby="sessions">
            <div class="card-head">
              <h2 id="sessions">Sessions</h2>
              <span class="grow"></span>
              @if (sessions().length > 1) {
                <button type="button" [disabled]="busy()" (click)="endAll()">End all</button>
              }
            </div>
            <app-session-list [sessions]="sessions()" [busy]="busy()" (end)="endOne($event)" />
          </section>
        }
      }
    } @else if (store.view().state === 'ready') {
      <header class="page-head"><h1>There is no such account</h1></header>
      <p>It was deleted, or the address is wrong. <a routerLink="/accounts">Go to the accounts</a></p>
    } @else {
      <p class="sub" role="status">Looking for the account…</p>
    }
  `,
  styles: `
    section,
    app-history-card {
      max-width: 820px;
      margin-bottom: var(--gap);
    }
    app-history-card {
      --entries-height: none;
    }
    .off {
      color: var(--amber-ink);
    }
    .may {
      display: grid;
      gap: 6px;
      padding: 14px 18px;
    }
  `,
})
export class AccountPage {
  /** From the address of the page. */
  readonly accountId = input.required<string>();
  readonly tab = input<string>();

  readonly #api = inject(Api);
  readonly #router = inject(Router);
  readonly #session = inject(Session);
  readonly #dialogs = inject(AccountDialogs);
  readonly #title = inject(PageTitle);
  protected readonly store = inject(AccountsStore);

  protected readonly words = permissions;
  protected readonly typeOf = typeOf;
  protected readonly busy = signal(false);
  protected readonly problem = signal<string | undefined>(undefined);
  protected readonly done = signal<string | undefined>(undefined);
  protected readonly sessions = signal<readonly SessionEntry[]>([]);
  protected readonly may = computed(() => this.#session.may('accounts:manage'));
  protected readonly mayLookBack = computed(() => this.#session.may('fleet:view'));
  protected readonly looksBack = computed(() => this.mayLookBack() && this.tab() === 'history');
  protected readonly about = computed(() => ({ account: this.accountId() }));
  protected readonly own = computed(() => this.#session.account()?.accountId === this.accountId());
  protected readonly account = computed(() =>
    lastOf(this.store.view())?.find(({ accountId }) => accountId === this.accountId()),
  );
  /** Whoever sets a password can sign in with it: so not that of an account which may do more. */
  protected readonly canSetPassword = computed(
    () => this.account()?.permissions.every((permission) => this.#session.may(permission)) ?? false,
  );

  constructor() {
    effect(() => this.#title.show(this.account()?.name ?? 'Account'));
    effect(() => {
      // With every reading of the account its sessions are read too.
      if (this.account() !== undefined && !this.own()) void this.#readSessions();
    });
  }

  protected async edit(account: ManagedAccount): Promise<void> {
    if (await this.#dialogs.editAccount(account)) await this.store.read();
  }

  protected async setPassword(account: ManagedAccount): Promise<void> {
    if (!(await this.#dialogs.setPassword(account))) return;
    this.done.set('The password was set, and every session of the account has ended.');
    await this.store.read();
  }

  protected async disable(account: ManagedAccount): Promise<void> {
    if (await this.#dialogs.disableAccount(account)) await this.store.read();
  }

  protected enable({ accountId }: ManagedAccount): Promise<void> {
    return this.#do(() => this.#api.call(routes.enableAccount, { params: { accountId } }));
  }

  protected async delete(account: ManagedAccount): Promise<void> {
    if (await this.#dialogs.deleteAccount(account)) await this.#router.navigateByUrl('/accounts');
  }

  protected endOne(sessionId: string): Promise<void> {
    return this.#do(() => this.#api.call(routes.endSession, { params: { accountId: this.accountId(), sessionId } }));
  }

  protected endAll(): Promise<void> {
    return this.#do(() => this.#api.call(routes.endSessions, { params: { accountId: this.accountId() } }));
  }

  async #do(act: () => ReturnType<Api['call']>): Promise<void> {
    this.busy.set(true);
    const answer = await act();
    this.problem.set(answer.ok ? undefined : answer.failure.words);
    this.done.set(undefined);
    await this.store.read();
    this.busy.set(false);
  }

  async #readSessions(): Promise<void> {
    const answer = await this.#api.call(routes.listSessions, { params: { accountId: this.accountId() } });
    if (answer.ok) this.sessions.set(answer.value.sessions);
  }
}
