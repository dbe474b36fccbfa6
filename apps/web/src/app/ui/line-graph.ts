import { Component, computed, ElementRef, input, viewChild } from '@angular/core';
import type uPlot from 'uplot';
import { clockTime, moment } from './format.js';
import { plotIn } from './plot.js';

/** One line of a graph. `values` stand beside the times of the graph; null where nothing is known. */
export interface Line {
  readonly name: string;
  readonly values: readonly (number | null)[];
}

/** The tints of lines, in their order; more lines than these repeat them with dashes. */
export const lineTints = ['--cpu', '--ram', '--gpu', '--vram'] as const;
const DAY_MS = 24 * 60 * 60_000;

/** Some lines over a span of time, each named with its value at the pointer or its newest one; and a table for whoever can not see them. */
@Component({
  selector: 'app-line-graph',
  template: `
    <p class="title">
      <span class="sub">{{ title() }}</span>
      @for (line of named(); track line.name) {
        <span class="line"
          ><i [style.--tint]="'var(' + line.tint + ')'" [class.dashed]="line.dashed" aria-hidden="true"></i>
          @if (line.name !== '') {
            <span class="sub">{{ line.name }}</span>
          }
          <b class="num">{{ line.words }}</b></span
        >
      }
      <span class="sub num">{{ time() }}</span>
    </p>
    <div class="canvas" #canvas aria-hidden="true">
      @for (tint of tints; track tint) {
        <i class="probe" [style.color]="'var(' + tint + ')'"></i>
      }
    </div>
    <table class="unseen">
      <caption>
        {{
          title()
        }}
      </caption>
      <thead>
        <tr>
          <th scope="col">Line</th>
          <th scope="col">Newest</th>
          <th scope="col">Highest</th>
        </tr>
      </thead>
      <tbody>
        @for (line of summary(); track line.name) {
          <tr>
            <th scope="row">{{ line.name || title() }}</th>
            <td>{{ line.newest }}</td>
            <td>{{ line.highest }}</td>
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
      display: flex;
      flex-wrap: wrap;
      gap: 2px 12px;
      align-items: baseline;
      min-height: 24px;
      margin-bottom: 4px;
    }
    .line {
      display: inline-flex;
      gap: 6px;
      align-items: baseline;
      max-width: 100%;
      overflow: hidden;
      text-overflow: ellipsis;
      white-space: nowrap;
    }
    i {
      flex: none;
      width: 10px;
      height: 3px;
      border-radius: 2px;
      align-self: center;
      background: var(--tint);
    }
    .probe {
      position: absolute;
      visibility: hidden;
    }
    i.dashed {
      background: repeating-linear-gradient(90deg, var(--tint) 0 3px, transparent 3px 5px);
    }
    b {
      font-weight: 620;
    }
    .canvas {
      flex: 1 0 104px;
      min-height: 0;
      overflow: hidden;
      border-color: var(--line-soft);
    }
  `,
})
export class LineGraph {
  readonly title = input.required<string>();
  /** Milliseconds since 1970, ascending. */
  readonly times = input.required<readonly number[]>();
  readonly lines = input.required<readonly Line[]>();
  readonly fromMs = input.required<number>();
  readonly toMs = input.required<number>();
  readonly words = input.required<(value: number) => string>();

  private readonly canvas = viewChild.required<ElementRef<HTMLElement>>('canvas');
  readonly #data = computed((): uPlot.AlignedData => [
    this.times().map((ms) => ms / 1_000),
    ...this.lines().map(({ values }) => [...values]),
  ]);
  readonly #hovered = plotIn(this.canvas, {
    data: this.#data,
    fromMs: this.fromMs,
    toMs: this.toMs,
    yRange: (_plot, _low, high) => [0, high > 0 ? high * 1.08 : 1],
    series: (host) => this.lines().map((_line, at) => seriesOf(host, at)),
    together: 'requests',
  });

  protected readonly tints = lineTints;
  protected readonly named = computed(() => {
    const index = this.#hovered() ?? this.times().length - 1;
    return this.lines().map(({ name, values }, at) => ({
      ...{ name, tint: tintOf(at), dashed: at >= lineTints.length },
      words: this.#tell(values[index]),
    }));
  });
  protected readonly time = computed(() => {
    const hovered = this.#hovered();
    const atMs = hovered === undefined ? undefined : this.times()[hovered];
    if (atMs === undefined) return '';
    const iso = new Date(atMs).toISOString();
    return this.toMs() - this.fromMs() > DAY_MS ? moment(iso, this.toMs()) : clockTime(iso);
  });
  protected readonly summary = computed(() =>
    this.lines().map(({ name, values }) => {
      const known = values.filter((value) => value !== null);
      return {
        ...{ name, newest: this.#tell(values.at(-1)) },
        highest: known.length === 0 ? '–' : this.words()(Math.max(...known)),
      };
    }),
  );

  #tell(value: number | null | undefined): string {
    return value === null || value === undefined ? '–' : this.words()(value);
  }
}

const tintOf = (at: number): string => lineTints[at % lineTints.length] ?? lineTints[0];

function seriesOf(host: HTMLElement, at: number): uPlot.Series {
  const probes = host.querySelectorAll('.probe');
  return {
    // Read at each drawing, so that a change of theme needs nothing else.
    stroke: () => colourOf(probes[at % probes.length]),
    width: 1.7,
    ...(at >= lineTints.length && { dash: [5, 4] }),
    spanGaps: false,
    // A step with nothing beside it is still to be seen.
    points: { show: true, size: 3, filter: lonelyPoints },
  };
}

/** As the page shows it: a canvas knows no names of colours that depend on the theme. */
const colourOf = (probe: Element | undefined): string =>
  probe === undefined ? 'currentColor' : getComputedStyle(probe).color;

/** The points that no line leads to or from. */
function lonelyPoints(plot: uPlot, series: number): number[] {
  const values = plot.data[series] ?? [];
  return [...values.keys()].filter(
    (at) => values[at] != null && (values[at - 1] ?? null) === null && (values[at + 1] ?? null) === null,
  );
}
