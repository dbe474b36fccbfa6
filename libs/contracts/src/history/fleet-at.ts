import type { Fact } from '../fact.js';
import type { FleetNode } from '../fleet.js';
import { type NodeView, viewOf } from '../gateway/views.js';
import { Executor } from '../monitor/executor.js';
import type { HealthEvent } from '../monitor/health.events.js';
import { type Status, statusOf } from '../monitor/status.js';

type Told<Type extends HealthEvent['type']> = Fact<Extract<HealthEvent, { type: Type }>>;

/** The last that was told about a node's health up to some time. */
export interface LastTold {
  readonly changed: Told<'NodeStatusChanged'> | undefined;
  readonly connected: Told<'NodeConnected'> | undefined;
  readonly lost: Told<'NodeLost'> | undefined;
  /** The last change of each of its executors. */
  readonly executors: readonly Told<'ExecutorChanged'>[];
}

/** What holds from its activation on: what was observed under an earlier one says nothing about this one. */
function statusThen({ activation }: FleetNode, { changed, connected, lost }: LastTold): Status {
  const since = (fact: Fact | undefined): number =>
    fact === undefined || Date.parse(fact.at) < Date.parse(activation.at) ? -1 : fact.position;
  const last = Math.max(since(changed), since(connected), since(lost));
  const nothing = { activated: true, condition: undefined, executors: [] };
  if (last < 0)
    return statusOf({ ...nothing, link: { phase: 'connecting', since: activation.at } }, undefined, activation.at);
  if (changed !== undefined && since(changed) === last) return changed.data.to;
  if (lost !== undefined && since(lost) === last) {
    const { cause, at } = lost.data;
    return statusOf({ ...nothing, link: { phase: 'down', cause, since: at } }, undefined, at);
  }
  // Connected, and no word yet of how it is: what comes next is telling whether the link holds.
  const at = connected?.data.at ?? activation.at;
  const link = { phase: 'up' as const, since: at, frames: 'settling' as const };
  return statusOf({ ...nothing, link }, undefined, at);
}

/** An executor as it was told last. Load, slots and parameters are no facts, so the past does not know them. */
const executorThen = ({ data: { executorId, model, to, words, at } }: Told<'ExecutorChanged'>): Executor =>
  Executor.parse({
    ...{ executorId, model, state: to, since: at, slots: 0, inFlight: 0, queued: 0 },
    ...(words !== undefined && { words }),
  });

/** A node as it was known at some time: what was decided until then, and what was last told about its health. */
export function viewThen(node: FleetNode, told: LastTold): NodeView {
  const view = viewOf(node, undefined, false, undefined, node.activation.at);
  const version = told.connected?.data.version;
  const sinceMs = Date.parse(node.activation.at);
  return {
    ...view,
    executors: told.executors.filter(({ at }) => Date.parse(at) >= sinceMs).map(executorThen),
    ...(node.activated && { status: statusThen(node, told) }),
    ...(version !== undefined && { nodeVersion: version }),
  };
}
