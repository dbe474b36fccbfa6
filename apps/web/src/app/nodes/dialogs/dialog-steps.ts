import { Component, input } from '@angular/core';

/** Where in a row of steps a dialog is. */
@Component({
  selector: 'app-dialog-steps',
  template: `
    <ol>
      @for (step of steps(); track step; let index = $index) {
        <li [class.on]="index === at()" [attr.aria-current]="index === at() ? 'step' : null">
          {{ index + 1 }} {{ step }}
        </li>
      }
    </ol>
  `,
  styles: `
    ol {
      display: flex;
      gap: 8px;
      padding: 0 22px 14px;
      color: var(--ink-3);
      font-size: 12.5px;
    }
    li + li::before {
      content: '›';
      margin-right: 7px;
      color: var(--ink-3);
      font-weight: 400;
    }
    .on {
      color: var(--ink);
      font-weight: 640;
    }
  `,
})
export class DialogSteps {
  readonly steps = input.required<readonly string[]>();
  readonly at = input.required<number>();
}
