import { Component, computed, input, output } from '@angular/core';
import type { IntegrationDoor, ShownSecret, StreamName } from '@muster/contracts';
import { Program } from '../../ui/program.js';
import { ShownSecretView } from '../../ui/shown-secret.js';
import { curlProgram, natsProgram } from '../integration-words.js';

/** The secret of an integration, this once, and how a program comes in with it. */
@Component({
  selector: 'app-shown-integration-secret',
  imports: [Program, ShownSecretView],
  template: `
    <app-shown-secret
      [titleId]="titleId()"
      words="This is the one time that it is shown: Muster keeps no copy of it. Give it to the program, and to nobody else."
      [secret]="shown().secret"
      (copied)="copied.emit()"
    >
      @if (doors().includes('nats')) {
        <app-program heading="Over NATS" label="A program for NATS" what="the program for NATS" [text]="nats()">
          The secret is the password of the user <span class="mono">{{ shown().natsUser }}</span>. Answers come to the
          inbox prefix <span class="mono">_INBOX_{{ shown().natsUser }}</span
          >, which a client must be told.
        </app-program>
      }
      @if (doors().includes('http')) {
        <app-program heading="Over HTTP" label="A call over HTTP" what="the call over HTTP" [text]="curl()">
          The secret is the bearer's token.
        </app-program>
      }
    </app-shown-secret>
  `,
  styles: `
    .mono {
      overflow-wrap: anywhere;
    }
  `,
})
export class ShownIntegrationSecret {
  readonly titleId = input.required<string>();
  readonly shown = input.required<ShownSecret>();
  readonly doors = input.required<readonly IntegrationDoor[]>();
  readonly streams = input.required<readonly StreamName[]>();
  readonly copied = output();

  protected readonly nats = computed(() => natsProgram(this.shown().natsUser, this.streams()[0] ?? 'FLEET'));
  protected readonly curl = computed(() => curlProgram(location.origin));
}
