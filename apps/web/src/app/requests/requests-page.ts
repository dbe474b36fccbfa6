import { Component, computed, inject, input, linkedSignal, signal, untracked } from '@angular/core';
import { RouterLink } from '@angular/router';
import {
  endedOf,
  type GraphWindow,
  type Grouping,
  NO_NAME,
  type RequestFilter,
  RequestState,
  requestStates,
  windows,
} from '@muster/contracts';
import { Clock } from '../live/clock.js';
import { Fleet } from '../live/fleet.js';
import { LiveFigures } from '../live/live-figures.js';
import { Session } from '../session/session.js';
import { figure, share, took } from '../ui/format.js';
import { LineGraph } from '../ui/line-graph.js';
import { ConservationLine } from './conservation-line.js';
import { isFiltered, MOST_SHOWN } from './request-lists.js';
import { RequestList } from './request-list.js';
import { stateWords } from './request-words.js';
import { RequestsStore } from './requests-store.js';
import { graphsOf, nameOf } from './series-lines.js';
import { followSeries, followTallies } from './tallies-store.js';
import { TallyTable } from './tally-table.js';

const isUuid = (text: string): boolean => /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i.test(text);

/** What is asked of the fleet and how it is answered: in figures, in graphs, and request by request. */
@Component({
  selector: 'app-requests-page',
  imports: [ConservationLine, LineGraph, RequestList, RouterLink, TallyTable],
  providers: [RequestsStore],
  templateUrl: './requests-page.html',
  styleUrl: './requests-page.css',
})
export class RequestsPage {
  /** From the address of the page: only what was served by this node, or in this state. */
  readonly node = input<string>();
  readonly only = input<string>();

  protected readonly store = inject(RequestsStore);
  protected readonly session = inject(Session);
  protected readonly figures = inject(LiveFigures).last;
  readonly #fleet = inject(Fleet);
  readonly #clock = inject(Clock);

  protected readonly windows = (['5m', '1h', '24h', '7d'] as const).map((name) => ({
    name,
    title: windows[name].title,
  }));
  protected readonly groupings: readonly { by: Grouping; words: string }[] = [
    { by: 'all', words: 'All together' },
    { by: 'model', words: 'By model' },
    { by: 'node', words: 'By node' },
    { by: 'key', words: 'By key' },
  ];
  protected readonly window = signal<GraphWindow>('5m');
  protected readonly by = signal<Grouping>('all');
  readonly #all = signal<Grouping>('all');
  protected readonly whole = followTallies(this.window, this.#all);
  protected readonly tallies = followTallies(this.window, this.by);
  protected readonly series = followSeries(this.window, this.by);
  /** An answer to what was asked before is not shown as one to this. */
  protected readonly graphs = computed(() => {
    const series = this.series.value();
    return series && series.stepMs === windows[this.window()].stepMs
      ? graphsOf(series, this.by(), untracked(this.#clock.now))
      : undefined;
  });
  protected readonly chips = computed(() => {
    const tally = this.whole.value()?.tallies[0]?.tally;
    const ended = tally === undefined ? 0 : endedOf(tally);
    const rate = this.figures()?.handled.perSecond;
    return {
      rate: rate === undefined ? undefined : `${figure(rate)}/s`,
      p50: tally?.totalMs && took(tally.totalMs.p50),
      p95: tally?.totalMs && took(tally.totalMs.p95),
      failed: ended === 0 || tally === undefined ? undefined : share(tally.failed / ended),
    };
  });

  protected readonly states = [
    { state: '', words: 'All' } as const,
    ...requestStates.map((state) => ({ state, words: stateWords[state] })),
  ];
  protected readonly state = linkedSignal<RequestState | ''>(() => {
    const parsed = RequestState.safeParse(this.only());
    return parsed.success ? parsed.data : '';
  });
  protected readonly nodeId = linkedSignal(() => (isUuid(this.node() ?? '') ? (this.node() ?? '') : ''));
  protected readonly model = signal('');
  protected readonly keyId = signal('');
  protected readonly nodes = computed(() => [...(this.#fleet.last()?.nodes.values() ?? [])]);
  readonly #models = followTallies(signal('all' as const), signal<Grouping>('model'));
  readonly #keys = followTallies(signal('all' as const), signal<Grouping>('key'));
  protected readonly models = computed(() => named(this.#models.value()?.tallies ?? [], 'model'));
  protected readonly keys = computed(() => named(this.#keys.value()?.tallies ?? [], 'key'));

  protected readonly filter = computed((): RequestFilter => {
    const [state, node, model, key] = [this.state(), this.nodeId(), this.model(), this.keyId()];
    return {
      ...(state !== '' && { state }),
      ...(node !== '' && { node }),
      ...(model !== '' && { model }),
      ...(key !== '' && { key }),
    };
  });
  protected readonly filtered = computed(() => isFiltered(this.filter()));
  protected readonly list = this.store.follow(this.filter);
  protected readonly most = MOST_SHOWN;
  protected readonly counts = computed((): Partial<Record<RequestState | '', number>> => {
    const conservation = this.figures()?.conservation;
    return conservation === undefined ? {} : { running: conservation.inFlight, queued: conservation.queued };
  });

  protected showAll(): void {
    for (const field of [this.state, this.nodeId, this.model, this.keyId]) field.set('');
  }
}

const named = (tallies: readonly { of: { id: string; name?: string | undefined } }[], by: Grouping) =>
  tallies
    .filter(({ of }) => of.id !== NO_NAME.none && of.id !== NO_NAME.others)
    .map(({ of: { id, name } }) => ({ id, name: nameOf(by, { id, ...(name !== undefined && { name }) }) }));
