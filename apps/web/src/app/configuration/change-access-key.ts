import { DIALOG_DATA, DialogRef } from '@angular/cdk/dialog';
import { Component, inject, signal } from '@angular/core';
import { form, FormRoot, validate } from '@angular/forms/signals';
import { AccessKey } from '@muster/contracts';
import { Field } from '../ui/field.js';
import { problemWith } from '../ui/rules.js';
import type { SettingsStore } from './settings-store.js';

/** Changes the access key, after saying what follows from it. */
@Component({
  selector: 'app-change-access-key',
  imports: [Field, FormRoot],
  template: `
    <div class="dialog-head"><h1 id="change-key-title" tabindex="-1">Change the access key</h1></div>
    <form [formRoot]="form">
      <div class="dialog-body">
        <p>
          Both keys are accepted until every activated node has the new one, or until you end that. Links stay up
          meanwhile, and this page shows which node still has the former key.
        </p>
        <p class="sub">A node takes a changed key file up without a restart.</p>
        <fieldset>
          <legend class="unseen">Which key</legend>
          <label
            ><input type="radio" name="which" [checked]="!given()" (change)="given.set(false)" /> A new random
            key</label
          >
          <label><input type="radio" name="which" [checked]="given()" (change)="given.set(true)" /> A key I have</label>
        </fieldset>
        @if (given()) {
          <app-field
            name="access-key"
            label="Access key"
            hint="43 characters: letters, digits, - and _"
            [of]="form.accessKey"
          />
        }
        @if (problem(); as words) {
          <p class="wrong" role="alert">{{ words }}</p>
        }
      </div>
      <div class="dialog-foot">
        <span class="grow"></span>
        <button type="button" (click)="close(false)">Keep the old one</button>
        <button type="submit" class="danger" [disabled]="form().submitting()">
          {{ form().submitting() ? 'Changing…' : 'Change key' }}
        </button>
      </div>
    </form>
  `,
  styles: `
    fieldset {
      display: grid;
      gap: 8px;
      margin: 0;
      padding: 0;
      border: 0;
    }
    fieldset label {
      display: flex;
      gap: 8px;
      align-items: center;
    }
    input[type='radio'] {
      accent-color: var(--accent);
      margin: 0;
    }
  `,
})
export class ChangeAccessKey {
  readonly #store = inject<SettingsStore>(DIALOG_DATA);
  readonly #dialog = inject<DialogRef<boolean>>(DialogRef);
  #commandId = crypto.randomUUID();

  protected readonly given = signal(false);
  protected readonly problem = signal<string | undefined>(undefined);
  protected readonly form = form(
    signal({ accessKey: '' }),
    (path) => {
      validate(path.accessKey, ({ value }) => {
        const message = this.given() ? problemWith(AccessKey, value().trim()) : undefined;
        return message === undefined ? undefined : { kind: 'rule', message };
      });
    },
    {
      submission: {
        action: async (field) => {
          const accessKey = this.given() ? field.accessKey().value().trim() : undefined;
          const answer = await this.#store.changeAccessKey(accessKey, this.#commandId);
          if (answer.ok) {
            this.close(true);
            return;
          }
          // A refused order is over; the next one is another. One without an answer may have worked, and keeps its id.
          if (answer.failure.code !== 'outage') this.#commandId = crypto.randomUUID();
          this.problem.set(answer.failure.words);
        },
      },
    },
  );

  protected close(changed: boolean): void {
    this.#dialog.close(changed);
  }
}
