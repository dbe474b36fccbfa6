import { Component, computed, input } from '@angular/core';
import type { Conservation } from '@muster/contracts';

const places = [
  ['completed', 'completed'],
  ['failed', 'failed'],
  ['cancelled', 'cancelled'],
  ['refused', 'refused'],
  ['lost', 'lost'],
  ['inFlight', 'in flight'],
  ['queued', 'queued'],
] as const;

/** Where every request is that was ever accepted: a sum that holds at any moment, or says that it does not. */
@Component({
  selector: 'app-conservation-line',
  template: `
    <p class="num">
      <b>{{ conservation().accepted.toLocaleString('en-GB') }}</b> accepted =
      @for (place of shown(); track place.words; let first = $first) {
        <span
          ><span class="sub">{{ first ? '' : '+ ' }}</span
          >{{ place.count }} <span class="sub">{{ place.words }}</span>
        </span>
      }
      @if (!adds()) {
        <b class="wrong" role="alert">These do not add up.</b>
      }
    </p>
  `,
  styles: `
    p {
      display: flex;
      flex-wrap: wrap;
      gap: 2px 8px;
      align-items: baseline;
    }
  `,
})
export class ConservationLine {
  readonly conservation = input.required<Conservation>();
  protected readonly shown = computed(() =>
    places.map(([place, words]) => ({ words, count: this.conservation()[place].toLocaleString('en-GB') })),
  );
  protected readonly adds = computed(
    () => places.reduce((sum, [place]) => sum + this.conservation()[place], 0) === this.conservation().accepted,
  );
}
