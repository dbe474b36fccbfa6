import { DIALOG_DATA, DialogRef } from '@angular/cdk/dialog';
import { Component, computed, inject, signal } from '@angular/core';
import { form, FormRoot } from '@angular/forms/signals';
import {
  allIntegrationDoors,
  type IntegrationDoor,
  integrationDoors,
  IntegrationName,
  integrationStreams,
  type ListedIntegration,
  neededToGive,
  routes,
  type StreamName,
} from '@muster/contracts';
import { Api } from '../../api/api.js';
import { mapped, type Outcome } from '../../api/outcome.js';
import { Sending } from '../../api/sending.js';
import { Session } from '../../session/session.js';
import { Choice } from '../../ui/choice.js';
import { DialogFoot } from '../../ui/dialog-foot.js';
import { Field } from '../../ui/field.js';
import { Refusal } from '../../ui/refusal.js';
import { refusedAt } from '../../ui/refused.js';
import { holds } from '../../ui/rules.js';
import { streamWords } from '../integration-words.js';
import type { MadeSecret } from './shown-integration-secret.js';

/**
 * Makes an integration, or changes one: its name, what it reads, where it is let in. Closes with the secret that was made, or whether
 * something was changed.
 */
@Component({
  selector: 'app-edit-integration',
  imports: [Choice, DialogFoot, Field, FormRoot, Refusal],
  host: { '(keydown.escape)': 'close(false)' },
  template: `
    <div class="dialog-head">
      <h1 id="integration-title" tabindex="-1">{{ before() ? 'Edit ' + before()?.name : 'New integration' }}</h1>
    </div>
    <form [formRoot]="form">
      <div class="dialog-body">
        <app-field name="integration-name" label="Name" hint="Who reads, as in Ticket desk." [of]="form.name" />
        <app-choice legend="May read" [choosable]="choosable()" [words]="streamWords" [(selected)]="streams" />
        <app-choice legend="Is let in" [choosable]="allDoors" [words]="doorWords" [(selected)]="doors" />
        <app-refusal [words]="problem()" [outdated]="outdated()" (reload)="reload()" />
      </div>
      <app-dialog-foot
        [submitting]="form().submitting()"
        [words]="before() ? 'Save' : 'Make integration'"
        [doing]="before() ? 'Saving…' : 'Making the integration…'"
        (leave)="close(false)"
      />
    </form>
  `,
})
export class EditIntegration {
  readonly #api = inject(Api);
  readonly #session = inject(Session);
  readonly #dialog = inject<DialogRef<MadeSecret | boolean>>(DialogRef);
  readonly #sending = new Sending(() => ({ integrationId: crypto.randomUUID(), commandId: crypto.randomUUID() }));
  protected readonly before = signal(
    inject<ListedIntegration | null | undefined>(DIALOG_DATA, { optional: true }) ?? null,
  );
  protected readonly streamWords = streamWords;
  protected readonly doorWords = integrationDoors;
  protected readonly allDoors = allIntegrationDoors;

  protected readonly problem = signal<string | undefined>(undefined);
  protected readonly outdated = signal(false);
  protected readonly streams = signal<readonly StreamName[]>(this.before()?.streams ?? ['FLEET', 'HEALTH']);
  protected readonly doors = signal<readonly IntegrationDoor[]>(this.before()?.doors ?? allIntegrationDoors);
  /** What one may read oneself, and what it may read already. */
  protected readonly choosable = computed(() =>
    integrationStreams.filter(
      (stream) =>
        this.before()?.streams.includes(stream) === true ||
        neededToGive(stream).every((permission) => this.#session.may(permission)),
    ),
  );
  readonly #typed = signal({ name: this.before()?.name ?? '' });
  protected readonly form = form(
    this.#typed,
    (path) => {
      holds(path.name, IntegrationName);
    },
    {
      submission: {
        action: async (field) => {
          const { name } = field().value();
          const streams = this.streams().filter((stream) => this.choosable().includes(stream));
          const answer = await this.#send({ name, streams, doors: [...this.doors()] });
          if (answer.ok) {
            this.close(answer.value ?? true);
            return undefined;
          }
          this.outdated.set(answer.failure.code === 'version-conflict');
          const errors = refusedAt(answer.failure, { name: field.name });
          this.problem.set(errors.length === 0 ? answer.failure.words : undefined);
          return errors;
        },
      },
    },
  );

  /** The secret, where one was made. */
  async #send(body: Sent): Promise<Outcome<MadeSecret | undefined>> {
    const before = this.before();
    const { integrationId, commandId } = this.#sending.of({ ...body, version: before?.version });
    if (before === null) {
      const made = await this.#api.call(routes.createIntegration, { commandId, body: { integrationId, ...body } });
      return mapped(made, (shown) => ({ ...body, ...shown }));
    }
    const params = { integrationId: before.integrationId };
    const answer = await this.#api.call(routes.changeIntegration, {
      ...{ commandId, body, params, expectedVersion: before.version },
    });
    return mapped(answer, () => undefined);
  }

  /** Takes what somebody else made of it meanwhile, in place of what was typed here. */
  protected async reload(): Promise<void> {
    const answer = await this.#api.call(routes.listIntegrations);
    if (!answer.ok) {
      this.problem.set(answer.failure.words);
      return;
    }
    const integration = answer.value.integrations.find(
      ({ integrationId, state }) => integrationId === this.before()?.integrationId && state !== 'revoked',
    );
    if (integration === undefined) {
      this.close(true);
      return;
    }
    this.before.set(integration);
    this.streams.set(integration.streams);
    this.doors.set(integration.doors);
    this.#typed.set({ name: integration.name });
    this.outdated.set(false);
    this.problem.set(undefined);
  }

  protected close(made: MadeSecret | boolean): void {
    this.#dialog.close(made);
  }
}

interface Sent {
  readonly name: string;
  readonly streams: StreamName[];
  readonly doors: IntegrationDoor[];
}
