import { DIALOG_DATA, DialogRef } from '@angular/cdk/dialog';
import { Component, inject, signal } from '@angular/core';
import { form, FormRoot, validate } from '@angular/forms/signals';
import { type ListedIntegration, type ReadingStart, routes, type StreamName } from '@muster/contracts';
import { Api } from '../../api/api.js';
import { DialogFoot } from '../../ui/dialog-foot.js';
import { Field } from '../../ui/field.js';
import { refusedAt } from '../../ui/refused.js';
import { readNumber } from '../../ui/rules.js';

/** Has an integration go on somewhere else in a stream: to be given again what it lost, or to pass over what it does not want. */
@Component({
  selector: 'app-set-position',
  imports: [DialogFoot, Field, FormRoot],
  host: { '(keydown.escape)': 'close(false)' },
  template: `
    <div class="dialog-head">
      <h1 id="position-title" tabindex="-1">Where {{ of.integration.name }} goes on in {{ of.stream }}</h1>
    </div>
    <form [formRoot]="form">
      <div class="dialog-body">
        <app-field
          name="position"
          label="Position"
          inputmode="numeric"
          [hint]="
            of.stream === 'REQUESTS'
              ? 'The number in the stream of the last message that it keeps; 0 for the oldest that there is.'
              : 'The position of the last fact that it keeps; 0 for the oldest that there is.'
          "
          [of]="form.position"
        />
        <p>It is given every fact behind that once more. What it was given and did not acknowledge is forgotten.</p>
        <p>
          <button type="button" class="ghost" [disabled]="form().submitting()" (click)="set('now')">
            Only what comes from now on
          </button>
        </p>
        @if (problem(); as words) {
          <p class="wrong" role="alert">{{ words }}</p>
        }
      </div>
      <app-dialog-foot
        [submitting]="form().submitting()"
        words="Set position"
        doing="Setting…"
        (leave)="close(false)"
      />
    </form>
  `,
})
export class SetPosition {
  readonly #api = inject(Api);
  readonly #dialog = inject<DialogRef<boolean>>(DialogRef);
  protected readonly of = inject<{ integration: ListedIntegration; stream: StreamName }>(DIALOG_DATA);
  protected readonly problem = signal<string | undefined>(undefined);
  protected readonly form = form(
    signal({ position: '' }),
    (path) => {
      validate(path.position, ({ value }) =>
        Number.isSafeInteger(readNumber(value()))
          ? undefined
          : { kind: 'rule', message: 'This must be a whole number' },
      );
    },
    {
      submission: {
        action: async (field) => {
          const position = readNumber(field().value().position);
          const answer = await this.#send(position === 0 ? 'start' : position);
          if (answer.ok) return undefined;
          const errors = refusedAt(answer.failure, { from: field.position });
          this.problem.set(errors.length === 0 ? answer.failure.words : undefined);
          return errors;
        },
      },
    },
  );

  protected async set(from: ReadingStart): Promise<void> {
    const answer = await this.#send(from);
    if (!answer.ok) this.problem.set(answer.failure.words);
  }

  protected close(changed: boolean): void {
    this.#dialog.close(changed);
  }

  async #send(from: ReadingStart) {
    const { integration, stream } = this.of;
    const params = { integrationId: integration.integrationId, stream };
    const answer = await this.#api.call(routes.setReading, { params, body: { from } });
    if (answer.ok) this.close(true);
    return answer;
  }
}
