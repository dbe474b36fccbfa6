import { Component, computed, inject } from '@angular/core';
import { RouterLink } from '@angular/router';
import { Clock } from '../live/clock.js';
import { lastOf } from '../live/remote.js';
import { Session } from '../session/session.js';
import { day } from '../ui/format.js';
import { AccountDialogs } from './account-dialogs.js';
import { typeOf } from './account-words.js';
import { AccountsStore } from './accounts-store.js';

/** Everybody who has an account. */
@Component({
  selector: 'app-accounts',
  imports: [RouterLink],
  providers: [AccountsStore],
  template: `
    @let view = store.view();
    <header class="page-head">
      <h1>Accounts</h1>
      <span class="grow"></span>
      @if (may()) {
        <button type="button" class="primary" (click)="make()">New account</button>
      }
    </header>
    @if (!may()) {
      <p class="banner">Your account may not see the accounts.</p>
    } @else if (view.state === 'refused') {
      <p class="banner bad" role="alert">{{ view.words }}</p>
    } @else if (rows(); as rows) {
      <div class="card list" role="table" aria-label="Accounts" [class.old]="view.state === 'lost'">
        <div class="row head" role="row">
          <span role="columnheader">Name</span>
          <span role="columnheader">Type</span>
          <span role="columnheader">State</span>
          <span role="columnheader">Made</span>
        </div>
        @for (account of rows; track account.accountId) {
          <div class="row" role="row">
            <span role="cell" class="name">
              <a class="covers" [routerLink]="['/accounts', account.accountId]">{{ account.name }}</a>
              @if (account.accountId === own()) {
                <span class="sub">you</span>
              }
            </span>
            <span role="cell">{{ account.type }}</span>
            <span role="cell" [class.sub]="!account.disabled" [class.off]="account.disabled">{{
              account.disabled ? 'Disabled' : 'Enabled'
            }}</span>
            <span role="cell" class="sub num">{{ account.made }}</span>
          </div>
        }
      </div>
    } @else {
      <p class="sub" role="status">
        {{ view.state === 'lost' ? 'The Gateway does not answer.' : 'Looking for accounts…' }}
      </p>
    }
  `,
  styles: `
    .list {
      max-width: 820px;
    }
    .row {
      --row-pad: 12px;

      position: relative;
      grid-template-columns: minmax(0, 2fr) minmax(0, 1.2fr) 90px 110px;
      align-items: baseline;
    }
    .row:hover:not(.head) {
      background: var(--hover);
    }
    .name .sub {
      margin-left: 6px;
    }
    .name {
      overflow-wrap: anywhere;
    }
    a {
      font-weight: 600;
    }
    .off {
      color: var(--amber-ink);
    }
    .old {
      opacity: 0.6;
    }
    @media (max-width: 700px) {
      .head {
        display: none;
      }
      .row {
        grid-template-columns: minmax(0, 1fr) auto;
        gap: 2px 12px;
      }
      .row:nth-child(2) {
        border-top: 0;
      }
    }
  `,
})
export class Accounts {
  readonly #session = inject(Session);
  readonly #clock = inject(Clock);
  readonly #dialogs = inject(AccountDialogs);
  protected readonly store = inject(AccountsStore);

  protected readonly may = computed(() => this.#session.may('accounts:manage'));
  protected readonly own = computed(() => this.#session.account()?.accountId);
  protected readonly rows = computed(() =>
    lastOf(this.store.view())?.map((account) => ({
      ...account,
      type: typeOf(account.permissions),
      made: day(account.createdAt, this.#clock.now()),
    })),
  );

  protected async make(): Promise<void> {
    if (await this.#dialogs.newAccount()) await this.store.read();
  }
}
