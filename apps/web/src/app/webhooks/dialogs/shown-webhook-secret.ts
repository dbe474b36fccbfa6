import { Component, input, output } from '@angular/core';
import { CopyButton } from '../../ui/copy-button.js';
import { TakesFocus } from '../../ui/focus.js';
import { verifyProgram } from '../webhook-words.js';

/** The secret that signs, this once, and how a receiver checks a signature with it. */
@Component({
  selector: 'app-shown-webhook-secret',
  imports: [CopyButton, TakesFocus],
  template: `
    <div class="dialog-head"><h1 [id]="titleId()" tabindex="-1" appTakesFocus>Copy the secret now</h1></div>
    <div class="dialog-body">
      <p>This is the one time that it is shown. Give it to the receiver, and to nobody else.</p>
      <div class="line">
        <code class="code" data-secret>{{ secret() }}</code>
        <app-copy-button [text]="secret()" what="the secret" />
      </div>
      <h2>How the receiver checks what comes</h2>
      <p class="sub">
        Everything is signed with it as Standard Webhooks 1.0 says; any library for that checks it, and so does this.
      </p>
      <div class="line">
        <pre class="code" tabindex="0" aria-label="A check of the signature">{{ program }}</pre>
        <app-copy-button [text]="program" what="the check of the signature" />
      </div>
    </div>
    <div class="dialog-foot">
      <span class="grow"></span>
      <button type="button" class="primary" (click)="copied.emit()">I have copied it</button>
    </div>
  `,
  styles: `
    .dialog-body {
      grid-template-columns: minmax(0, 1fr);
    }
    .line {
      display: flex;
      gap: 8px;
      align-items: start;
    }
    .code {
      flex: 1;
      min-width: 0;
      margin: 0;
    }
    pre {
      max-height: 220px;
      overflow: auto;
      font-size: 12px;
      white-space: pre;
    }
    h2 {
      font-size: 14px;
      font-weight: 600;
    }
  `,
})
export class ShownWebhookSecretView {
  readonly titleId = input.required<string>();
  readonly secret = input.required<string>();
  readonly copied = output();
  protected readonly program = verifyProgram();
}
