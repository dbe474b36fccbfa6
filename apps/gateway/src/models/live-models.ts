import type { ModelsChange, ModelsSnapshot, ModelsView, NodeModels } from '@muster/contracts';

/**
 * The models of every node, from what the monitors wrote down. Pure. What pages see moves only with `tick`, so that a
 * snapshot and the changes after it fit together. A node that was removed is told as removed.
 */
export class LiveModels {
  readonly #known = new Map<string, NodeModels>();
  #shown = new Map<string, NodeModels>();

  /** False when it comes from a monitor that has lost the node, and is dropped. */
  put(models: NodeModels): boolean {
    if (models.token < (this.#known.get(models.nodeId)?.token ?? 0)) return false;
    this.#known.set(models.nodeId, models);
    return true;
  }

  delete(nodeId: string): void {
    this.#known.delete(nodeId);
  }

  view(nodeId: string): ModelsView {
    const { models, more } = this.#known.get(nodeId) ?? { models: [], more: 0 };
    return { nodeId, models, more };
  }

  views(isNode: (nodeId: string) => boolean): ModelsView[] {
    return [...this.#known.keys()].filter(isNode).map((nodeId) => this.view(nodeId));
  }

  snapshot(): ModelsSnapshot {
    return { nodes: [...this.#shown.values()].map(viewOf) };
  }

  /** Takes up what has changed since the tick before. Undefined when nothing did. */
  tick(isNode: (nodeId: string) => boolean): ModelsChange | undefined {
    const now = new Map([...this.#known].filter(([nodeId]) => isNode(nodeId)));
    const changed = [...now.values()].filter((each) => this.#shown.get(each.nodeId) !== each).map(viewOf);
    const removed = [...this.#shown.keys()].filter((nodeId) => !now.has(nodeId));
    this.#shown = now;
    return changed.length + removed.length === 0 ? undefined : { changed, removed };
  }
}

const viewOf = ({ nodeId, models, more }: NodeModels): ModelsView => ({ nodeId, models, more });
