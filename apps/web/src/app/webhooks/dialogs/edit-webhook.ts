import { DIALOG_DATA, DialogRef } from '@angular/cdk/dialog';
import { Component, computed, inject, signal } from '@angular/core';
import { form, FormRoot, validate } from '@angular/forms/signals';
import {
  CreateWebhook,
  FactTypes,
  integrationStreams,
  type ListedWebhook,
  neededToGive,
  routes,
  type StreamName,
  WebhookName,
  WebhookUrl,
} from '@muster/contracts';
import { Api } from '../../api/api.js';
import { mapped, type Outcome } from '../../api/outcome.js';
import { Sending } from '../../api/sending.js';
import { streamWords } from '../../integrations/integration-words.js';
import { Session } from '../../session/session.js';
import { Choice } from '../../ui/choice.js';
import { DialogFoot } from '../../ui/dialog-foot.js';
import { Field } from '../../ui/field.js';
import { Refusal } from '../../ui/refusal.js';
import { refusedAt } from '../../ui/refused.js';
import { holds, problemWith } from '../../ui/rules.js';
import { Beginning, beginningOf, beginningRules } from './beginning.js';

/** Makes a webhook, or changes one: its name, where it sends, and what. Closes with the secret that was made, or whether something was changed. */
@Component({
  selector: 'app-edit-webhook',
  imports: [Beginning, Choice, DialogFoot, Field, FormRoot, Refusal],
  host: { '(keydown.escape)': 'close(false)' },
  template: `
    <div class="dialog-head">
      <h1 id="webhook-title" tabindex="-1">{{ before() ? 'Edit ' + before()?.name : 'New webhook' }}</h1>
    </div>
    <form [formRoot]="form">
      <div class="dialog-body">
        <app-field name="webhook-name" label="Name" hint="Who receives, as in Ticket desk." [of]="form.name" />
        <app-field
          name="webhook-url"
          label="Address"
          inputmode="url"
          hint="As https://desk.example/muster. It stands in the history: put no secret into it."
          [of]="form.url"
        />
        <app-choice legend="Sends" [choosable]="choosable()" [words]="streamWords" [(selected)]="streams" />
        <app-field
          name="webhook-types"
          label="Types of facts"
          hint="With commas between, as NodeRenamed, NodeStatusChanged. Empty: every fact."
          [of]="form.types"
        />
        @if (!before()) {
          <app-beginning [of]="form.beginning" />
        }
        <app-refusal [words]="problem()" [outdated]="outdated()" (reload)="reload()" />
      </div>
      <app-dialog-foot
        [submitting]="form().submitting()"
        [words]="before() ? 'Save' : 'Make webhook'"
        [doing]="before() ? 'Saving…' : 'Making the webhook…'"
        (leave)="close(false)"
      />
    </form>
  `,
})
export class EditWebhook {
  readonly #api = inject(Api);
  readonly #session = inject(Session);
  readonly #dialog = inject<DialogRef<string | boolean>>(DialogRef);
  readonly #sending = new Sending(() => ({ webhookId: crypto.randomUUID(), commandId: crypto.randomUUID() }));
  protected readonly before = signal(inject<ListedWebhook | null | undefined>(DIALOG_DATA, { optional: true }) ?? null);
  protected readonly streamWords = streamWords;

  protected readonly problem = signal<string | undefined>(undefined);
  protected readonly outdated = signal(false);
  protected readonly streams = signal<readonly StreamName[]>(this.before()?.streams ?? ['FLEET', 'HEALTH']);
  /** What one may read oneself, and what it sends already. */
  protected readonly choosable = computed(() =>
    integrationStreams.filter(
      (stream) =>
        this.before()?.streams.includes(stream) === true ||
        neededToGive(stream).every((permission) => this.#session.may(permission)),
    ),
  );
  readonly #typed = signal(typed(this.before()));
  protected readonly form = form(
    this.#typed,
    (path) => {
      holds(path.name, WebhookName);
      holds(path.url, WebhookUrl, (text) => text.trim());
      validate(path.types, ({ value }) => {
        const message = problemWith(FactTypes, typesIn(value()));
        return message === undefined ? undefined : { kind: 'rule', message };
      });
      beginningRules(path.beginning);
    },
    {
      submission: {
        action: async (field) => {
          const { name, url, types, beginning } = field().value();
          const streams = this.streams().filter((stream) => this.choosable().includes(stream));
          const unchosen = problemWith(CreateWebhook.request.shape.streams, streams);
          this.outdated.set(false);
          this.problem.set(unchosen);
          if (unchosen !== undefined) return undefined;
          const body = { name, url: url.trim(), streams, types: typesIn(types) };
          const answer = await this.#send(body, beginningOf(beginning));
          if (answer.ok) {
            this.close(answer.value ?? true);
            return undefined;
          }
          this.outdated.set(answer.failure.code === 'version-conflict');
          const errors = refusedAt(answer.failure, { name: field.name, url: field.url, types: field.types });
          this.problem.set(errors.length === 0 ? answer.failure.words : undefined);
          return errors;
        },
      },
    },
  );

  /** The secret, where one was made. */
  async #send(body: Sent, from: string): Promise<Outcome<string | undefined>> {
    const before = this.before();
    const { webhookId, commandId } = this.#sending.of({ ...body, from, version: before?.version });
    if (before === null) {
      const made = { webhookId, ...body, ...(from !== 'now' && { from }) };
      return mapped(await this.#api.call(routes.createWebhook, { commandId, body: made }), ({ secret }) => secret);
    }
    const params = { webhookId: before.webhookId };
    const answer = await this.#api.call(routes.changeWebhook, {
      ...{ commandId, body, params, expectedVersion: before.version },
    });
    return mapped(answer, () => undefined);
  }

  /** Takes what somebody else made of it meanwhile, in place of what was typed here. */
  protected async reload(): Promise<void> {
    const answer = await this.#api.call(routes.listWebhooks);
    if (!answer.ok) {
      this.problem.set(answer.failure.words);
      return;
    }
    const webhook = answer.value.webhooks.find(({ webhookId }) => webhookId === this.before()?.webhookId);
    if (webhook === undefined) {
      this.close(true);
      return;
    }
    this.before.set(webhook);
    this.streams.set(webhook.streams);
    this.#typed.set(typed(webhook));
    this.outdated.set(false);
    this.problem.set(undefined);
  }

  protected close(made: string | boolean): void {
    this.#dialog.close(made);
  }
}

interface Sent {
  readonly name: string;
  readonly url: string;
  readonly streams: StreamName[];
  readonly types: string[];
}

const typed = (webhook: ListedWebhook | null) => ({
  name: webhook?.name ?? '',
  url: webhook?.url ?? '',
  types: webhook?.types.join(', ') ?? '',
  beginning: { begin: 'now', position: '' },
});

const typesIn = (text: string): string[] => text.split(/[\s,]+/).filter((type) => type !== '');
