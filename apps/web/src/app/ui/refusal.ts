import { Component, input, output } from '@angular/core';

/** Why an order was refused, beside the button that sent it. When somebody else was first, with a way to take what they made. */
@Component({
  selector: 'app-refusal',
  template: `
    @if (words(); as words) {
      <p class="wrong" role="alert">
        {{ words }}
        @if (outdated()) {
          <button type="button" class="ghost" (click)="reload.emit()">Reload</button>
        }
      </p>
    }
  `,
  styles: `
    :host {
      display: contents;
    }
  `,
})
export class Refusal {
  /** Undefined while nothing was refused. */
  readonly words = input.required<string | undefined>();
  /** Whether the order was made for something that has changed since. */
  readonly outdated = input.required<boolean>();
  readonly reload = output();
}
