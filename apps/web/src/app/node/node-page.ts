import { Component, computed, effect, inject, input, signal } from '@angular/core';
import { Router, RouterLink } from '@angular/router';
import { type NodeView, routes } from '@muster/contracts';
import { Api } from '../api/api.js';
import { ExecutorsPanel } from '../executors/executors-panel.js';
import { Clock } from '../live/clock.js';
import { Fleet } from '../live/fleet.js';
import { lastOf } from '../live/remote.js';
import { FleetModels } from '../models/fleet-models.js';
import { HistoryCard } from '../history/history-card.js';
import { NodeDialogs } from '../nodes/node-dialogs.js';
import { PageTitle } from '../page-title.js';
import { Session } from '../session/session.js';
import { span } from '../ui/format.js';
import { StatusDot } from '../ui/status-dot.js';
import { LogPanel } from './log-panel.js';
import { followMetrics } from './metrics.js';
import { Monitoring } from './monitoring.js';
import { NodeFacts } from './node-facts.js';
import { NodeRequests } from './node-requests.js';

/** An older sample than this says nothing of what is free. */
const SAMPLE_CURRENT_MS = 5_000;

/** One node: how it is and why, what it is made of, how hard it works, and what it says. */
@Component({
  selector: 'app-node-page',
  imports: [ExecutorsPanel, LogPanel, Monitoring, NodeFacts, HistoryCard, NodeRequests, RouterLink, StatusDot],
  providers: [FleetModels],
  templateUrl: './node-page.html',
  styles: `
    :host {
      display: block;
    }
    .why {
      color: var(--ink-2);
    }
    .clears {
      margin: -8px 0 16px;
      color: var(--ink-2);
    }
    .grid {
      display: grid;
      grid-template-columns: minmax(320px, 5fr) minmax(0, 8fr);
      gap: var(--gap);
    }
    app-node-requests,
    app-executors-panel,
    app-log-panel {
      grid-column: 1 / -1;
    }
    app-history-card {
      --entries-height: none;
    }
    @media (max-width: 1080px) {
      .grid {
        grid-template-columns: minmax(0, 1fr);
      }
    }
  `,
})
export class NodePage {
  /** From the address of the page. */
  readonly nodeId = input.required<string>();
  readonly tab = input<string>();

  readonly #api = inject(Api);
  readonly #router = inject(Router);
  readonly #clock = inject(Clock);
  readonly #title = inject(PageTitle);
  protected readonly fleet = inject(Fleet);
  protected readonly session = inject(Session);
  protected readonly dialogs = inject(NodeDialogs);

  protected readonly metrics = followMetrics(this.nodeId);
  /** The newest sample, while it is one of now. */
  protected readonly sample = computed(() => {
    const sample = lastOf(this.metrics())?.at(-1);
    return sample !== undefined && this.#clock.now() - Date.parse(sample.at) < SAMPLE_CURRENT_MS ? sample : undefined;
  });
  protected readonly tokensPerSecond = computed(() => this.fleet.last()?.loads[this.nodeId()]?.tokensPerSecond ?? {});
  protected readonly looksBack = computed(() => this.tab() === 'history');
  protected readonly changing = signal(false);
  protected readonly problem = signal<string | undefined>(undefined);
  protected readonly node = computed(() => this.fleet.last()?.nodes.get(this.nodeId()));
  protected readonly since = computed(() => span(this.#clock.now() - Date.parse(this.node()?.status.since ?? '')));
  protected readonly nextTry = computed(() => {
    const link = this.node()?.link;
    if (link?.phase !== 'down' || link.nextTryAt === undefined) return '';
    const ms = Date.parse(link.nextTryAt) - this.#clock.now();
    return ms > 0 ? ` · next try in ${span(ms + 999)}` : '';
  });

  constructor() {
    effect(() => this.#title.show(this.node()?.name ?? 'Node'));
  }

  protected async setActivated(activated: boolean): Promise<void> {
    this.changing.set(true);
    const route = activated ? routes.activateNode : routes.deactivateNode;
    const answer = await this.#api.call(route, { params: { nodeId: this.nodeId() } });
    this.problem.set(answer.ok ? undefined : answer.failure.words);
    this.changing.set(false);
  }

  protected async remove(node: NodeView): Promise<void> {
    if (await this.dialogs.deleteNode(node)) await this.#router.navigateByUrl('/nodes');
  }
}
