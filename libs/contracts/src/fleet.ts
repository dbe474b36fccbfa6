import { actorWords, type Fact } from './fact.js';
import type { Certificate, NodeEvent } from './registry/node.events.js';

/** A node as it was decided: the fold of its facts. No service asks another for it. */
export interface FleetNode {
  readonly nodeId: string;
  readonly name: string;
  readonly host: string;
  readonly port: number;
  readonly activated: boolean;
  /** When and by whom it was last activated or deactivated. */
  readonly activation: { readonly at: string; readonly by: string };
  readonly certificate: (Certificate & { readonly pinnedAt: string }) | undefined;
  readonly registeredAt: string;
  readonly version: number;
}

/** A node after one more fact of its stream; undefined before it is registered and after it is removed. */
export function evolveNode(node: FleetNode | undefined, fact: Fact<NodeEvent>): FleetNode | undefined {
  const { version } = fact;
  if (fact.type === 'NodeRegistered') {
    const { nodeId, name, host, port, at } = fact.data;
    const activation = { at, by: actorWords(fact.meta.actor) };
    return {
      nodeId,
      name,
      host,
      port,
      activated: false,
      activation,
      certificate: undefined,
      registeredAt: at,
      version,
    };
  }
  if (node === undefined) return undefined;
  switch (fact.type) {
    case 'NodeRenamed':
      return { ...node, version, name: fact.data.name };
    case 'NodeReaddressed':
      return { ...node, version, host: fact.data.host, port: fact.data.port };
    case 'NodeActivated':
    case 'NodeDeactivated':
      return {
        ...node,
        version,
        activated: fact.type === 'NodeActivated',
        activation: { at: fact.data.at, by: actorWords(fact.meta.actor) },
      };
    case 'NodeCertificatePinned':
      return { ...node, version, certificate: { ...fact.data.certificate, pinnedAt: fact.data.at } };
    case 'NodeRemoved':
      return undefined;
  }
}

/** Every present node, folded from the facts of FLEET in the order of their positions. */
export class Fleet {
  readonly #nodes = new Map<string, FleetNode>();
  #position = 0;

  /** Present nodes by id. A live view: it changes with the next fact. */
  get nodes(): ReadonlyMap<string, FleetNode> {
    return this.#nodes;
  }

  /** The last position folded in; 0 before the first. */
  get position(): number {
    return this.#position;
  }

  /** Folds one fact in. False when it was folded in before, and then nothing changes. */
  apply(fact: Fact<NodeEvent>): boolean {
    if (fact.position <= this.#position) return false;
    this.#position = fact.position;
    const { nodeId } = fact.data;
    const node = evolveNode(this.#nodes.get(nodeId), fact);
    if (node === undefined) this.#nodes.delete(nodeId);
    else this.#nodes.set(nodeId, node);
    return true;
  }
}
