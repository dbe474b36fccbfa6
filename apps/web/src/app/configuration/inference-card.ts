import { Component, computed, inject, signal } from '@angular/core';
import { lastOf } from '../live/remote.js';
import { Dialogs } from '../ui/dialogs.js';
import { SettingsStore } from './settings-store.js';

/** Whether requests are served without an API key: closed, unless somebody opens it knowing what that means. */
@Component({
  selector: 'app-inference-card',
  template: `
    @if (settings(); as settings) {
      <section class="card" aria-labelledby="inference">
        <div class="card-head">
          <h2 id="inference">Inference without a key</h2>
          <span class="grow"></span>
          @if (settings.inferenceOpen) {
            <button type="button" class="primary" [disabled]="busy()" (click)="close()">Close it</button>
          } @else {
            <button type="button" [disabled]="busy()" (click)="open()">Open…</button>
          }
        </div>
        <div class="body">
          @if (settings.inferenceOpen) {
            <p class="banner bad">
              <span
                ><b>Open to everybody.</b> Whoever reaches this Gateway can send requests, unseen by name and without
                limits of their own.</span
              >
            </p>
          } @else {
            <p>Refused <span class="sub">(recommended)</span>: a request needs an API key.</p>
          }
          @if (problem(); as words) {
            <p class="wrong" role="alert">{{ words }}</p>
          }
        </div>
      </section>
    }
  `,
  styles: `
    .body {
      display: grid;
      gap: 8px;
      padding: 16px 18px;
    }
    .banner {
      margin: 0;
    }
  `,
})
export class InferenceCard {
  readonly #dialogs = inject(Dialogs);
  readonly #store = inject(SettingsStore);
  protected readonly settings = computed(() => lastOf(this.#store.view()));
  protected readonly busy = signal(false);
  protected readonly problem = signal<string | undefined>(undefined);

  protected async open(): Promise<void> {
    this.problem.set(undefined);
    await this.#dialogs.ask({
      title: 'Open inference to everybody?',
      words: [
        'Whoever reaches this Gateway can then send requests to your models without an API key. Nobody is asked who they are, ' +
          'and no key’s limits hold for them.',
        'Every page of this console shows a warning for as long as it is open. You can close it at any time.',
      ],
      keep: 'Keep it closed',
      go: 'Open to everybody',
      going: 'Opening…',
      act: (commandId) => this.#store.change({ inferenceOpen: true }, this.settings()?.version, commandId),
    });
  }

  protected async close(): Promise<void> {
    this.busy.set(true);
    const answer = await this.#store.change({ inferenceOpen: false }, this.settings()?.version);
    this.busy.set(false);
    this.problem.set(answer.ok ? undefined : answer.failure.words);
  }
}
