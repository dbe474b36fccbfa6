import {
  afterNextRender,
  DestroyRef,
  effect,
  type ElementRef,
  inject,
  Injector,
  type Signal,
  signal,
} from '@angular/core';
import uPlot from 'uplot';

/** What a plot of lines over time shows, and how. */
export interface PlotParts {
  readonly data: Signal<uPlot.AlignedData>;
  /** Its edges, in milliseconds since 1970. */
  readonly fromMs: () => number;
  readonly toMs: () => number;
  readonly yRange: uPlot.Scale.Range;
  /** Where the grid has a line; by itself unless told. */
  readonly splits?: uPlot.Axis.Splits;
  /** How each line looks. Asked for again when there is another number of lines. */
  readonly series: (host: HTMLElement) => uPlot.Series[];
  /** Plots of the same name show the pointer at the same time. */
  readonly together: string;
  /** Draws behind the lines. */
  readonly behind?: (plot: uPlot, host: HTMLElement) => void;
}

/**
 * A plot in this element of the component that calls it, for as long as that lives: as large as the element, and drawn once a frame,
 * however much arrives. Gives the index of the data at the pointer; undefined while there is none.
 */
export function plotIn(canvas: Signal<ElementRef<HTMLElement>>, parts: PlotParts): Signal<number | undefined> {
  const { data, fromMs, toMs } = parts;
  const hovered = signal<number | undefined>(undefined);
  const injector = inject(Injector);
  const destroyed = inject(DestroyRef);
  afterNextRender(() => {
    const host = canvas().nativeElement;
    let plot: uPlot | undefined;
    let frame = 0;
    const draw = () => {
      frame = 0;
      if (plot?.series.length === data().length) {
        plot.setData(data(), true);
        return;
      }
      plot?.destroy();
      hovered.set(undefined);
      plot = new uPlot(
        optionsOf(host, parts, (index) => hovered.set(index)),
        data(),
        host,
      );
    };
    const sized = new ResizeObserver(() => plot?.setSize(sizeOf(host)));
    sized.observe(host);
    effect(
      () => {
        data();
        fromMs();
        toMs();
        frame ||= requestAnimationFrame(draw);
      },
      { injector },
    );
    destroyed.onDestroy(() => {
      sized.disconnect();
      cancelAnimationFrame(frame);
      plot?.destroy();
    });
  });
  return hovered.asReadonly();
}

function optionsOf(
  host: HTMLElement,
  { fromMs, toMs, yRange, splits, series, together, behind }: PlotParts,
  point: (index: number | undefined) => void,
): uPlot.Options {
  const style = getComputedStyle(host);
  return {
    ...sizeOf(host),
    padding: [6, 0, 2, 0],
    legend: { show: false },
    cursor: { y: false, drag: { x: false, y: false }, sync: { key: together }, points: { size: 7, width: 2 } },
    scales: { x: { time: true, range: () => [fromMs() / 1_000, toMs() / 1_000] }, y: { range: yRange } },
    axes: [
      { show: false },
      {
        size: 0,
        gap: 0,
        ticks: { show: false },
        values: () => [],
        ...(splits && { splits }),
        // Read at each drawing, so that a change of theme needs nothing else.
        grid: { stroke: () => style.borderTopColor, width: 1 },
      },
    ],
    series: [{}, ...series(host)],
    hooks: {
      drawAxes: behind === undefined ? [] : [(plot) => behind(plot, host)],
      setCursor: [({ cursor }) => point(cursor.idx ?? undefined)],
    },
  };
}

const sizeOf = ({ clientWidth, clientHeight }: HTMLElement) => ({
  width: Math.max(1, clientWidth),
  height: Math.max(1, clientHeight),
});
