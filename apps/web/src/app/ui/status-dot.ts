import { Component, input } from '@angular/core';
import type { Status } from '@muster/contracts';

/** A status by shape as well as by colour: a disc, a diamond, a square, a ring. The words stand beside it. */
@Component({
  selector: 'app-status-dot',
  template: '',
  host: { '[class]': 'colour()', 'aria-hidden': 'true' },
  styles: `
    :host {
      display: inline-block;
      flex: none;
      width: 9px;
      height: 9px;
    }
    :host(.green) {
      border-radius: 50%;
      background: var(--green);
    }
    :host(.amber) {
      border-radius: 2px;
      background: var(--amber);
      transform: rotate(45deg);
    }
    :host(.red) {
      border-radius: 2px;
      background: var(--red);
    }
    :host(.grey) {
      border-radius: 50%;
      border: 2px solid var(--grey);
    }
  `,
})
export class StatusDot {
  readonly colour = input.required<Status['colour']>();
}
