import { Component, computed, inject, input } from '@angular/core';
import type { Hardware } from '@muster/contracts';
import { Clock } from '../live/clock.js';
import { lastOf } from '../live/remote.js';
import { graphs } from './figures.js';
import { Graph } from './graph.js';
import { followMetrics } from './metrics.js';
import { rowsOf } from './samples.js';

/** How hard a node works: four graphs of the last five minutes, a new point each second. */
@Component({
  selector: 'app-monitoring',
  imports: [Graph],
  host: { class: 'card' },
  template: `
    <div class="card-head">
      <h2>Monitoring</h2>
      <span class="sub">Last 5 minutes</span>
      <span class="grow"></span>
      @if (metrics().state === 'lost') {
        <span class="sub" role="status">Not live right now</span>
      }
    </div>
    @if (refused(); as words) {
      <p class="none" role="alert">{{ words }}</p>
    } @else {
      <div class="graphs">
        @for (graph of graphs; track graph.title) {
          @if (graph.ofGpu && hasGpu() === false) {
            <div class="none">
              <span class="sub">{{ graph.title }}</span>
              <p class="sub">No GPU</p>
            </div>
          } @else {
            <app-graph
              [title]="graph.title"
              [tint]="graph.tint"
              [read]="graph.read"
              [rows]="rows()"
              [endMs]="clock.now()"
            />
          }
        }
      </div>
    }
  `,
  styles: `
    :host {
      display: flex;
      flex-direction: column;
      overflow: hidden;
    }
    .graphs {
      flex: 1;
      display: grid;
      grid-template-columns: repeat(2, minmax(0, 1fr));
      gap: 1px;
      background: var(--line-soft);
    }
    .none {
      display: grid;
      align-content: start;
      gap: 34px;
      min-height: 128px;
      padding: 15px 18px;
      background: var(--surface);
    }
    .none p {
      text-align: center;
    }
    @media (max-width: 560px) {
      .graphs {
        grid-template-columns: minmax(0, 1fr);
      }
    }
  `,
})
export class Monitoring {
  readonly nodeId = input.required<string>();
  readonly hardware = input.required<Hardware | undefined>();

  protected readonly clock = inject(Clock);
  protected readonly graphs = graphs;
  protected readonly metrics = followMetrics(this.nodeId);
  protected readonly rows = computed(() => rowsOf(lastOf(this.metrics()) ?? []));
  /** Undefined until the node has told. */
  protected readonly hasGpu = computed(() => this.hardware() && (this.hardware()?.gpus.length ?? 0) > 0);
  protected readonly refused = computed(() => {
    const metrics = this.metrics();
    return metrics.state === 'refused' ? metrics.words : undefined;
  });
}
