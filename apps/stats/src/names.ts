import type { Bus, Stoppable } from '@muster/bus';
import { factFamilies, type Grouping, type RequestView, type TallyOf } from '@muster/contracts';

/** What people call nodes and keys, removed and revoked ones too: the newest name in their facts. As many as there ever were. */
export class Names {
  readonly #nodes = new Map<string, string>();
  readonly #keys = new Map<string, string>();
  #following: Stoppable | undefined;

  /** Follows the facts until stopped. Works on with what it last knew while the bus is away. */
  async start(bus: Pick<Bus, 'followFacts'>): Promise<void> {
    this.#following = await bus.followFacts([factFamilies.node, factFamilies.key], (fact) => {
      switch (fact.type) {
        case 'NodeRegistered':
        case 'NodeRenamed':
          this.#nodes.set(fact.data.nodeId, fact.data.name);
          break;
        case 'ApiKeyCreated':
          this.#keys.set(fact.data.keyId, fact.data.name);
          break;
        case 'ApiKeyChanged':
          if (fact.data.name !== undefined) this.#keys.set(fact.data.keyId, fact.data.name.to);
      }
    });
  }

  async stop(): Promise<void> {
    await this.#following?.stop();
  }

  named(request: RequestView): RequestView {
    const nodeName = this.#nodes.get(request.nodeId ?? '');
    const keyName = this.#keys.get(request.keyId ?? '');
    return { ...request, ...(nodeName !== undefined && { nodeName }), ...(keyName !== undefined && { keyName }) };
  }

  of(by: Grouping, id: string): TallyOf {
    const name = by === 'node' ? this.#nodes.get(id) : by === 'key' ? this.#keys.get(id) : undefined;
    return { id, ...(name !== undefined && { name }) };
  }
}
