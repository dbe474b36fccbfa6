import { DIALOG_DATA, DialogRef } from '@angular/cdk/dialog';
import { Component, inject, signal } from '@angular/core';
import { form, FormRoot } from '@angular/forms/signals';
import { type ListedWebhook, routes } from '@muster/contracts';
import { Api } from '../../api/api.js';
import { Sending } from '../../api/sending.js';
import { DialogFoot } from '../../ui/dialog-foot.js';
import { refusedAt } from '../../ui/refused.js';
import { Beginning, beginningOf, beginningRules, type TypedBeginning } from './beginning.js';

/** Has a webhook send from somewhere else: again what its receiver lost, or not what it does not want. */
@Component({
  selector: 'app-replay-webhook',
  imports: [Beginning, DialogFoot, FormRoot],
  host: { '(keydown.escape)': 'close(false)' },
  template: `
    <div class="dialog-head">
      <h1 id="replay-title" tabindex="-1">Replay {{ webhook.name }}</h1>
    </div>
    <form [formRoot]="form">
      <div class="dialog-body">
        <app-beginning [of]="form" />
        <p>
          What was sent before comes again under the id it had. What waits before that place is passed over.
          @if (webhook.state === 'paused') {
            It stays paused until somebody resumes it.
          }
        </p>
        @if (problem(); as words) {
          <p class="wrong" role="alert">{{ words }}</p>
        }
      </div>
      <app-dialog-foot
        [submitting]="form().submitting()"
        words="Replay"
        doing="Ordering the replay…"
        (leave)="close(false)"
      />
    </form>
  `,
})
export class ReplayWebhook {
  readonly #api = inject(Api);
  readonly #dialog = inject<DialogRef<boolean>>(DialogRef);
  readonly #sending = new Sending(() => ({ commandId: crypto.randomUUID() }));
  protected readonly webhook = inject<ListedWebhook>(DIALOG_DATA);
  protected readonly problem = signal<string | undefined>(undefined);
  protected readonly form = form(signal<TypedBeginning>({ begin: 'start', position: '' }), beginningRules, {
    submission: {
      action: async (field) => {
        const body = { from: beginningOf(field().value()) };
        const { webhookId } = this.webhook;
        const answer = await this.#api.call(routes.replayWebhook, {
          ...this.#sending.of(body),
          ...{ params: { webhookId }, body },
        });
        if (answer.ok) {
          this.close(true);
          return undefined;
        }
        const errors = field.begin().value() === 'position' ? refusedAt(answer.failure, { from: field.position }) : [];
        this.problem.set(errors.length === 0 ? answer.failure.words : undefined);
        return errors;
      },
    },
  });

  protected close(changed: boolean): void {
    this.#dialog.close(changed);
  }
}
