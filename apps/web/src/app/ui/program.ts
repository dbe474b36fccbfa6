import { Component, input } from '@angular/core';
import { CopyButton } from './copy-button.js';

/** A program to be taken along, under its heading and with what must be known about it. */
@Component({
  selector: 'app-program',
  imports: [CopyButton],
  template: `
    <h2>{{ heading() }}</h2>
    <p class="sub"><ng-content /></p>
    <div class="line">
      <pre class="code" tabindex="0" [attr.aria-label]="label()">{{ text() }}</pre>
      <app-copy-button [text]="text()" [what]="what()" />
    </div>
  `,
  styles: `
    :host {
      display: contents;
    }
    .line {
      display: flex;
      gap: 8px;
      align-items: start;
    }
    pre {
      flex: 1;
      min-width: 0;
      max-height: 220px;
      margin: 0;
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
export class Program {
  readonly heading = input.required<string>();
  /** What whoever hears the page is told that this is, and what the button copies. */
  readonly label = input.required<string>();
  readonly what = input.required<string>();
  readonly text = input.required<string>();
}
