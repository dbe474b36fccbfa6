import { DialogRef } from '@angular/cdk/dialog';
import { Component, inject } from '@angular/core';

/** Asks before requests are served without an API key, and says what that means. */
@Component({
  selector: 'app-open-inference',
  template: `
    <div class="dialog-head"><h1 id="open-inference-title" tabindex="-1">Open inference to everybody?</h1></div>
    <div class="dialog-body">
      <p>
        Whoever reaches this Gateway's address can then send requests to your models without an API key. Nobody is asked
        who they are, and no key's limits hold for them.
      </p>
      <p>Every page of this console shows a warning for as long as it is open. You can close it at any time.</p>
    </div>
    <div class="dialog-foot">
      <span class="grow"></span>
      <button type="button" (click)="close(false)">Keep it closed</button>
      <button type="button" class="danger" (click)="close(true)">Open to everybody</button>
    </div>
  `,
})
export class OpenInference {
  readonly #dialog = inject<DialogRef<boolean>>(DialogRef);

  protected close(open: boolean): void {
    this.#dialog.close(open);
  }
}
