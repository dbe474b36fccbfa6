import { CdkFixedSizeVirtualScroll, CdkVirtualForOf, CdkVirtualScrollViewport } from '@angular/cdk/scrolling';
import {
  afterNextRender,
  afterRenderEffect,
  Component,
  computed,
  inject,
  Injector,
  input,
  linkedSignal,
  signal,
  viewChild,
} from '@angular/core';
import { type Executor, type LogEntry, type LogLevel, logLevels, routes } from '@muster/contracts';
import { urlOf } from '../api/api.js';
import { moment, timeOfDay } from '../ui/format.js';
import { Clock } from '../live/clock.js';
import { Slash } from '../ui/shortcut.js';
import { countsOf, findIn, indexAt, type Log, type LogFilter, passes, pieces, textOf, timeOf } from './log-entries.js';
import { NodeLogStore } from './node-log.js';

const titles: Record<LogLevel, string> = {
  debug: 'Debug',
  info: 'Info',
  warning: 'Warning',
  error: 'Error',
  critical: 'Critical',
};

/** As in log-panel.css. */
const LINE_HEIGHT = 22;
/** Nearer to the end than this counts as being there. */
const AT_END_PX = 4;
/** After scrolling by ourselves, the browser tells of it within this time. */
const OWN_SCROLL_MS = 200;

/** What a node says of itself, with the Gateway's remarks between. Every line is text: nothing in it is ever markup or a link. */
@Component({
  selector: 'app-log-panel',
  imports: [CdkFixedSizeVirtualScroll, CdkVirtualForOf, CdkVirtualScrollViewport, Slash],
  providers: [NodeLogStore],
  host: { class: 'card' },
  templateUrl: './log-panel.html',
  styleUrl: './log-panel.css',
})
export class LogPanel {
  readonly nodeId = input.required<string>();
  /** Those that the lines can be narrowed to. */
  readonly executors = input.required<readonly Executor[]>();
  readonly #clock = inject(Clock);
  protected readonly store = inject(NodeLogStore);
  readonly #followed = this.store.follow(this.nodeId);
  private readonly viewport = viewChild(CdkVirtualScrollViewport);
  readonly #injector = inject(Injector);
  #scrolledAtMs = 0;
  #topPx = 0;

  protected readonly levels = logLevels;
  protected readonly titles = titles;
  protected readonly lineHeight = LINE_HEIGHT;
  protected readonly timeOfDay = timeOfDay;
  protected readonly timeOf = timeOf;
  protected readonly textOf = textOf;
  protected readonly pieces = pieces;
  protected readonly byNumber = (_: number, { n }: LogEntry): number => n;

  protected readonly filter = signal<LogFilter>({
    levels: new Set(logLevels.filter((level) => level !== 'debug')),
    remarks: true,
  });
  protected readonly text = signal('');
  protected readonly following = signal(true);

  /** The live end of the log, or what is looked at around a time. */
  protected readonly log = computed((): Log | undefined => this.store.looking() ?? this.#followed.log());
  protected readonly counts = computed(() => countsOf(this.log()?.entries ?? []));
  protected readonly isChoosingTime = signal(false);
  protected readonly lookingWords = computed(() => {
    const looking = this.store.looking();
    return looking && moment(new Date(looking.atMs).toISOString(), this.#clock.now());
  });
  protected readonly shown = computed(() =>
    (this.log()?.entries ?? []).filter((entry) => passes(entry, this.filter())),
  );
  protected readonly found = computed(() => findIn(this.shown(), this.text()));
  /** Which of the places found is looked at; the last one until somebody steps. */
  readonly #at = linkedSignal({ source: this.text, computation: (): number | undefined => undefined });
  protected readonly current = computed(() => {
    const at = this.#at();
    return at === undefined ? undefined : this.found()[at];
  });
  protected readonly foundWords = computed(() => {
    const found = this.found().length;
    const at = this.#at();
    if (found === 0) return 'Not found';
    return at === undefined ? `${found} found` : `${at + 1} of ${found}`;
  });
  protected readonly downloadUrl = computed(() => urlOf(routes.downloadLog, { nodeId: this.nodeId() }));
  protected readonly refused = computed(() => {
    const remote = this.#followed.remote();
    return remote.state === 'refused' ? remote.words : undefined;
  });
  protected readonly askingFailed = computed(() => {
    const asking = this.store.asking();
    return asking.state === 'failed' ? asking.words : undefined;
  });

  constructor() {
    afterRenderEffect(() => {
      const last = this.shown().length - 1;
      if (this.following() && this.store.looking() === undefined && last >= 0) this.#scrollTo(last);
    });
  }

  protected toggle(level: LogLevel): void {
    this.filter.update((filter) => {
      const next = new Set(filter.levels);
      if (!next.delete(level)) next.add(level);
      return { ...filter, levels: next };
    });
  }

  protected toggleRemarks(): void {
    this.filter.update((filter) => ({ ...filter, remarks: !filter.remarks }));
  }

  /** Only the lines about one executor; an empty id for all. */
  protected narrow(executorId: string): void {
    this.filter.update((filter) => ({ ...filter, executorId: executorId === '' ? undefined : executorId }));
  }

  /** Looks at the log as it was around a time of the person's own zone. */
  protected async jump(local: string): Promise<void> {
    const atMs = Date.parse(local);
    if (Number.isNaN(atMs)) return;
    this.following.set(false);
    await this.store.lookAt(this.nodeId(), atMs);
    this.isChoosingTime.set(false);
    afterNextRender(() => this.#scrollTo(Math.max(0, indexAt(this.shown(), atMs) - 2)), { injector: this.#injector });
  }

  protected backToLive(): void {
    this.store.backToLive();
    this.following.set(true);
  }

  protected search(text: string): void {
    this.text.set(text);
  }

  /** Goes to the next place found, or the one before; the first step goes to the newest. */
  protected step(by: 1 | -1): void {
    const found = this.found();
    if (found.length === 0) return;
    const at = this.#at();
    const next = at === undefined ? found.length - 1 : (at + by + found.length) % found.length;
    this.#at.set(next);
    this.following.set(false);
    this.#scrollTo(Math.max(0, (found[next] ?? 0) - 4));
  }

  /** Older entries come in front; what is looked at stays where it is. */
  protected async older(log: Log): Promise<void> {
    const viewport = this.viewport();
    if (viewport === undefined) return;
    const offsetPx = viewport.measureScrollOffset('top');
    const index = Math.floor(offsetPx / LINE_HEIGHT);
    const looked = this.shown()[index];
    await this.store.askOlder(this.nodeId(), log);
    const now = this.shown().findIndex(({ n }) => n === looked?.n);
    if (now < 0) return;
    afterNextRender(
      () => {
        this.#scrolledAtMs = performance.now();
        viewport.scrollToOffset((now - index) * LINE_HEIGHT + offsetPx);
      },
      { injector: this.#injector },
    );
  }

  /** Scrolling up stops following: by ourselves we only ever go down. Scrolling back to the end goes on. */
  protected scrolled(): void {
    const viewport = this.viewport();
    if (viewport === undefined) return;
    const topPx = viewport.measureScrollOffset('top');
    const atEnd = viewport.measureScrollOffset('bottom') <= AT_END_PX;
    if (atEnd && performance.now() - this.#scrolledAtMs > OWN_SCROLL_MS) this.following.set(true);
    else if (!atEnd && topPx < this.#topPx) this.following.set(false);
    this.#topPx = topPx;
  }

  #scrollTo(index: number): void {
    const viewport = this.viewport();
    if (viewport === undefined) return;
    this.#scrolledAtMs = performance.now();
    viewport.scrollToIndex(index);
  }
}
