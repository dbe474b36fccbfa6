import type { Bus } from '@muster/bus';
import {
  type Certificate,
  factFamilies,
  type FactMeta,
  fold,
  type NodeEvent,
  Refusal,
  streamOf,
} from '@muster/contracts';
import { type EventStore, handlerFor, type Handled, readFact, ReservationTaken } from '@muster/event-store';
import type { EntityManager } from 'typeorm';
import { lookFor } from './look.js';
import { noteFirstNode } from './milestones.table.js';
import { type Node, type NodeCommand, nodeDecider } from './node.decider.js';
import { nodeRefusals, nodeReservations } from './node.reservations.js';
import { nodeSnapshot } from './node.snapshot.js';

export interface NodeOptions {
  readonly expectedVersion?: number | undefined;
  readonly signal?: AbortSignal;
}
interface Order {
  readonly nodeId: string;
  readonly meta: FactMeta;
}
/** What the person gave: the address of a node, the one it has when absent, and the certificate that was accepted there. */
interface Sought {
  readonly address?: { readonly host: string; readonly port: number } | undefined;
  readonly fingerprint: string;
}

/** Says whether a registration is the first there ever was: then, in its transaction, it may still be called off. */
export type OnRegistered = (first: boolean) => void;

/** Carries orders about nodes to the decision, through a look at the node where the order asks for one. */
export class Nodes {
  readonly #handle;

  constructor(
    private readonly store: EventStore,
    private readonly bus: Bus,
  ) {
    this.#handle = handlerFor(store, factFamilies.node, nodeDecider, {
      reserve: nodeReservations,
      snapshot: nodeSnapshot,
    });
  }

  /** Decides and records. `onRegistered` throwing calls a registration off. */
  async obey(
    command: NodeCommand,
    meta: FactMeta,
    { expectedVersion }: NodeOptions = {},
    onRegistered?: OnRegistered,
  ): Promise<Handled<NodeEvent>> {
    const within = async (tx: EntityManager) => {
      const first = await noteFirstNode(new Date(command.at), tx);
      onRegistered?.(first);
    };
    try {
      return await this.#handle(command.nodeId, command, meta, {
        ...(expectedVersion === undefined ? {} : { expectedVersion }),
        ...(command.type === 'register' ? { within } : {}),
      });
    } catch (error) {
      if (error instanceof ReservationTaken && error.kind in nodeRefusals)
        throw nodeRefusals[error.kind as keyof typeof nodeRefusals]();
      throw error;
    }
  }

  /**
   * Like `obey`, for orders that accept a certificate: unless they say nothing new or are refused anyway, the monitor looks
   * at the address first, and the certificate shown there must be the one that was accepted.
   */
  async obeyAfterLook(
    { nodeId, meta }: Order,
    { address, fingerprint }: Sought,
    commandWith: (certificate: Certificate) => NodeCommand,
    options: NodeOptions = {},
  ): Promise<Handled<NodeEvent>> {
    // Deciding does not look into a certificate beyond its fingerprint, and that is known before the look.
    const blank = { fingerprint, pem: '' };
    const { node, version, done } = await this.#read(nodeId, meta.commandId);
    if (done) return this.obey(commandWith(blank), meta);
    const { expectedVersion, signal } = options;
    if (expectedVersion !== undefined && expectedVersion !== version)
      throw new Refusal('version-conflict', { currentVersion: version });
    const decided = nodeDecider.decide(commandWith(blank), node);
    if (decided.length === 0) return { version, facts: [] };
    if (!decided.some(isAboutTheMachine)) return this.obey(commandWith(blank), meta, { expectedVersion: version });
    const at = address ?? (node.status === 'present' ? node : undefined);
    if (at === undefined) throw new Refusal('node-unknown');
    const what = { host: at.host, port: at.port, nodeId };
    const certificate = await lookFor(fingerprint, this.bus, what, { ...meta, ...(signal ? { signal } : {}) });
    // What was looked at is the node as it was read: if its address changed meanwhile, the look is worth nothing.
    return this.obey(commandWith(certificate), meta, version === 0 ? {} : { expectedVersion: version });
  }

  async #read(nodeId: string, commandId: string): Promise<{ node: Node; version: number; done: boolean }> {
    const { facts: stored, version } = await this.store.read(streamOf(factFamilies.node, nodeId));
    const facts = stored.map((event) => readFact(factFamilies.node, event));
    return { node: fold(nodeDecider, facts), version, done: facts.some(({ meta }) => meta.commandId === commandId) };
  }
}

const isAboutTheMachine = ({ type }: NodeEvent): boolean =>
  type === 'NodeRegistered' || type === 'NodeReaddressed' || type === 'NodeCertificatePinned';
