import type { Executor, FleetNode, NodeState } from '@muster/contracts';
import type { Place } from '../slots/place.js';

/** The executors of a node as places for requests. Pure. A node of which nobody has reported yet has none. */
export function placesOf(node: FleetNode, state: NodeState | undefined): Place[] {
  if (state === undefined) return [];
  return state.executors.map((executor) => ({
    id: `${node.nodeId}/${executor.executorId}`,
    nodeId: node.nodeId,
    nodeName: node.name,
    executorId: executor.executorId,
    model: executor.model,
    // What it has no slots for by its own account it takes one by one.
    slots: Math.max(1, executor.slots),
    state: stateOf(node, state, executor),
    asleep: executor.asleep,
    kind: executor.kind,
    since: executor.since ?? node.registeredAt,
  }));
}

/**
 * What is known of a node once its monitor has told this. Without a link a monitor has nothing of the node's executors: which models
 * there are stays known. While it has only begun, as after it was started anew or took the node over, it knows less than was told
 * before: that goes on until it has the link, or has failed to make it.
 */
export function stateAfter(before: NodeState | undefined, told: NodeState): NodeState {
  if (before === undefined || told.link.phase === 'up') return told;
  const { link, condition, executors } = before;
  return told.link.phase === 'down'
    ? { ...told, executors }
    : { ...told, link, executors, ...(condition !== undefined && { condition }) };
}

/** Whether the executors of a node that may serve are still to be told. */
export const isAwaited = ({ activated, certificate }: FleetNode, state: NodeState | undefined): boolean =>
  activated && certificate !== undefined && (state === undefined || state.link.phase === 'connecting');

function stateOf(node: FleetNode, { link, condition }: NodeState, executor: Executor): Place['state'] {
  if (!node.activated || node.certificate === undefined) return 'away';
  if (condition?.condition === 'draining' || condition?.condition === 'error') return 'away';
  if (executor.state === 'starting') return link.phase === 'down' ? 'away' : 'soon';
  if (executor.state !== 'online') return 'away';
  switch (link.phase) {
    case 'down':
      return 'away';
    case 'connecting':
      return 'soon';
    case 'up':
      if (link.frames === 'stale') return 'soon';
      return link.frames === 'settling' || executor.asleep ? 'spare' : 'ready';
  }
}
