import { DIALOG_DATA } from '@angular/cdk/dialog';
import { Component, inject } from '@angular/core';
import type { ListedIntegration, ShownSecret } from '@muster/contracts';
import { Program } from '../../ui/program.js';
import { ShownSecretView } from '../../ui/shown-secret.js';
import { curlProgram, natsProgram } from '../integration-words.js';

/** A secret that was just made, and where it lets in. */
export type MadeSecret = Pick<ListedIntegration, 'doors' | 'streams'> & Pick<ShownSecret, 'secret' | 'natsUser'>;

/** The secret of an integration, this once, and how a program comes in with it. */
@Component({
  selector: 'app-shown-integration-secret',
  imports: [Program, ShownSecretView],
  template: `
    <app-shown-secret
      words="This is the one time that it is shown: Muster keeps no copy of it. Give it to the program, and to nobody else."
      [secret]="made.secret"
    >
      @if (made.doors.includes('nats')) {
        <app-program heading="Over NATS" label="A program for NATS" what="the program for NATS" [text]="nats">
          The secret is the password of the user <span class="mono">{{ made.natsUser }}</span>. Answers come to the
          inbox prefix <span class="mono">_INBOX_{{ made.natsUser }}</span
          >, which a client must be told.
        </app-program>
      }
      @if (made.doors.includes('http')) {
        <app-program heading="Over HTTP" label="A call over HTTP" what="the call over HTTP" [text]="curl">
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
  protected readonly made = inject<MadeSecret>(DIALOG_DATA);
  protected readonly nats = natsProgram(this.made.natsUser, this.made.streams[0] ?? 'FLEET');
  protected readonly curl = curlProgram(location.origin);
}
