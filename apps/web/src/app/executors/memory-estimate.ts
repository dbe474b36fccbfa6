import { Component, computed, input } from '@angular/core';
import {
  describeEstimate,
  estimateExecutor,
  type ExecutorParameters,
  type FreeMemory,
  type Model,
} from '@muster/contracts';

/** What a start would take of the node's memory and what is free of it, before anything is started. */
@Component({
  selector: 'app-memory-estimate',
  template: `
    @if (words(); as words) {
      <p class="num">{{ words.needs }}</p>
      @if (words.warning) {
        <p class="banner bad" role="status">{{ words.warning }}</p>
      }
    } @else {
      <p class="sub">How much memory it takes is not known: the file does not tell.</p>
    }
  `,
  styles: `
    :host {
      display: grid;
      gap: 8px;
    }
    .banner {
      margin: 0;
    }
  `,
})
export class MemoryEstimateWords {
  readonly model = input.required<Model>();
  readonly parameters = input.required<ExecutorParameters>();
  readonly free = input.required<FreeMemory>();

  protected readonly words = computed(() => {
    const estimate = estimateExecutor(this.model(), this.parameters(), this.free());
    return estimate && describeEstimate(estimate);
  });
}
