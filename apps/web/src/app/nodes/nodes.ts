import { BreakpointObserver } from '@angular/cdk/layout';
import { CdkFixedSizeVirtualScroll, CdkVirtualForOf, CdkVirtualScrollViewport } from '@angular/cdk/scrolling';
import { Component, computed, inject, input, signal } from '@angular/core';
import { toSignal } from '@angular/core/rxjs-interop';
import type { NodeFigures, NodeLoad, NodeView } from '@muster/contracts';
import { Fleet, inOrder } from '../live/fleet.js';
import { LiveFigures } from '../live/live-figures.js';
import { Session } from '../session/session.js';
import { Slash } from '../ui/shortcut.js';
import { StatusDot } from '../ui/status-dot.js';
import { AsOf } from './as-of.js';
import { FirstNode } from './first-node.js';
import { GatewayPanel } from './gateway-panel.js';
import { NodeDialogs } from './node-dialogs.js';
import { countGroups, groupColours, matches, rowOf, type Group, type NodeRow as Row } from './node-list.js';
import { NodeRow } from './node-row.js';
import { PastFleet } from './past-fleet.js';

/** More rows than this are drawn as they scroll into sight. */
const LONG_LIST = 60;
/** As in node-row.css. */
const ROW_HEIGHT = { wide: 64, narrow: 124 };

/** The home page: every node, how it is and how hard it works. */
@Component({
  selector: 'app-nodes',
  imports: [
    AsOf,
    CdkFixedSizeVirtualScroll,
    CdkVirtualForOf,
    CdkVirtualScrollViewport,
    FirstNode,
    GatewayPanel,
    NodeRow,
    Slash,
    StatusDot,
  ],
  providers: [PastFleet],
  templateUrl: './nodes.html',
  styleUrl: './nodes.css',
})
export class Nodes {
  /** From the address of the page: the time to show the fleet of. Anything but a time shows it as it is now. */
  readonly at = input<string>();

  readonly #figures = inject(LiveFigures);
  protected readonly fleet = inject(Fleet);
  protected readonly session = inject(Session);
  protected readonly dialogs = inject(NodeDialogs);
  protected readonly colours = groupColours;

  protected readonly text = signal('');
  protected readonly group = signal<Group | undefined>(undefined);
  readonly #narrow = toSignal(inject(BreakpointObserver).observe('(max-width: 960px)'));
  protected readonly rowHeight = computed(() => (this.#narrow()?.matches ? ROW_HEIGHT.narrow : ROW_HEIGHT.wide));

  protected readonly pastAt = computed(() => {
    const ms = Date.parse(this.at() ?? '');
    return Number.isNaN(ms) ? undefined : new Date(ms).toISOString();
  });
  protected readonly past = inject(PastFleet).follow(this.pastAt);
  /** What the list shows of: every node now, or as it was known at that time, then without its loads. */
  readonly #shown = computed((): { nodes: readonly NodeView[]; loads: Readonly<Record<string, NodeLoad>> } => {
    const past = this.past();
    if (past !== undefined)
      return { nodes: past.state === 'ready' ? [...inOrder(past.value).values()] : [], loads: {} };
    const fleet = this.fleet.last();
    return { nodes: [...(fleet?.nodes.values() ?? [])], loads: fleet?.loads ?? {} };
  });
  protected readonly any = computed(() => this.#shown().nodes.length > 0);
  protected readonly counters = computed(() => countGroups(this.#shown().nodes));
  protected readonly rows = computed(() => {
    const { nodes, loads } = this.#shown();
    const figures = this.pastAt() === undefined ? this.#figures.nodes() : new Map<string, NodeFigures>();
    return nodes
      .filter((node) => matches(node, this.text(), this.group()))
      .map((node) => rowOf(node, loads[node.nodeId], figures.get(node.nodeId)));
  });
  protected readonly long = computed(() => this.rows().length > LONG_LIST);
  protected readonly byId = (_: number, { node }: Row): string => node.nodeId;
}
