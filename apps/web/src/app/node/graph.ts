import { Component, computed, ElementRef, input, viewChild } from '@angular/core';
import type uPlot from 'uplot';
import { clockTime, moment } from '../ui/format.js';
import { plotIn } from '../ui/plot.js';
import { type Points, summaryOf } from './samples.js';

const DAY_MS = 24 * 60 * 60_000;

/** One figure of a node over a span of time: its value in words, a line, and a table for whoever can not see it. */
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
        }},
        {{
          spanWords()
        }}
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
            <td>No samples</td>
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
  readonly points = input.required<Points>();
  /** The right edge, in milliseconds since 1970, and how far the left one lies before it. */
  readonly endMs = input.required<number>();
  readonly spanMs = input.required<number>();
  /** The span in words, as "last 5 minutes". */
  readonly spanWords = input.required<string>();
  /** An older figure than this is not shown as if it were one of now. */
  readonly currentForMs = input.required<number>();

  private readonly canvas = viewChild.required<ElementRef<HTMLElement>>('canvas');
  readonly #data = computed((): uPlot.AlignedData => {
    const { at, figures } = this.points();
    return [at.map((ms) => ms / 1_000), figures.map((figure) => figure?.share ?? null)];
  });
  readonly #hovered = plotIn(this.canvas, {
    data: this.#data,
    fromMs: () => this.endMs() - this.spanMs(),
    toMs: this.endMs,
    yRange: [0, 100],
    splits: () => [0, 50, 100],
    series: (host) => [seriesOf(host)],
    together: 'node',
    behind: (plot, host) => this.#drawGaps(plot, getComputedStyle(host).borderTopColor),
  });

  protected readonly shown = computed(() => {
    const { at, figures } = this.points();
    const hovered = this.#hovered();
    const index = hovered ?? at.length - 1;
    const [atMs, figure] = [at[index], figures[index]];
    if (atMs === undefined) return { words: '–', time: '' };
    if (hovered === undefined)
      return { words: this.endMs() - atMs < this.currentForMs() ? (figure?.words ?? '–') : '–', time: '' };
    const iso = new Date(atMs).toISOString();
    const time = this.spanMs() > DAY_MS ? moment(iso, this.endMs()) : clockTime(iso);
    return { words: figure?.words ?? '–', time };
  });
  protected readonly summary = computed(() => summaryOf(this.points()));

  /** A band over each span without samples, so that no line is not taken for a line at nothing. */
  #drawGaps({ ctx, bbox, valToPos }: uPlot, colour: string): void {
    ctx.save();
    ctx.fillStyle = colour;
    for (const { fromMs, toMs } of this.points().gaps) {
      const left = Math.max(bbox.left, valToPos(fromMs / 1_000, 'x', true));
      const right = Math.min(bbox.left + bbox.width, valToPos(toMs / 1_000, 'x', true));
      if (right > left) ctx.fillRect(left, bbox.top, right - left, bbox.height);
    }
    ctx.restore();
  }
}

/** A line in the colour of the host over a veil of it. Read at each drawing, so that a change of theme needs nothing else. */
function seriesOf(host: HTMLElement): uPlot.Series {
  const style = getComputedStyle(host);
  return {
    stroke: () => style.color,
    fill: () => style.color.replace(/^rgb\((.*)\)$/, 'rgba($1, 0.12)'),
    width: 1.7,
    spanGaps: false,
    points: { show: false },
  };
}
