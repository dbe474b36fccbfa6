import { BreakpointObserver } from '@angular/cdk/layout';
import { CdkFixedSizeVirtualScroll, CdkVirtualForOf, CdkVirtualScrollViewport } from '@angular/cdk/scrolling';
import { Component, computed, inject, signal } from '@angular/core';
import { toSignal } from '@angular/core/rxjs-interop';
import { Fleet } from '../live/fleet.js';
import { Session } from '../session/session.js';
import { Slash } from '../ui/shortcut.js';
import { StatusDot } from '../ui/status-dot.js';
import { FirstNode } from './first-node.js';
import { GatewayPanel } from './gateway-panel.js';
import { NodeDialogs } from './node-dialogs.js';
import { countGroups, groupColours, matches, rowOf, type Group, type NodeRow as Row } from './node-list.js';
import { NodeRow } from './node-row.js';

/** More rows than this are drawn as they scroll into sight. */
const LONG_LIST = 60;
/** As in node-row.css. */
const ROW_HEIGHT = { wide: 64, narrow: 124 };

/** The home page: every node, how it is and how hard it works. */
@Component({
  selector: 'app-nodes',
  imports: [
    CdkFixedSizeVirtualScroll,
    CdkVirtualForOf,
    CdkVirtualScrollViewport,
    FirstNode,
    GatewayPanel,
    NodeRow,
    Slash,
    StatusDot,
  ],
  templateUrl: './nodes.html',
  styleUrl: './nodes.css',
})
export class Nodes {
  protected readonly fleet = inject(Fleet);
  protected readonly session = inject(Session);
  protected readonly dialogs = inject(NodeDialogs);
  protected readonly colours = groupColours;

  protected readonly text = signal('');
  protected readonly group = signal<Group | undefined>(undefined);
  readonly #narrow = toSignal(inject(BreakpointObserver).observe('(max-width: 700px)'));
  protected readonly rowHeight = computed(() => (this.#narrow()?.matches ? ROW_HEIGHT.narrow : ROW_HEIGHT.wide));

  protected readonly counters = computed(() => countGroups(this.fleet.last()?.nodes.values() ?? []));
  protected readonly rows = computed(() => {
    const fleet = this.fleet.last();
    if (fleet === undefined) return [];
    return [...fleet.nodes.values()]
      .filter((node) => matches(node, this.text(), this.group()))
      .map((node) => rowOf(node, fleet.loads[node.nodeId]));
  });
  protected readonly long = computed(() => this.rows().length > LONG_LIST);
  protected readonly byId = (_: number, { node }: Row): string => node.nodeId;
}
