import { DIALOG_DATA, DialogRef } from '@angular/cdk/dialog';
import { Component, inject, signal } from '@angular/core';
import { type ListedWebhook, routes } from '@muster/contracts';
import { Api } from '../../api/api.js';
import { ShownWebhookSecret } from './shown-webhook-secret.js';

/** Has a webhook sign with another secret, and shows it this once. */
@Component({
  selector: 'app-replace-webhook-secret',
  imports: [ShownWebhookSecret],
  host: { '(keydown.escape)': 'leave()' },
  template: `
    @if (secret(); as secret) {
      <app-shown-webhook-secret titleId="webhook-secret-title" [secret]="secret" (copied)="close(true)" />
    } @else {
      <div class="dialog-head">
        <h1 id="webhook-secret-title" tabindex="-1">New secret for {{ webhook.name }}?</h1>
      </div>
      <div class="dialog-body">
        <p>For a day everything is signed with both secrets, so that the receiver can change over in that time.</p>
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
export class ReplaceWebhookSecret {
  readonly #api = inject(Api);
  readonly #dialog = inject<DialogRef<boolean>>(DialogRef);
  readonly #commandId = crypto.randomUUID();
  protected readonly webhook = inject<ListedWebhook>(DIALOG_DATA);
  protected readonly secret = signal<string | undefined>(undefined);
  protected readonly problem = signal<string | undefined>(undefined);
  protected readonly busy = signal(false);

  protected async go(): Promise<void> {
    const { webhookId } = this.webhook;
    this.busy.set(true);
    const answer = await this.#api.call(routes.replaceWebhookSecret, {
      params: { webhookId },
      commandId: this.#commandId,
    });
    this.busy.set(false);
    if (answer.ok) this.secret.set(answer.value.secret);
    else this.problem.set(answer.failure.words);
  }

  /** A secret that was just made is not lost to a slip of the finger. */
  protected leave(): void {
    if (this.secret() === undefined) this.close(false);
  }

  protected close(changed: boolean): void {
    this.#dialog.close(changed);
  }
}
