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
  type ShownSecret,
  type StreamName,
} from '@muster/contracts';
import { Api } from '../../api/api.js';
import { Sending } from '../../api/sending.js';
import { Session } from '../../session/session.js';
import { Choice } from '../../ui/choice.js';
import { DialogFoot } from '../../ui/dialog-foot.js';
import { Field } from '../../ui/field.js';
import { refusedAt } from '../../ui/refused.js';
import { holds } from '../../ui/rules.js';
import { streamWords } from '../integration-words.js';
import { ShownIntegrationSecret } from './shown-integration-secret.js';

/** Makes an integration and shows its secret this once, or changes one: its name, what it reads, where it is let in. */
@Component({
  selector: 'app-edit-integration',
  imports: [Choice, DialogFoot, Field, FormRoot, ShownIntegrationSecret],
  host: { '(keydown.escape)': 'leave()' },
  template: `
    @if (shown(); as shown) {
      <app-shown-integration-secret
        titleId="integration-title"
        [shown]="shown"
        [doors]="doors()"
        [streams]="streams()"
        (copied)="close(true)"
      />
    } @else {
      <div class="dialog-head">
        <h1 id="integration-title" tabindex="-1">{{ before ? 'Edit ' + before.name : 'New integration' }}</h1>
      </div>
      <form [formRoot]="form">
        <div class="dialog-body">
          <app-field name="integration-name" label="Name" hint="Who reads, as in Ticket desk." [of]="form.name" />
          <app-choice legend="May read" [choosable]="choosable()" [words]="streamWords" [(selected)]="streams" />
          <app-choice legend="Is let in" [choosable]="allDoors" [words]="doorWords" [(selected)]="doors" />
          @if (problem(); as words) {
            <p class="wrong" role="alert">{{ words }}</p>
          }
        </div>
        <app-dialog-foot
          [submitting]="form().submitting()"
          [words]="before ? 'Save' : 'Make integration'"
          [doing]="before ? 'Saving…' : 'Making the integration…'"
          (leave)="close(false)"
        />
      </form>
    }
  `,
})
export class EditIntegration {
  readonly #api = inject(Api);
  readonly #session = inject(Session);
  readonly #dialog = inject<DialogRef<boolean>>(DialogRef);
  readonly #sending = new Sending(() => ({ integrationId: crypto.randomUUID(), commandId: crypto.randomUUID() }));
  protected readonly before = inject<ListedIntegration | null | undefined>(DIALOG_DATA, { optional: true }) ?? null;
  protected readonly streamWords = streamWords;
  protected readonly doorWords = integrationDoors;
  protected readonly allDoors = allIntegrationDoors;

  protected readonly shown = signal<ShownSecret | undefined>(undefined);
  protected readonly problem = signal<string | undefined>(undefined);
  protected readonly streams = signal<readonly StreamName[]>(this.before?.streams ?? ['FLEET', 'HEALTH']);
  protected readonly doors = signal<readonly IntegrationDoor[]>(this.before?.doors ?? allIntegrationDoors);
  /** What one may read oneself, and what it may read already. */
  protected readonly choosable = computed(() =>
    integrationStreams.filter(
      (stream) =>
        this.before?.streams.includes(stream) === true ||
        neededToGive(stream).every((permission) => this.#session.may(permission)),
    ),
  );
  protected readonly form = form(
    signal({ name: this.before?.name ?? '' }),
    (path) => {
      holds(path.name, IntegrationName);
    },
    {
      submission: {
        action: async (field) => {
          const { name } = field().value();
          const streams = this.streams().filter((stream) => this.choosable().includes(stream));
          const body = { name, streams, doors: [...this.doors()] };
          const { integrationId, commandId } = this.#sending.of(body);
          const answer = await this.#send(body, integrationId, commandId);
          if (answer.ok) {
            if (this.before) this.close(true);
            else this.shown.set(answer.value as ShownSecret);
            return undefined;
          }
          const errors = refusedAt(answer.failure, { name: field.name });
          this.problem.set(errors.length === 0 ? answer.failure.words : undefined);
          return errors;
        },
      },
    },
  );

  #send(
    body: { name: string; streams: StreamName[]; doors: IntegrationDoor[] },
    integrationId: string,
    commandId: string,
  ) {
    if (this.before === null)
      return this.#api.call(routes.createIntegration, { commandId, body: { integrationId, ...body } });
    const { integrationId: id, version: expectedVersion } = this.before;
    return this.#api.call(routes.changeIntegration, {
      ...{ commandId, body, expectedVersion },
      params: { integrationId: id },
    });
  }

  /** A secret that was just made is not lost to a slip of the finger. */
  protected leave(): void {
    if (this.shown() === undefined) this.close(false);
  }

  protected close(changed: boolean): void {
    this.#dialog.close(changed);
  }
}
