import {
  Component,
  computed,
  DestroyRef,
  ElementRef,
  inject,
  effect,
  input,
  linkedSignal,
  signal,
  viewChild,
} from '@angular/core';
import { RouterLink } from '@angular/router';
import {
  AccountId,
  type FactFamilyName,
  type HistoryFilter,
  NodeId,
  readableFamilies,
  routes as rest,
} from '@muster/contracts';
import { urlOf } from '../api/api.js';
import { Fleet } from '../live/fleet.js';
import { Session } from '../session/session.js';
import { Slash } from '../ui/shortcut.js';
import { HistoryList } from './history-list.js';
import { HistoryStore } from './history-store.js';
import { isFiltered } from './timeline.js';

const families: Record<FactFamilyName, string> = {
  node: 'Nodes',
  health: 'Health',
  account: 'Accounts',
  key: 'API keys',
  integration: 'Integrations',
  webhook: 'Webhooks',
  settings: 'Configuration',
};

const familyNamed = (name: string | undefined): FactFamilyName | undefined =>
  (Object.keys(families) as FactFamilyName[]).find((family) => family === name);

/** A time as a field of the page has it, in the zone of the person, as one that the server takes. */
const timeOf = (local: string): string | undefined => {
  const ms = Date.parse(local);
  return Number.isNaN(ms) ? undefined : new Date(ms).toISOString();
};

/** Everything that ever happened, newest first, live at its end. */
@Component({
  selector: 'app-history-page',
  imports: [HistoryList, RouterLink, Slash],
  providers: [HistoryStore],
  templateUrl: './history-page.html',
  styleUrl: './history-page.css',
})
export class HistoryPage {
  /** From the address of the page: only what is about or by this account, or about this node. */
  readonly account = input<string>();
  readonly node = input<string>();
  /** A kind of facts to begin with, as `settings`. */
  readonly about = input<string>();

  protected readonly store = inject(HistoryStore);
  protected readonly session = inject(Session);
  readonly #fleet = inject(Fleet);

  protected readonly text = signal('');
  protected readonly family = linkedSignal<FactFamilyName | ''>(() => familyNamed(this.about()) ?? '');
  protected readonly chosen = signal<string | undefined>(undefined);
  protected readonly actor = signal('');
  protected readonly from = signal('');
  protected readonly to = signal('');

  protected readonly nodes = computed(() => [...(this.#fleet.last()?.nodes.values() ?? [])]);
  protected readonly families = computed(() =>
    readableFamilies(this.session.account()?.permissions ?? []).map((name) => ({ name, words: families[name] })),
  );
  protected readonly nodeId = computed(() => this.chosen() ?? this.node() ?? '');
  /** Whether the node is one that the list of nodes does not hold: a deleted one keeps its history. */
  protected readonly gone = computed(
    () => this.nodeId() !== '' && !this.nodes().some(({ nodeId }) => nodeId === this.nodeId()),
  );

  protected readonly filter = computed((): HistoryFilter => {
    const [node, account, family] = [this.nodeId(), this.account(), this.family()];
    const [actor, text] = [this.actor().trim().slice(0, 64), this.text().trim().slice(0, 200)];
    const [from, to] = [timeOf(this.from()), timeOf(this.to())];
    return {
      ...(NodeId.safeParse(node).success && { node }),
      ...(AccountId.safeParse(account).success && { account: account ?? '' }),
      ...(family !== '' && { family }),
      ...(actor !== '' && { actor }),
      ...(text !== '' && { text: text.split(/\s+/).slice(0, 8).join(' ') }),
      ...(from !== undefined && { from }),
      ...(to !== undefined && { to }),
    };
  });
  protected readonly filtered = computed(() => isFiltered(this.filter()));
  protected readonly timeline = this.store.follow(this.filter);
  protected readonly exportUrl = computed(() => urlOf(rest.exportHistory, {}, this.filter()));

  protected readonly end = viewChild<ElementRef<HTMLElement>>('end');

  constructor() {
    // The next page is on its way before somebody has scrolled to the end of this one.
    const watcher = new IntersectionObserver(
      ([seen]) => {
        const timeline = this.timeline();
        if (seen?.isIntersecting === true && timeline !== undefined && this.store.asking().state === 'idle')
          void this.store.askOlder(timeline);
      },
      { rootMargin: '400px' },
    );
    effect((onCleanup) => {
      const end = this.end()?.nativeElement;
      // Observed anew with each page, or an end that is still in sight would not be told again.
      if (end === undefined || this.timeline() === undefined) return;
      watcher.observe(end);
      onCleanup(() => watcher.unobserve(end));
    });
    inject(DestroyRef).onDestroy(() => watcher.disconnect());
  }

  protected showAll(): void {
    for (const field of [this.text, this.actor, this.from, this.to, this.family]) field.set('');
    this.chosen.set('');
  }
}
