import { DialogRef } from '@angular/cdk/dialog';
import { Component, inject, input } from '@angular/core';
import { CopyButton } from './copy-button.js';

/** A secret, this once: the whole of a dialog, with what is to be done with it below. Only its button closes it. */
@Component({
  selector: 'app-shown-secret',
  imports: [CopyButton],
  template: `
    <div class="dialog-head"><h1 id="secret-title" tabindex="-1">Copy the secret now</h1></div>
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
      <button type="button" class="primary" (click)="dialog.close()">I have copied it</button>
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
  readonly words = input.required<string>();
  readonly secret = input.required<string>();
  protected readonly dialog = inject(DialogRef);
}
