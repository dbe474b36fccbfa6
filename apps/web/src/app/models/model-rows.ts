import type { Executor, Model, NodeView } from '@muster/contracts';
import type { ModelsByNode } from './fleet-models.js';

/** One node that has a model, and what it does with it. */
export interface ModelPlace {
  readonly node: NodeView;
  readonly model: Model;
  readonly executor: Executor | undefined;
}

/** One model of the fleet: the same name, kind and quantisation on however many nodes. */
export interface ModelRow {
  readonly key: string;
  readonly name: string;
  readonly kind: Model['kind'];
  readonly quantisation: string | undefined;
  readonly sizeBytes: number | undefined;
  readonly contextLength: number | undefined;
  readonly places: readonly ModelPlace[];
}

/** Files that can not be used, with the reason. */
export interface BrokenModel {
  readonly node: NodeView;
  readonly model: Model;
}

const largest = (numbers: readonly (number | undefined)[]): number | undefined => {
  const known = numbers.flatMap((number) => number ?? []);
  return known.length === 0 ? undefined : Math.max(...known);
};

/** The models of all nodes, by name. Models of nodes that were removed are left out. */
export function modelRows(
  models: ModelsByNode,
  nodes: ReadonlyMap<string, NodeView>,
): { rows: ModelRow[]; broken: BrokenModel[] } {
  const byKey = new Map<string, ModelPlace[]>();
  const broken: BrokenModel[] = [];
  for (const { nodeId, models: ofNode } of models.values()) {
    const node = nodes.get(nodeId);
    if (node === undefined) continue;
    for (const model of ofNode) {
      if (model.problem !== undefined) {
        broken.push({ node, model });
        continue;
      }
      const key = `${model.name}\n${model.kind}\n${model.quantisation ?? ''}`;
      const executor = node.executors.find(({ modelId }) => modelId === model.modelId);
      byKey.set(key, [...(byKey.get(key) ?? []), { node, model, executor }]);
    }
  }
  const rows = [...byKey].map(([key, places]): ModelRow => {
    const [first] = places;
    return {
      key,
      name: first?.model.name ?? '',
      kind: first?.model.kind ?? 'chat',
      quantisation: first?.model.quantisation,
      sizeBytes: largest(places.map(({ model }) => model.sizeBytes)),
      contextLength: largest(places.map(({ model }) => model.contextLength)),
      places: places.sort((one, other) => one.node.name.localeCompare(other.node.name, undefined, { numeric: true })),
    };
  });
  const byName = (one: string, other: string) => one.localeCompare(other, undefined, { numeric: true });
  return {
    rows: rows.sort((one, other) => byName(one.name, other.name)),
    broken: broken.sort((one, other) => byName(one.model.name, other.model.name)),
  };
}

export const isOnline = ({ executor }: ModelPlace): boolean => executor?.state === 'online';
/** Linked, ours to start, and not wanted there yet. */
export const canStart = ({ node, model, executor }: ModelPlace): boolean =>
  node.link?.phase === 'up' &&
  model.source === 'file' &&
  (executor === undefined || (executor.managed && (executor.state === 'offline' || executor.state === 'failed')));
export const canStop = ({ node, executor }: ModelPlace): boolean =>
  node.link?.phase === 'up' &&
  executor?.managed === true &&
  (executor.state === 'online' || executor.state === 'starting' || executor.state === 'failed');

/** Whether what was typed is found in a model or where it is. */
export const matches = (row: ModelRow, text: string): boolean => {
  const wanted = text.trim().toLowerCase();
  const all = [row.name, row.kind, row.quantisation ?? '', ...row.places.map(({ node }) => node.name)];
  return all.some((each) => each.toLowerCase().includes(wanted));
};
