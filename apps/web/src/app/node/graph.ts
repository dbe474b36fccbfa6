import {
  afterNextRender,
  Component,
  computed,
  DestroyRef,
  effect,
  ElementRef,
  inject,
  Injector,
  input,
  signal,
  viewChild,
} from '@angular/core';
import type { NodeSample } from '@muster/contracts';
import uPlot from 'uplot';
import { timeOfDay } from '../ui/format.js';
import { summaryOf, WINDOW_MS, type ReadFigure, type Rows } from './samples.js';

const LAST_KNOWN_MS = 5_000;

/** One figure of a node over the last five minutes: its value in words, a line, and a table for whoever can not see it. */
@Component({
  selector: 'app-graph',
  template: `
    <p class="title">
      <span class="sub">{{ title() }}</span> <b class="num">{{ shown().words }}</b>
      <span class="sub num">{{ shown().time }}</span>
    </p>
    <div class="canvas" #canvas aria-hidden="true" [style.--line-tint]="'var(' + tint() + ')'"></div>
    <table class="unseen">
      <caption>
        {{
          title()
        }}
        over the last five minutes
      </caption>
      <tbody>
        @if (summary(); as summary) {
          <tr>
            <th scope="row">Lowest</th>
            <td>{{ summary.lowest }}</td>
          </tr>
          <tr>
            <th scope="row">Mean</th>
            <td>{{ summary.mean }}</td>
          </tr>
          <tr>
            <th scope="row">Highest</th>
            <td>{{ summary.highest }}</td>
          </tr>
        } @else {
          <tr>
            <td>No samples yet</td>
          </tr>
        }
      </tbody>
    </table>
  `,
  styles: `
    :host {
      display: flex;
      flex-direction: column;
      position: relative;
      min-width: 0;
      padding: 12px 18px;
      background: var(--surface);
    }
    .title {
      margin-bottom: 4px;
      white-space: nowrap;
      overflow: hidden;
      text-overflow: ellipsis;
    }
    b {
      margin-inline: 4px;
      font-weight: 620;
      font-size: 17px;
    }
    .canvas {
      flex: 1 0 92px;
      min-height: 0;
      overflow: hidden;
      color: var(--line-tint);
      border-color: var(--line-soft);
    }
  `,
})
export class Graph {
  readonly title = input.required<string>();
  readonly tint = input.required<string>();
  readonly rows = input.required<Rows>();
  readonly read = input.required<ReadFigure>();
  /** The right edge, in milliseconds since 1970. */
  readonly endMs = input.required<number>();

  private readonly canvas = viewChild.required<ElementRef<HTMLElement>>('canvas');
  readonly #hovered = signal<number | undefined>(undefined);
  #plot: uPlot | undefined;
  #frame = 0;

  readonly #known = computed(() => this.rows().samples.filter((sample): sample is NodeSample => sample !== undefined));
  protected readonly shown = computed(() => {
    const hovered = this.#hovered();
    const sample = hovered === undefined ? this.#known().at(-1) : this.rows().samples[hovered];
    if (sample === undefined) return { words: '–', time: '' };
    // An old value is not shown as if it were one of now.
    const current = hovered !== undefined || this.endMs() - Date.parse(sample.at) < LAST_KNOWN_MS;
    const words = current ? (this.read()(sample.measurement)?.words ?? '–') : '–';
    return { words, time: hovered === undefined ? '' : timeOfDay(sample.at).slice(0, 8) };
  });
  protected readonly summary = computed(() => summaryOf(this.#known(), this.read()));
  readonly #data = computed((): uPlot.AlignedData => {
    const { at, samples } = this.rows();
    const read = this.read();
    return [
      [...at],
      samples.map((sample) => (sample === undefined ? null : (read(sample.measurement)?.share ?? null))),
    ];
  });

  constructor() {
    const injector = inject(Injector);
    const destroyed = inject(DestroyRef);
    afterNextRender(() => {
      const host = this.canvas().nativeElement;
      const plot = (this.#plot = new uPlot(this.#options(host), this.#data(), host));
      const sized = new ResizeObserver(() => plot.setSize({ width: host.clientWidth, height: host.clientHeight }));
      sized.observe(host);
      // However much arrives, one drawing a frame.
      effect(
        () => {
          this.#data();
          this.endMs();
          this.#frame ||= requestAnimationFrame(() => this.#draw());
        },
        { injector },
      );
      destroyed.onDestroy(() => {
        sized.disconnect();
        cancelAnimationFrame(this.#frame);
        plot.destroy();
      });
    });
  }

  #draw(): void {
    this.#frame = 0;
    this.#plot?.setData(this.#data(), true);
  }

  #options(host: HTMLElement): uPlot.Options {
    const style = getComputedStyle(host);
    // Read at each drawing, so that a change of theme needs nothing else.
    const line = (): string => style.color;
    const area = (): string => style.color.replace(/^rgb\((.*)\)$/, 'rgba($1, 0.12)');
    return {
      width: Math.max(1, host.clientWidth),
      height: Math.max(1, host.clientHeight),
      padding: [6, 0, 2, 0],
      legend: { show: false },
      cursor: { y: false, drag: { x: false, y: false }, sync: { key: 'node' }, points: { size: 7, width: 2 } },
      scales: {
        x: { time: true, range: () => [(this.endMs() - WINDOW_MS) / 1_000, this.endMs() / 1_000] },
        y: { range: [0, 100] },
      },
      axes: [
        { show: false },
        {
          size: 0,
          gap: 0,
          ticks: { show: false },
          values: () => [],
          splits: () => [0, 50, 100],
          grid: { stroke: () => style.borderTopColor, width: 1 },
        },
      ],
      series: [{}, { stroke: line, fill: area, width: 1.7, spanGaps: false, points: { show: false } }],
      hooks: { setCursor: [({ cursor }) => this.#hovered.set(cursor.idx ?? undefined)] },
    };
  }
}
