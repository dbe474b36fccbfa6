import type { Bus, Stoppable } from '@muster/bus';
import { NodeState } from '@muster/contracts';
import type { WorkingNode } from './figures/figures.js';

/** The nodes as far as their work is concerned, from what their monitors say of them at this moment. */
export class WorkingNodes {
  readonly #nodes = new Map<string, WorkingNode>();
  /** The highest token seen of each node: a lower one comes from a monitor that has lost the node. */
  readonly #tokens = new Map<string, number>();
  #watching: Stoppable | undefined;

  start(bus: Pick<Bus, 'bucket'>): void {
    this.#watching = bus.bucket('NODES', NodeState).watch((change) => {
      if (change.change === 'deleted') {
        this.#nodes.delete(change.key);
        this.#tokens.delete(change.key);
        return;
      }
      const { nodeId, token, link, executors } = change.value;
      if (token < (this.#tokens.get(nodeId) ?? 0)) return;
      this.#tokens.set(nodeId, token);
      const online = executors.filter(({ state }) => state === 'online');
      const slots = online.reduce((sum, executor) => sum + executor.slots, 0);
      this.#nodes.set(nodeId, { nodeId, connected: link.phase === 'up', slots });
    });
  }

  async stop(): Promise<void> {
    await this.#watching?.stop();
  }

  get all(): WorkingNode[] {
    return [...this.#nodes.values()];
  }
}
