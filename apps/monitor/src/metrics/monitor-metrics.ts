import { type LinkCause, linkCauses } from '@muster/contracts';
import {
  executorCounts,
  type Metrics,
  nodeFamilies,
  type ObservedNode,
  type Reading,
  statusCounts,
} from '@muster/service';
import type { HeldNode, Links } from '../links/links.js';

const outcomes = ['linked', ...linkCauses] as const;
const phases = ['connecting', 'down', 'up'] as const;

/** What happens on links, counted where it happens. */
export class LinkCounts {
  readonly #dials = new Map<'linked' | LinkCause, number>();
  readonly #frames = new Map<string, number>();

  dialed(outcome: 'linked' | LinkCause): void {
    this.#dials.set(outcome, (this.#dials.get(outcome) ?? 0) + 1);
  }

  frame(type: string): void {
    this.#frames.set(type, (this.#frames.get(type) ?? 0) + 1);
  }

  get dials(): Reading[] {
    return outcomes.map((outcome) => ({ value: this.#dials.get(outcome) ?? 0, labels: { outcome } }));
  }

  get frames(): Reading[] {
    return [...this.#frames].map(([type, value]) => ({ value, labels: { type } }));
  }
}

const observed = ({ node, state, measurement }: HeldNode): ObservedNode => ({
  nodeId: node.nodeId,
  name: node.name,
  version: state?.hello?.version,
  status: state?.status.colour ?? 'amber',
  link: state?.link,
  executors: state?.executors ?? [],
  measurement,
});

/** What this monitor measures. The figures of each node stand on its own page alone: the gateway knows them too. */
export function measureLinks(metrics: Metrics, counts: LinkCounts): (links: Pick<Links, 'held' | 'impaired'>) => void {
  metrics.counted('muster_monitor_dials_total', 'Tries to make a link, by what came of them', () => counts.dials);
  metrics.counted('muster_monitor_frames_total', 'Frames that came over links, by type', () => counts.frames);
  return (links) => {
    const nodes = () => links.held().map(observed);
    metrics.gauge('muster_monitor_nodes', 'Nodes that this monitor holds, by status', () => statusCounts(nodes()));
    metrics.gauge('muster_monitor_links', 'Links of this monitor, by phase', () => {
      const held = links.held();
      return phases.map((phase) => ({
        value: held.filter(({ state }) => state?.link.phase === phase).length,
        labels: { phase },
      }));
    });
    metrics.gauge(
      'muster_monitor_executors',
      'Executors on the nodes that this monitor holds',
      () => executorCounts(nodes()).executors,
    );
    metrics.gauge(
      'muster_monitor_slots',
      'Slots of the executors that are online there',
      () => executorCounts(nodes()).slots,
    );
    metrics.gauge('muster_monitor_impaired', 'Whether it was held up, so that silence proves nothing', () =>
      links.impaired ? 1 : 0,
    );
    metrics.beside(() => nodeFamilies(nodes()));
  };
}
