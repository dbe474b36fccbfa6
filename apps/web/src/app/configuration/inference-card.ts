import { Dialog } from '@angular/cdk/dialog';
import { Component, computed, inject, signal } from '@angular/core';
import { firstValueFrom } from 'rxjs';
import { lastOf } from '../live/remote.js';
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
  readonly #dialog = inject(Dialog);
  readonly #store = inject(SettingsStore);
  protected readonly settings = computed(() => lastOf(this.#store.view()));
  protected readonly busy = signal(false);
  protected readonly problem = signal<string | undefined>(undefined);

  protected async open(): Promise<void> {
    const { OpenInference } = await import('./open-inference.js');
    const dialog = this.#dialog.open<boolean>(OpenInference, {
      panelClass: 'dialog',
      backdropClass: 'veil',
      ariaModal: true,
      role: 'alertdialog',
      ariaLabelledBy: 'open-inference-title',
      autoFocus: 'h1',
    });
    if ((await firstValueFrom(dialog.closed)) === true) await this.#set(true);
  }

  protected close(): Promise<void> {
    return this.#set(false);
  }

  async #set(inferenceOpen: boolean): Promise<void> {
    const settings = this.settings();
    if (settings === undefined) return;
    this.busy.set(true);
    const answer = await this.#store.change({ inferenceOpen }, settings.version);
    this.busy.set(false);
    this.problem.set(answer.ok ? undefined : answer.failure.words);
    if (!answer.ok) await this.#store.read();
  }
}
