import { DIALOG_DATA, DialogRef } from '@angular/cdk/dialog';
import { Component, inject, signal } from '@angular/core';
import { type ListedIntegration, routes, type ShownSecret } from '@muster/contracts';
import { Api } from '../../api/api.js';
import { ShownIntegrationSecret } from './shown-integration-secret.js';

/** Gives an integration another secret, and shows it this once. */
@Component({
  selector: 'app-replace-secret',
  imports: [ShownIntegrationSecret],
  host: { '(keydown.escape)': 'leave()' },
  template: `
    @if (shown(); as shown) {
      <app-shown-integration-secret
        titleId="secret-title"
        [shown]="shown"
        [doors]="integration.doors"
        [streams]="integration.streams"
        (copied)="close(true)"
      />
    } @else {
      <div class="dialog-head">
        <h1 id="secret-title" tabindex="-1">New secret for {{ integration.name }}?</h1>
      </div>
      <div class="dialog-body">
        <p>The secret that it has is refused from now on, and what is connected with it is let go.</p>
        <p>What it has read up to is kept.</p>
        @if (problem(); as words) {
          <p class="wrong" role="alert">{{ words }}</p>
        }
      </div>
      <div class="dialog-foot">
        <span class="grow"></span>
        <button type="button" (click)="close(false)">Keep the secret</button>
        <button type="button" class="danger" [disabled]="busy()" (click)="go()">
          {{ busy() ? 'Making the secret…' : 'Make another' }}
        </button>
      </div>
    }
  `,
})
export class ReplaceSecret {
  readonly #api = inject(Api);
  readonly #dialog = inject<DialogRef<boolean>>(DialogRef);
  readonly #commandId = crypto.randomUUID();
  protected readonly integration = inject<ListedIntegration>(DIALOG_DATA);
  protected readonly shown = signal<ShownSecret | undefined>(undefined);
  protected readonly problem = signal<string | undefined>(undefined);
  protected readonly busy = signal(false);

  protected async go(): Promise<void> {
    const { integrationId, version } = this.integration;
    this.busy.set(true);
    const answer = await this.#api.call(routes.replaceIntegrationSecret, {
      params: { integrationId },
      commandId: this.#commandId,
      expectedVersion: version,
    });
    this.busy.set(false);
    if (answer.ok) this.shown.set(answer.value);
    else this.problem.set(answer.failure.words);
  }

  protected leave(): void {
    if (this.shown() === undefined) this.close(false);
  }

  protected close(changed: boolean): void {
    this.#dialog.close(changed);
  }
}
