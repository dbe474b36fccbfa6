import { Dialog } from '@angular/cdk/dialog';
import { Component, computed, DestroyRef, effect, inject, signal } from '@angular/core';
import { firstValueFrom } from 'rxjs';
import { Clock } from '../live/clock.js';
import { lastOf } from '../live/remote.js';
import { Session } from '../session/session.js';
import { CopyButton } from '../ui/copy-button.js';
import { moment } from '../ui/format.js';
import { SettingsStore } from './settings.js';

/** A key that is shown is hidden again after this time, so that it does not stand on a screen for ever. */
const SHOWN_MS = 30_000;

/** The settings of this Gateway. */
@Component({
  selector: 'app-configuration',
  imports: [CopyButton],
  providers: [SettingsStore],
  template: `
    <header class="page-head"><h1>Configuration</h1></header>
    @if (!may()) {
      <p class="banner">Your account may not see the configuration.</p>
    } @else {
      <section class="card" aria-labelledby="access-key">
        <div class="card-head">
          <h2 id="access-key">Node access key</h2>
          <span class="grow"></span>
          <button type="button" [attr.aria-pressed]="key() !== undefined" (click)="show()">
            {{ key() === undefined ? 'Show' : 'Hide' }}
          </button>
          <app-copy-button [text]="fetchKey" what="the access key" />
          <button type="button" (click)="change()">Change</button>
        </div>
        <div class="body">
          @if (key(); as shown) {
            <p class="mono key" data-access-key>{{ shown }}</p>
          } @else {
            <p class="mono key" aria-label="Hidden">•••• •••• •••• •••• ••••</p>
          }
          @if (settings(); as settings) {
            <p class="sub">
              Key <span class="mono">{{ settings.accessKey.keyId }}</span>, since {{ since() }}. A node is only driven
              by a Gateway that has its key: give it to the node service with
              <span class="mono">--access-key-file</span> or <span class="mono">MUSTER_ACCESS_KEY</span>.
            </p>
          } @else if (refused()) {
            <p class="wrong" role="alert">
              {{ refused() }} <button type="button" class="ghost" (click)="store.read()">Try again</button>
            </p>
          }
          @if (problem(); as words) {
            <p class="wrong" role="alert">{{ words }}</p>
          }
          @if (done(); as words) {
            <p role="status">{{ words }}</p>
          }
        </div>
      </section>
    }
  `,
  styles: `
    section {
      max-width: 820px;
    }
    .body {
      display: grid;
      gap: 8px;
      padding: 16px 18px;
    }
    .key {
      font-size: 14px;
      overflow-wrap: anywhere;
    }
    .sub .mono {
      font-size: 12px;
    }
  `,
})
export class Configuration {
  readonly #session = inject(Session);
  readonly #clock = inject(Clock);
  readonly #dialog = inject(Dialog);
  protected readonly store = inject(SettingsStore);

  protected readonly may = computed(() => this.#session.may('settings:manage'));
  protected readonly settings = computed(() => lastOf(this.store.view()));
  protected readonly refused = computed(() => {
    const view = this.store.view();
    return view.state === 'refused' ? view.words : undefined;
  });
  protected readonly since = computed(() => {
    const changedAt = this.settings()?.accessKey.changedAt;
    return changedAt === undefined ? '' : moment(changedAt, this.#clock.now());
  });
  protected readonly key = signal<string | undefined>(undefined);
  protected readonly problem = signal<string | undefined>(undefined);
  protected readonly done = signal<string | undefined>(undefined);
  #hide: ReturnType<typeof setTimeout> | undefined;

  constructor() {
    effect(() => {
      if (this.may()) void this.store.read();
    });
    inject(DestroyRef).onDestroy(() => clearTimeout(this.#hide));
  }

  protected readonly fetchKey = async (): Promise<string | undefined> => {
    const answer = await this.store.showAccessKey();
    this.problem.set(answer.ok ? undefined : answer.failure.words);
    return answer.ok ? answer.value.accessKey : undefined;
  };

  protected async show(): Promise<void> {
    clearTimeout(this.#hide);
    this.key.set(this.key() === undefined ? await this.fetchKey() : undefined);
    this.#hide = setTimeout(() => this.key.set(undefined), SHOWN_MS);
  }

  protected async change(): Promise<void> {
    const { ChangeAccessKey } = await import('./change-access-key.js');
    const dialog = this.#dialog.open<boolean>(ChangeAccessKey, {
      panelClass: 'dialog',
      backdropClass: 'veil',
      ariaModal: true,
      ariaLabelledBy: 'change-key-title',
      autoFocus: 'h1',
      providers: [{ provide: SettingsStore, useValue: this.store }],
    });
    if ((await firstValueFrom(dialog.closed)) !== true) return;
    this.key.set(undefined);
    this.done.set('The access key was changed. Show or copy it to give it to your nodes.');
  }
}
