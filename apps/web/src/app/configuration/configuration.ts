import { Component, computed, inject, viewChild } from '@angular/core';
import { RouterLink } from '@angular/router';
import { Session } from '../session/session.js';
import { Dialogs } from '../ui/dialogs.js';
import { AccessKeyCard } from './access-key-card.js';
import { InferenceCard } from './inference-card.js';
import { SettingsForm } from './settings-form.js';
import { SettingsStore } from './settings-store.js';

/** The settings of this Gateway. */
@Component({
  selector: 'app-configuration',
  imports: [AccessKeyCard, InferenceCard, RouterLink, SettingsForm],
  providers: [SettingsStore],
  template: `
    <header class="page-head">
      <h1>Configuration</h1>
      <span class="grow"></span>
      @if (may()) {
        <a class="button" routerLink="/history" [queryParams]="{ about: 'settings' }">Changes</a>
      }
    </header>
    @if (!may()) {
      <p class="banner">Your account may not see the configuration.</p>
    } @else {
      <div class="cards">
        <app-access-key-card />
        <app-inference-card />
        <app-settings-form />
      </div>
    }
  `,
  styles: `
    .cards {
      display: grid;
      gap: 16px;
      max-width: 820px;
    }
  `,
})
export class Configuration {
  readonly #dialogs = inject(Dialogs);
  readonly #session = inject(Session);
  private readonly form = viewChild(SettingsForm);

  protected readonly may = computed(() => this.#session.may('settings:manage'));

  /** Whether the page may be left: asked for when something on it is not saved. */
  async mayLeave(): Promise<boolean> {
    if (this.form()?.unsaved() !== true || !this.may()) return true;
    return this.#dialogs.ask({
      title: 'Leave without saving?',
      words: ['What you changed on this page is not saved.'],
      keep: 'Stay',
      go: 'Leave',
      going: 'Leaving…',
      act: () => Promise.resolve({ ok: true, value: undefined }),
    });
  }
}
