import type { Bus, Following } from '@muster/bus';
import { factFamilies, Fleet, type FleetNode } from '@muster/contracts';

/** The fleet as its facts tell it, kept up to date. Nobody is asked for it: the facts are on the bus, from the first one on. */
export class KnownFleet {
  readonly #fleet = new Fleet();
  readonly #removed = new Set<string>();
  readonly #handlers = new Set<() => void>();
  #following: Following | undefined;

  /** Present nodes by id. A live view. */
  get nodes(): ReadonlyMap<string, FleetNode> {
    return this.#fleet.nodes;
  }

  /** Whether the node was in the fleet once and is not any more. Ids do not come back. */
  wasRemoved(nodeId: string): boolean {
    return this.#removed.has(nodeId);
  }

  /** Calls after each fact that was folded in. */
  onChange(handler: () => void): void {
    this.#handlers.add(handler);
  }

  /** Resolves when everything that was decided until now is known. */
  async open(bus: Bus): Promise<void> {
    this.#following = await bus.followFacts([factFamilies.node], (fact) => {
      if (!this.#fleet.apply(fact)) return;
      if (fact.type === 'NodeRemoved') this.#removed.add(fact.data.nodeId);
      for (const handler of this.#handlers) handler();
    });
    await this.#following.caughtUp;
  }

  async stop(): Promise<void> {
    await this.#following?.stop();
  }
}
