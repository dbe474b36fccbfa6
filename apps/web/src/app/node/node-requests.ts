import { Component, computed, inject, input } from '@angular/core';
import { RouterLink } from '@angular/router';
import type { NodeView } from '@muster/contracts';
import { LiveFigures } from '../live/live-figures.js';
import { share } from '../ui/format.js';

/** What a node has to do with the requests: now, and since the Gateway started. */
@Component({
  selector: 'app-node-requests',
  imports: [RouterLink],
  host: { class: 'card' },
  template: `
    <div class="card-head">
      <h2>Requests</h2>
      <span class="grow"></span>
      <a class="button ghost" routerLink="/requests" [queryParams]="{ node: node().nodeId }">Its requests</a>
    </div>
    <dl class="num">
      @for (each of shown(); track each.name) {
        <div>
          <dd>{{ each.words }}</dd>
          <dt>{{ each.name }}</dt>
        </div>
      }
    </dl>
  `,
  styles: `
    dl {
      display: flex;
      flex-wrap: wrap;
      gap: 12px 44px;
      padding: 12px 18px 14px;
    }
    dl div {
      display: flex;
      flex-direction: column;
    }
    dl dd {
      font-size: 19px;
      font-weight: 620;
    }
    dt {
      color: var(--ink-2);
      font-size: 12.5px;
    }
  `,
})
export class NodeRequests {
  readonly #figures = inject(LiveFigures).nodes;
  readonly node = input.required<NodeView>();
  protected readonly shown = computed(() => {
    const { nodeId, executors } = this.node();
    const figures = this.#figures().get(nodeId);
    const online = executors.filter(({ state }) => state === 'online');
    const queued = online.length === 0 ? undefined : online.reduce((sum, executor) => sum + executor.queued, 0);
    const known = (value: number | undefined): string => value?.toLocaleString('en-GB') ?? '–';
    return [
      { name: 'In flight', words: known(figures?.inFlight) },
      { name: 'Queued on the node', words: known(queued) },
      { name: 'Slots', words: known(figures?.slots) },
      { name: 'Most at once', words: known(figures?.most) },
      { name: 'Share of the work', words: figures?.connected === true ? share(figures.share) : '–' },
    ];
  });
}
