import { type MetricsTargets, type NodeView, Refusal, routes } from '@muster/contracts';
import {
  Clock,
  executorCounts,
  type Family,
  familyOf,
  mergeFamilies,
  nodeFamilies,
  type ObservedNode,
  statusCounts,
  writeFamilies,
} from '@muster/service';
import { Controller } from '@nestjs/common';
import { type CallTo, Serves } from '../doors/serves.js';
import { FleetFeed } from '../fleet/fleet-feed.js';
import { AllServices } from './all-services.js';
import { NodeSamples } from './node-samples.js';

/** However many scrape, everybody is asked once in this time. */
const READ_EVERY_MS = 1_000;

/** `host:port` as Prometheus takes it for a target; what a browser or a proxy sends as Host. */
const TARGET = /^(?:[A-Za-z0-9._-]{1,253}|\[[0-9A-Fa-f:.]{2,45}\])(?::\d{1,5})?$/;

interface Read {
  readonly services: readonly Family[][];
  readonly nodes: readonly ObservedNode[];
}

/** The whole installation in the text format of Prometheus, and each node by itself. */
@Controller()
export class MetricsController {
  #last: { readonly atMs: number; readonly read: Promise<Read> } | undefined;

  constructor(
    private readonly feed: FleetFeed,
    private readonly samples: NodeSamples,
    private readonly services: AllServices,
    private readonly clock: Clock,
  ) {}

  @Serves(routes.readMetrics)
  async read({ query }: CallTo<typeof routes.readMetrics>): Promise<string> {
    const { services, nodes } = await this.#once();
    const { families, leftOut } = mergeFamilies([
      fleetFamilies(nodes),
      ...services,
      ...(query.nodes === 'on' ? [nodeFamilies(nodes)] : []),
    ]);
    return writeFamilies([
      ...families,
      familyOf('muster_left_out_families', 'gauge', 'Families that two services tell as of different types', [
        { value: leftOut },
      ]),
    ]);
  }

  /** Named by the labels of its target, see `targets`; so nothing here says which node it is. */
  @Serves(routes.readNodeMetrics)
  async readNode({ params }: CallTo<typeof routes.readNodeMetrics>): Promise<string> {
    await this.feed.ready();
    const newest = await this.samples.newest();
    const view = this.feed.view(params.nodeId);
    if (view === undefined) throw new Refusal('node-unknown');
    return writeFamilies(nodeFamilies([observed(view, newest(view.nodeId))], () => ({})));
  }

  @Serves(routes.readMetricsTargets)
  async targets({ host }: CallTo<typeof routes.readMetricsTargets>): Promise<MetricsTargets> {
    if (!TARGET.test(host))
      throw new Refusal('bad-input', { field: 'Host', words: 'Host must be a name or an address, with its port.' });
    await this.feed.ready();
    return this.feed.views().map(({ nodeId, name }) => ({
      targets: [host],
      labels: { __metrics_path__: `/metrics/nodes/${nodeId}`, instance: name, node: name, node_id: nodeId },
    }));
  }

  #once(): Promise<Read> {
    const nowMs = this.clock.monotonicMs();
    if (this.#last === undefined || nowMs - this.#last.atMs >= READ_EVERY_MS)
      this.#last = { atMs: nowMs, read: this.#readAll() };
    return this.#last.read;
  }

  async #readAll(): Promise<Read> {
    const [services, newest] = await Promise.all([this.services.read(), this.samples.newest()]);
    return { services, nodes: this.feed.views().map((view) => observed(view, newest(view.nodeId))) };
  }
}

const observed = (view: NodeView, measurement: ObservedNode['measurement']): ObservedNode => ({
  nodeId: view.nodeId,
  name: view.name,
  version: view.nodeVersion,
  status: view.status.colour,
  link: view.link,
  executors: view.executors,
  measurement,
});

/** The fleet as one, as the console shows it. */
function fleetFamilies(nodes: readonly ObservedNode[]): Family[] {
  const { executors, slots } = executorCounts(nodes);
  return [
    familyOf('muster_nodes', 'gauge', 'Nodes, by status', statusCounts(nodes)),
    familyOf('muster_executors', 'gauge', 'Executors, by model and state', executors),
    familyOf('muster_slots', 'gauge', 'Slots of the executors that are online, by model', slots),
  ];
}
