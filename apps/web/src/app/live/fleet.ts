import { computed, inject, Service } from '@angular/core';
import {
  FleetChange,
  FleetSnapshot,
  type GatewayView,
  type NodeLoad,
  type NodeView,
  type Numbered,
} from '@muster/contracts';
import { Session } from '../session/session.js';
import { Connection, type Room } from './connection.js';
import { lastOf } from './remote.js';

/** The fleet as the pages use it: nodes by id, in the order of their names. */
export interface FleetView {
  readonly gateway: GatewayView;
  readonly nodes: ReadonlyMap<string, NodeView>;
  readonly loads: Readonly<Record<string, NodeLoad>>;
}

const byName = (a: NodeView, b: NodeView): number =>
  a.name.localeCompare(b.name, undefined, { numeric: true, sensitivity: 'base' }) || a.nodeId.localeCompare(b.nodeId);

/** Nodes by id, in the order of their names. */
export const inOrder = (nodes: Iterable<NodeView>): ReadonlyMap<string, NodeView> =>
  new Map([...nodes].sort(byName).map((node) => [node.nodeId, node]));

export const fleetOf = ({ gateway, nodes, loads }: FleetSnapshot): FleetView => ({
  gateway,
  nodes: inOrder(nodes),
  loads,
});

/** Folds one change in. A node that is gone takes its load along; a node that no longer reports keeps none. */
export function reduceFleet(fleet: FleetView, { gateway, changed, removed, loads }: FleetChange): FleetView {
  const nodes = new Map(fleet.nodes);
  for (const node of changed) nodes.set(node.nodeId, node);
  for (const nodeId of removed) nodes.delete(nodeId);
  const moved = changed.length > 0 || removed.length > 0;
  const kept = Object.entries({ ...fleet.loads, ...loads }).filter(([nodeId]) => {
    const node = nodes.get(nodeId);
    return node !== undefined && node.link?.phase === 'up';
  });
  return {
    gateway: gateway ?? fleet.gateway,
    nodes: moved ? inOrder(nodes.values()) : fleet.nodes,
    loads: Object.fromEntries(kept),
  };
}

const fleetRoom: Room<FleetView, Numbered & FleetChange> = {
  kind: 'fleet',
  changes: 'fleet:change',
  onlyWhileVisible: false,
  join: (socket, timeoutMs) => socket.timeout(timeoutMs).emitWithAck('fleet:join'),
  leave: (socket) => socket.emit('fleet:leave'),
  snapshotOf(joined) {
    const parsed = FleetSnapshot.safeParse(joined);
    return parsed.success ? fleetOf(parsed.data) : undefined;
  },
  changeOf(message) {
    const parsed = FleetChange.safeParse(message);
    // The numbers stand beside the change: the server's types promise them, and a wrong one only joins again.
    return parsed.success ? { ...(message as Numbered), ...parsed.data } : undefined;
  },
  reduce: reduceFleet,
};

/** Every node, live. */
@Service()
export class Fleet {
  readonly #session = inject(Session);

  readonly view = inject(Connection).follow(computed(() => (this.#session.may('fleet:view') ? fleetRoom : undefined)));
  /** The newest that is known, however old. */
  readonly last = computed(() => lastOf(this.view()));
}
