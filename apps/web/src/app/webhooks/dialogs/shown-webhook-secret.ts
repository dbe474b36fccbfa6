import { DIALOG_DATA } from '@angular/cdk/dialog';
import { Component, inject } from '@angular/core';
import { Program } from '../../ui/program.js';
import { ShownSecretView } from '../../ui/shown-secret.js';
import { verifyProgram } from '../webhook-words.js';

/** The secret that signs, this once, and how a receiver checks a signature with it. */
@Component({
  selector: 'app-shown-webhook-secret',
  imports: [Program, ShownSecretView],
  template: `
    <app-shown-secret
      words="This is the one time that it is shown. Give it to the receiver, and to nobody else."
      [secret]="secret"
    >
      <app-program
        heading="How the receiver checks what comes"
        label="A check of the signature"
        what="the check of the signature"
        [text]="program"
      >
        Everything is signed with it as Standard Webhooks 1.0 says; any library for that checks it, and so does this.
      </app-program>
    </app-shown-secret>
  `,
})
export class ShownWebhookSecret {
  protected readonly secret = inject<string>(DIALOG_DATA);
  protected readonly program = verifyProgram();
}
