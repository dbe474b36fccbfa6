import { DIALOG_DATA, DialogRef } from '@angular/cdk/dialog';
import { Component, computed, inject, signal } from '@angular/core';
import { form, FormRoot } from '@angular/forms/signals';
import { type ListedApiKey, routes } from '@muster/contracts';
import { Api } from '../../api/api.js';
import { DialogFoot } from '../../ui/dialog-foot.js';
import { Refusal } from '../../ui/refusal.js';
import { refusedAt } from '../../ui/refused.js';
import { type Bounds, boundsFields, boundsOf, boundsRules, typedBounds } from '../key-bounds.js';
import { purposesWords } from '../key-words.js';
import { BoundsFields } from './bounds-fields.js';

/** Renames a key, or changes what bounds it. */
@Component({
  selector: 'app-edit-key',
  imports: [BoundsFields, DialogFoot, FormRoot, Refusal],
  host: { '(keydown.escape)': 'close(false)' },
  template: `
    <div class="dialog-head">
      <h1 id="edit-key-title" tabindex="-1">Edit {{ key().name }}</h1>
    </div>
    <form [formRoot]="form">
      <div class="dialog-body">
        <app-bounds-fields [of]="form" />
        <p class="sub">
          It is {{ key().owner.name }}’s, for {{ purposes() }}. That stays: make another key to change it.
        </p>
        <app-refusal [words]="problem()" [outdated]="outdated()" (reload)="reload()" />
      </div>
      <app-dialog-foot [submitting]="form().submitting()" words="Save" doing="Saving…" (leave)="close(false)" />
    </form>
  `,
})
export class EditKey {
  readonly #api = inject(Api);
  readonly #dialog = inject<DialogRef<boolean>>(DialogRef);

  protected readonly key = signal(inject<ListedApiKey>(DIALOG_DATA));
  protected readonly problem = signal<string | undefined>(undefined);
  protected readonly outdated = signal(false);
  readonly #typed = typedBounds(this.key());
  protected readonly form = form(this.#typed, boundsRules, {
    submission: {
      action: async (field) => {
        const { keyId, version } = this.key();
        const body = changed(boundsOf(typedBounds(this.key())()), boundsOf(field().value()));
        if (Object.keys(body).length === 0) {
          this.close(false);
          return undefined;
        }
        const answer = await this.#api.call(routes.changeApiKey, { params: { keyId }, body, expectedVersion: version });
        if (answer.ok) {
          this.close(true);
          return undefined;
        }
        const errors = refusedAt(answer.failure, boundsFields(field));
        this.outdated.set(answer.failure.code === 'version-conflict');
        this.problem.set(errors.length === 0 ? answer.failure.words : undefined);
        return errors;
      },
    },
  });

  protected readonly purposes = computed(() => purposesWords(this.key().permissions));

  /** Takes what somebody else made of the key meanwhile, in place of what was typed here. */
  protected async reload(): Promise<void> {
    const answer = await this.#api.call(routes.listApiKeys);
    if (!answer.ok) {
      this.problem.set(answer.failure.words);
      return;
    }
    const key = answer.value.keys.find(({ keyId }) => keyId === this.key().keyId);
    if (key === undefined || key.state === 'revoked') {
      this.close(true);
      return;
    }
    this.key.set(key);
    this.#typed.set(typedBounds(key)());
    this.outdated.set(false);
    this.problem.set(undefined);
  }

  protected close(changed: boolean): void {
    this.#dialog.close(changed);
  }
}

/** What was typed differently. An untouched day is not sent: the key may end at another moment of it. */
function changed(before: Bounds, after: Bounds): Partial<Bounds> {
  const fields = Object.entries(after) as [keyof Bounds, Bounds[keyof Bounds]][];
  return Object.fromEntries(
    fields.filter(([field, value]) => JSON.stringify(value) !== JSON.stringify(before[field])),
  ) as Partial<Bounds>;
}
