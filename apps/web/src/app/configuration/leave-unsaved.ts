import { DialogRef } from '@angular/cdk/dialog';
import { Component, inject } from '@angular/core';

/** Asks before a page is left with something on it that is not saved. */
@Component({
  selector: 'app-leave-unsaved',
  template: `
    <div class="dialog-head"><h1 id="leave-unsaved-title" tabindex="-1">Leave without saving?</h1></div>
    <div class="dialog-body"><p>What you changed on this page is not saved.</p></div>
    <div class="dialog-foot">
      <span class="grow"></span>
      <button type="button" (click)="close(false)">Stay</button>
      <button type="button" class="danger" (click)="close(true)">Leave</button>
    </div>
  `,
})
export class LeaveUnsaved {
  readonly #dialog = inject<DialogRef<boolean>>(DialogRef);

  protected close(leave: boolean): void {
    this.#dialog.close(leave);
  }
}
