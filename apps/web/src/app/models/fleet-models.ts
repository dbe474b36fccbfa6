import { computed, inject, Service } from '@angular/core';
import { ModelsChange, ModelsSnapshot, type ModelsView, type Numbered } from '@muster/contracts';
import { Connection, type Room } from '../live/connection.js';
import { lastOf } from '../live/remote.js';
import { Session } from '../session/session.js';

/** The models of each node, by the node's id. */
export type ModelsByNode = ReadonlyMap<string, ModelsView>;

/** Folds one change in. */
export function reduceModels(models: ModelsByNode, { changed, removed }: ModelsChange): ModelsByNode {
  const next = new Map(models);
  for (const view of changed) next.set(view.nodeId, view);
  for (const nodeId of removed) next.delete(nodeId);
  return next;
}

const modelsRoom: Room<ModelsByNode, Numbered & ModelsChange> = {
  kind: 'models',
  changes: 'models:change',
  onlyWhileVisible: true,
  join: (socket, timeoutMs) => socket.timeout(timeoutMs).emitWithAck('models:join'),
  leave: (socket) => socket.emit('models:leave'),
  snapshotOf(joined) {
    const parsed = ModelsSnapshot.safeParse(joined);
    return parsed.success ? new Map(parsed.data.nodes.map((view) => [view.nodeId, view])) : undefined;
  },
  changeOf(message) {
    const parsed = ModelsChange.safeParse(message);
    return parsed.success ? { ...(message as Numbered), ...parsed.data } : undefined;
  },
  reduce: reduceModels,
};

/** Every model of every node, live, as last known of nodes that are away. Provided by the page that shows it. */
@Service({ autoProvided: false })
export class FleetModels {
  readonly #session = inject(Session);

  readonly view = inject(Connection).follow(computed(() => (this.#session.may('fleet:view') ? modelsRoom : undefined)));
  /** The newest that is known, however old. */
  readonly last = computed(() => lastOf(this.view()));
}
