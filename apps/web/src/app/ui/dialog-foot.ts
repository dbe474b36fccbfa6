import { Component, input, output } from '@angular/core';

/** The foot of a dialog that is filled in: Cancel, and the button that sends what was typed. */
@Component({
  selector: 'app-dialog-foot',
  host: { class: 'dialog-foot' },
  template: `
    <button type="button" class="ghost" (click)="leave.emit()">Cancel</button>
    <span class="grow"></span>
    <button type="submit" class="primary" [disabled]="submitting()">{{ submitting() ? doing() : words() }}</button>
  `,
})
export class DialogFoot {
  readonly submitting = input.required<boolean>();
  /** On the button, and on it while it is being done. */
  readonly words = input.required<string>();
  readonly doing = input.required<string>();
  readonly leave = output();
}
