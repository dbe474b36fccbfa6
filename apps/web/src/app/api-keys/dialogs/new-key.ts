import { DialogRef } from '@angular/cdk/dialog';
import { Component, computed, inject, linkedSignal, signal } from '@angular/core';
import { form, FormRoot } from '@angular/forms/signals';
import {
  allKeyPermissions,
  type KeyPermission,
  keyPermissions,
  type ManagedAccount,
  mayGiveToKey,
  routes,
} from '@muster/contracts';
import { Api } from '../../api/api.js';
import { Sending } from '../../api/sending.js';
import { Fleet } from '../../live/fleet.js';
import { Session } from '../../session/session.js';
import { Choice } from '../../ui/choice.js';
import { CopyButton } from '../../ui/copy-button.js';
import { DialogFoot } from '../../ui/dialog-foot.js';
import { TakesFocus } from '../../ui/focus.js';
import { refusedAt } from '../../ui/refused.js';
import { boundsFields, boundsOf, boundsRules, typedBounds } from '../key-bounds.js';
import { BoundsFields } from './bounds-fields.js';

/** Makes an API key, and shows it this once. */
@Component({
  selector: 'app-new-key',
  imports: [BoundsFields, Choice, CopyButton, DialogFoot, FormRoot, TakesFocus],
  host: { '(keydown.escape)': 'leave()' },
  template: `
    @if (key(); as key) {
      <div class="dialog-head">
        <h1 id="new-key-title" tabindex="-1" appTakesFocus>Copy the key now</h1>
      </div>
      <div class="dialog-body">
        <p>
          This is the one time that it is shown: Muster keeps no copy of it. Give it to the program, and to nobody else.
        </p>
        <div class="key">
          <code class="code" data-api-key>{{ key }}</code>
          <app-copy-button [text]="key" what="the API key" />
        </div>
        @if (apiUrl(); as url) {
          <p>
            Applications send their requests to <span class="mono">{{ url }}</span>.
          </p>
        }
        <p class="sub">
          It is sent as <span class="mono">Authorization: Bearer</span>,
          <span class="mono">Authorization: ApiKey</span> or <span class="mono">X-API-Key</span>.
        </p>
      </div>
      <div class="dialog-foot">
        <span class="grow"></span>
        <button type="button" class="primary" (click)="close(true)">I have copied it</button>
      </div>
    } @else {
      <div class="dialog-head"><h1 id="new-key-title" tabindex="-1">New API key</h1></div>
      <form [formRoot]="form">
        <div class="dialog-body">
          <app-bounds-fields [of]="form" />
          @if (owners().length > 1) {
            <div class="field">
              <label for="key-owner">Owner</label>
              <select id="key-owner" aria-describedby="key-owner-words" (change)="ownerId.set(who.value)" #who>
                @for (owner of owners(); track owner.accountId) {
                  <option [value]="owner.accountId" [selected]="owner.accountId === ownerId()">
                    {{ owner.name }}{{ owner.accountId === own() ? ' (you)' : '' }}
                  </option>
                }
              </select>
              <p id="key-owner-words" class="sub">
                A key never does more than its owner may, and ends with the account.
              </p>
            </div>
          }
          <app-choice
            legend="May be used to"
            [choosable]="choosable()"
            [words]="purposeWords"
            [(selected)]="purposes"
          />
          @if (problem(); as words) {
            <p class="wrong" role="alert">{{ words }}</p>
          }
        </div>
        <app-dialog-foot
          [submitting]="form().submitting()"
          words="Make key"
          doing="Making the key…"
          (leave)="close(false)"
        />
      </form>
    }
  `,
  styles: `
    .key {
      display: flex;
      gap: 8px;
      align-items: center;
    }
  `,
})
export class NewKey {
  readonly #api = inject(Api);
  readonly #session = inject(Session);
  readonly #fleet = inject(Fleet);
  readonly #dialog = inject<DialogRef<boolean>>(DialogRef);
  readonly #sending = new Sending(() => ({ keyId: crypto.randomUUID(), commandId: crypto.randomUUID() }));

  protected readonly key = signal<string | undefined>(undefined);
  protected readonly problem = signal<string | undefined>(undefined);
  protected readonly own = computed(() => this.#session.account()?.accountId ?? '');
  readonly #accounts = signal<readonly ManagedAccount[]>([]);
  /** Oneself first, then the others that a key can be made for. */
  protected readonly owners = computed(() => {
    const own = this.#session.account();
    const others = this.#accounts().filter(({ accountId, disabled }) => !disabled && accountId !== own?.accountId);
    return own === undefined ? [] : [own, ...others];
  });
  /** Where a key for inference is of use, when that is known. */
  protected readonly apiUrl = computed(() =>
    this.purposes().includes('inference') ? this.#fleet.last()?.gateway.apiUrl : undefined,
  );
  protected readonly ownerId = signal(this.own());
  protected readonly choosable = computed(() => {
    const may = this.#session.account()?.permissions ?? [];
    return allKeyPermissions.filter((each) => mayGiveToKey(each, may, this.ownerId() === this.own()));
  });
  protected readonly purposeWords = keyPermissions;
  protected readonly purposes = linkedSignal<readonly KeyPermission[], readonly KeyPermission[]>({
    source: this.choosable,
    computation: (choosable, before) => (before?.value ?? ['inference']).filter((each) => choosable.includes(each)),
  });
  protected readonly form = form(typedBounds(), boundsRules, {
    submission: {
      action: async (field) => {
        const { name, models, expiresAt, limits } = boundsOf(field().value());
        const body = {
          ...{ name, permissions: [...this.purposes()] },
          ...(this.ownerId() !== this.own() && { ownerId: this.ownerId() }),
          ...(models && { models }),
          ...(expiresAt !== null && { expiresAt }),
          ...(limits && { limits }),
        };
        const { keyId, commandId } = this.#sending.of(body);
        const answer = await this.#api.call(routes.createApiKey, { commandId, body: { keyId, ...body } });
        if (answer.ok) {
          this.key.set(answer.value.key);
          return undefined;
        }
        const errors = refusedAt(answer.failure, boundsFields(field));
        this.problem.set(errors.length === 0 ? answer.failure.words : undefined);
        return errors;
      },
    },
  });

  constructor() {
    if (this.#session.may('accounts:manage')) void this.#readAccounts();
  }

  async #readAccounts(): Promise<void> {
    const answer = await this.#api.call(routes.listAccounts);
    // Without them a key is made for oneself.
    if (answer.ok) this.#accounts.set(answer.value.accounts);
  }

  /** A key that was just made is not lost to a slip of the finger. */
  protected leave(): void {
    if (this.key() === undefined) this.close(false);
  }

  protected close(made: boolean): void {
    this.#dialog.close(made);
  }
}
