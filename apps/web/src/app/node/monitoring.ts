import { Component, computed, inject, input, signal } from '@angular/core';
import type { Hardware, NodeSample } from '@muster/contracts';
import { Clock } from '../live/clock.js';
import { lastOf, type Remote } from '../live/remote.js';
import { clockTime, count, span as lasting } from '../ui/format.js';
import { graphs } from './figures.js';
import { Graph } from './graph.js';
import { followLoad, missingSteps, pointsOfLoad, type Span, spans } from './load-history.js';
import { type Gap, gapsOf, pointsOf } from './samples.js';

/** An older sample than this is not one of now. */
const SAMPLE_CURRENT_MS = 5_000;

/** How hard a node works: four graphs, live over the last five minutes with a new point each second, or of up to 30 days. */
@Component({
  selector: 'app-monitoring',
  imports: [Graph],
  host: { class: 'card' },
  template: `
    <div class="card-head">
      <h2>Monitoring</h2>
      <span class="grow"></span>
      @if (gapWords(); as words) {
        <span class="sub gaps">{{ words }}</span>
      }
      @if (isLive() ? metrics().state === 'lost' : load.failed() !== undefined) {
        <span class="sub" role="status">Not live right now</span>
      }
      <div class="toggles" role="group" aria-label="Span of time">
        @for (each of spans; track each.ms) {
          <button type="button" class="toggle" [attr.aria-pressed]="each === span()" (click)="span.set(each)">
            {{ each.short }}
          </button>
        }
      </div>
    </div>
    @if (refused(); as words) {
      <p class="none" role="alert">{{ words }}</p>
    } @else {
      <div class="graphs">
        @for (graph of drawn(); track graph.title) {
          @if (graph.ofGpu && hasGpu() === false) {
            <div class="none">
              <span class="sub">{{ graph.title }}</span>
              <p class="sub">No GPU</p>
            </div>
          } @else {
            <app-graph
              [title]="graph.title"
              [tint]="graph.tint"
              [points]="graph.points"
              [endMs]="clock.now()"
              [spanMs]="span().ms"
              [spanWords]="span().words"
              [currentForMs]="currentForMs()"
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
    .toggles {
      display: flex;
      gap: 4px;
    }
    .gaps {
      min-width: 0;
      overflow: hidden;
      text-overflow: ellipsis;
      white-space: nowrap;
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
  /** The samples of the last five minutes, as far as they are live. */
  readonly metrics = input.required<Remote<readonly NodeSample[]>>();

  protected readonly clock = inject(Clock);
  protected readonly spans = spans;
  protected readonly span = signal<Span>(spans[0]);
  protected readonly isLive = computed(() => this.span() === spans[0]);
  protected readonly load = followLoad(this.nodeId, this.span);
  readonly #samples = computed(() => lastOf(this.metrics()) ?? []);

  protected readonly drawn = computed(() => {
    const history = this.load.history();
    return graphs.map(({ title, tint, ofGpu, read, readLoad }) => {
      const points = this.isLive()
        ? pointsOf(this.#samples(), read)
        : history
          ? pointsOfLoad(history, readLoad)
          : { at: [], figures: [], gaps: [] };
      return { title, tint, ofGpu, points };
    });
  });
  /** Two steps: the last one is whole only once it is over. */
  protected readonly currentForMs = computed(() =>
    this.isLive() ? SAMPLE_CURRENT_MS : 3 * (this.load.history()?.stepMs ?? 0),
  );
  readonly #gaps = computed((): readonly Gap[] => {
    const history = this.load.history();
    return this.isLive() ? gapsOf(this.#samples()) : history ? missingSteps(history) : [];
  });
  /** How many gaps there are, how much is missing, and where the last one is. */
  protected readonly gapWords = computed(() => {
    const gaps = this.#gaps();
    const last = gaps.at(-1);
    if (last === undefined) return undefined;
    const lost = gaps.reduce((sum, gap) => sum + (gap.lost ?? 0), 0);
    const missingMs = gaps.reduce((sum, { fromMs, toMs }) => sum + toMs - fromMs, 0);
    const missing = lost > 0 ? `${count(lost, 'sample')} missing` : `nothing for ${lasting(missingMs)}`;
    return `${count(gaps.length, 'gap')}, ${missing}, the last until ${clockTime(new Date(last.toMs).toISOString())}`;
  });
  /** Undefined until the node has told. */
  protected readonly hasGpu = computed(() => this.hardware() && (this.hardware()?.gpus.length ?? 0) > 0);
  protected readonly refused = computed(() => {
    const metrics = this.metrics();
    return metrics.state === 'refused' ? metrics.words : undefined;
  });
}
