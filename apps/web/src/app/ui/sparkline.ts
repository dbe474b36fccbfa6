import { Component, computed, input } from '@angular/core';

const WIDTH = 268;
const HEIGHT = 34;

/** How a number went, at a glance: the words beside it say what it is. */
@Component({
  selector: 'app-sparkline',
  template: `
    <svg [attr.viewBox]="box" preserveAspectRatio="none" aria-hidden="true">
      <path [attr.d]="path()" />
    </svg>
  `,
  styles: `
    :host {
      display: block;
      height: 34px;
    }
    svg {
      display: block;
      width: 100%;
      height: 100%;
    }
    path {
      fill: none;
      stroke: var(--cpu);
      stroke-width: 1.6;
      vector-effect: non-scaling-stroke;
    }
  `,
})
export class Sparkline {
  readonly values = input.required<readonly number[]>();
  protected readonly box = `0 0 ${WIDTH} ${HEIGHT}`;
  protected readonly path = computed(() => {
    const values = this.values();
    const most = Math.max(1, ...values);
    const step = WIDTH / Math.max(1, values.length - 1);
    const y = (value: number): string => (HEIGHT - 2 - (value / most) * (HEIGHT - 5)).toFixed(1);
    return values.map((value, at) => `${at === 0 ? 'M' : 'L'}${(at * step).toFixed(1)} ${y(value)}`).join(' ');
  });
}
