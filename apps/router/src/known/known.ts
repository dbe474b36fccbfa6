import { type Bus, type Stoppable, unseal } from '@muster/bus';
import { ApiKeys, factFamilies, Fleet, type FleetNode, NodeState, SettingsState } from '@muster/contracts';
import * as z from 'zod/mini';
import type { Place } from '../slots/place.js';
import { isAwaited, placesOf, stateAfter } from './places.js';

/** What of the settings concerns requests: whether they are taken without a key, and from pages of which origins. */
const RequestSettings = z.pick(SettingsState, { inferenceOpen: true, allowedOrigins: true });
export type RequestSettings = z.infer<typeof RequestSettings>;

export interface KnownOptions {
  readonly secret: string;
  readonly onProblem: (words: string, error: unknown) => void;
}

interface Ticket {
  readonly sealed: string;
  readonly authorization: string;
}

/**
 * What the router knows of the world: nodes, their executors and tickets, keys, settings. All of it from the bus, kept in
 * memory, and true until something else is told: while the bus, the database, the monitor or the registry is away it goes on
 * with what it last knew.
 */
export class Known {
  readonly keys = new ApiKeys();
  settings: RequestSettings = { inferenceOpen: false, allowedOrigins: [] };
  readonly #fleet = new Fleet();
  readonly #states = new Map<string, NodeState>();
  readonly #tickets = new Map<string, Ticket>();
  readonly #opened: Stoppable[] = [];
  readonly #handlers = new Set<() => void>();
  #isComplete = false;

  constructor(private readonly options: KnownOptions) {}

  /** Whether everything that was there at the start has been read. */
  get isComplete(): boolean {
    return this.#isComplete;
  }

  get nodes(): ReadonlyMap<string, FleetNode> {
    return this.#fleet.nodes;
  }

  /** Calls after each change of nodes or executors. */
  onChange(handler: () => void): void {
    this.#handlers.add(handler);
  }

  /** What inference calls to this node carry; undefined while the node has told none, or none that can be opened. */
  authorization(nodeId: string): string | undefined {
    return this.#tickets.get(nodeId)?.authorization;
  }

  places(): Place[] {
    return [...this.#fleet.nodes.values()].flatMap((node) => placesOf(node, this.#states.get(node.nodeId)));
  }

  /** Whether every node that may serve has told what it has: only then a model that nobody has is one that there is not. */
  get hasAllModels(): boolean {
    return [...this.#fleet.nodes.values()].every((node) => !isAwaited(node, this.#states.get(node.nodeId)));
  }

  /** Begins to read. Resolves when all that is there has been read. */
  async open(bus: Bus): Promise<void> {
    const nodes = await bus.followFacts([factFamilies.node], (fact) => {
      if (!this.#fleet.apply(fact)) return;
      if (fact.type === 'NodeRemoved') this.#forget(fact.data.nodeId);
      this.#changed();
    });
    const access = await bus.followFacts([factFamilies.account, factFamilies.key], (fact) => {
      this.keys.apply(fact);
    });
    const states = bus.bucket('NODES', NodeState).watch((change) => {
      // A state that is gone says nothing: the node is removed by a fact, and a bucket that was lost is filled again.
      if (change.change === 'deleted') return;
      const before = this.#states.get(change.key);
      if (before !== undefined && change.value.token < before.token) return;
      this.#states.set(change.key, stateAfter(before, change.value));
      this.#openTicket(change.value);
      this.#changed();
    });
    const settings = bus.bucket('SETTINGS', RequestSettings).watch((change) => {
      if (change.change === 'put' && change.key === 'gateway') this.settings = change.value;
    });
    this.#opened.push(nodes, access, states, settings);
    await Promise.all([nodes.caughtUp, access.caughtUp, states.ready, settings.ready]);
    this.#isComplete = true;
    this.#changed();
  }

  async stop(): Promise<void> {
    await Promise.all(this.#opened.map((each) => each.stop()));
  }

  #openTicket({ nodeId, ticket }: NodeState): void {
    if (ticket === undefined) return;
    const sealed = JSON.stringify(ticket);
    if (this.#tickets.get(nodeId)?.sealed === sealed) return;
    try {
      this.#tickets.set(nodeId, { sealed, authorization: `Bearer ${unseal(this.options.secret, ticket)}` });
    } catch (error) {
      this.options.onProblem(`The ticket of node ${nodeId} can not be opened: requests to it fail`, error);
    }
  }

  #forget(nodeId: string): void {
    this.#states.delete(nodeId);
    this.#tickets.delete(nodeId);
  }

  #changed(): void {
    if (this.#isComplete) for (const handler of this.#handlers) handler();
  }
}
