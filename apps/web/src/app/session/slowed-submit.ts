import { Component, input } from '@angular/core';

/** The end of a form whose tries are slowed down: what was wrong, how long to wait, and the button. */
@Component({
  selector: 'app-slowed-submit',
  template: `
    @if (seconds(); as left) {
      <p class="wrong" role="alert">Too many tries. Wait and try again.</p>
      <p class="sub num">You can try again in {{ left }} s.</p>
    } @else if (problem(); as words) {
      <p class="wrong" role="alert">{{ words }}</p>
    }
    <ng-content />
    <button class="primary" type="submit" [class.beside]="!fills()" [disabled]="submitting() || seconds() > 0">
      {{ submitting() ? doing() : words() }}
    </button>
  `,
  styles: `
    :host {
      display: contents;
    }
    .primary {
      margin-top: 4px;
    }
    .beside {
      justify-self: start;
    }
  `,
})
export class SlowedSubmit {
  /** To wait before the next try; 0 when there is nothing to wait for. */
  readonly seconds = input.required<number>();
  /** What belongs to no field. */
  readonly problem = input.required<string | undefined>();
  readonly submitting = input.required<boolean>();
  /** On the button, and on it while the try is under way. */
  readonly words = input.required<string>();
  readonly doing = input.required<string>();
  /** Whether the button is as wide as the form. */
  readonly fills = input(true);
}
