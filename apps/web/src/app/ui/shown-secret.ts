import { Component, input, output } from '@angular/core';
import { CopyButton } from './copy-button.js';
import { TakesFocus } from './focus.js';

/** A secret, this once: the whole of a dialog, with what is to be done with it below. */
@Component({
  selector: 'app-shown-secret',
  imports: [CopyButton, TakesFocus],
  template: `
    <div class="dialog-head"><h1 [id]="titleId()" tabindex="-1" appTakesFocus>Copy the secret now</h1></div>
    <div class="dialog-body">
      <p>{{ words() }}</p>
      <div class="line">
        <code class="code" data-secret>{{ secret() }}</code>
        <app-copy-button [text]="secret()" what="the secret" />
      </div>
      <ng-content />
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
  `,
})
export class ShownSecretView {
  readonly titleId = input.required<string>();
  readonly words = input.required<string>();
  readonly secret = input.required<string>();
  readonly copied = output();
}
