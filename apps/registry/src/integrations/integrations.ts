import {
  factFamilies,
  type FactMeta,
  type IntegrationEvent,
  type ListedIntegration,
  natsUserOf,
  Refusal,
  type ShownSecret,
  type StreamName,
} from '@muster/contracts';
import { type EventStore, handlerFor, onDatabase } from '@muster/event-store';
import type { Clock } from '@muster/service';
import type { EntityManager } from 'typeorm';
import { JustMade } from '../api-keys/key-text.js';
import { type IntegrationCommand, integrationDecider, type SecretHashes } from './integration.decider.js';
import { fillIntegrations, IntegrationRow, listIntegrations } from './integrations.table.js';
import { hashesOf, newSecret } from './secret-text.js';

type Command<Type extends IntegrationCommand['type']> = Omit<
  Extract<IntegrationCommand, { type: Type }>,
  'type' | 'at'
>;

/** The integrations: made, changed, suspended, resumed and revoked by order, and listed. */
export class Integrations {
  readonly #handle;
  readonly #justMade = new JustMade();

  constructor(
    private readonly store: EventStore,
    private readonly clock: Clock,
  ) {
    this.#handle = handlerFor(store, factFamilies.integration, integrationDecider);
  }

  /**
   * Makes an integration and gives its secret out, this once: the same order again, by the same person, gets it within two minutes
   * from the registry that made it, and is refused with `secret-shown-once` after that. Refuses as the decider and the table do.
   */
  create(command: Omit<Command<'create'>, keyof SecretHashes>, meta: FactMeta): Promise<ShownSecret> {
    return this.#withSecret((hashes, at) => ({ type: 'create', ...command, ...hashes, at }), meta, undefined);
  }

  /** Makes another secret in place of the one there is, and gives it out as `create` does. */
  replaceSecret(
    command: Omit<Command<'replace-secret'>, keyof SecretHashes>,
    meta: FactMeta,
    expectedVersion: number | undefined,
  ): Promise<ShownSecret> {
    return this.#withSecret(
      (hashes, at) => ({ type: 'replace-secret', ...command, ...hashes, at }),
      meta,
      expectedVersion,
    );
  }

  /** Changes, suspends, resumes or revokes one. Refuses with `version-conflict` when it was changed since `expectedVersion`. */
  async order(
    command: Command<'change' | 'suspend' | 'resume' | 'revoke'> & Pick<IntegrationCommand, 'type'>,
    meta: FactMeta,
    expectedVersion: number | undefined,
  ): Promise<{ version: number }> {
    const order = { ...command, at: this.clock.now() } as IntegrationCommand;
    const { version } = await this.#handle(command.integrationId, order, meta, {
      within: withinOf(meta),
      ...(expectedVersion !== undefined && { expectedVersion }),
    });
    return { version };
  }

  /** The name of the consumer by which an integration reads a stream. Refuses when it may not read it, or not at NATS. */
  async consumerOf(integrationId: string, stream: StreamName): Promise<string> {
    const { streams } = await this.#atNats(integrationId);
    if (!streams.includes(stream)) throw new Refusal('stream-not-permitted', { field: 'stream' });
    return natsUserOf(integrationId);
  }

  /** The name of an integration as a user of NATS, and of all its consumers. Refuses when it is not let in there. */
  async natsUserIn(integrationId: string): Promise<string> {
    await this.#atNats(integrationId);
    return natsUserOf(integrationId);
  }

  list(): Promise<ListedIntegration[]> {
    return onDatabase(() => listIntegrations(this.store.database, this.clock.now()));
  }

  async #atNats(integrationId: string): Promise<IntegrationRow> {
    const row = await onDatabase(() => this.store.database.manager.findOneBy(IntegrationRow, { integrationId }));
    if (row === null) throw new Refusal('integration-unknown');
    if (row.revokedAt !== null) throw new Refusal('integration-revoked');
    if (!row.doors.includes('nats')) throw new Refusal('door-closed');
    return row;
  }

  async #withSecret(
    orderWith: (hashes: SecretHashes, at: string) => IntegrationCommand,
    meta: FactMeta,
    expectedVersion: number | undefined,
  ): Promise<ShownSecret> {
    const made = newSecret();
    const hashes = await hashesOf(made);
    const order = orderWith(hashes, this.clock.now());
    const { version, facts } = await this.#handle(order.integrationId, order, meta, {
      within: withinOf(meta),
      ...(expectedVersion !== undefined && { expectedVersion }),
    });
    const natsUser = natsUserOf(order.integrationId);
    const nowMs = this.clock.monotonicMs();
    const [fact] = facts;
    if (fact !== undefined && 'hash' in fact.data && fact.data.hash === hashes.hash) {
      this.#justMade.keep(orderOf(meta), made, nowMs);
      return { secret: made, natsUser, version };
    }
    const before = this.#justMade.get(orderOf(meta), nowMs);
    if (before === undefined) throw new Refusal('secret-shown-once');
    return { secret: before, natsUser, version };
  }
}

/** Ids of orders stand in the history: who reads one there is not yet who gave the order. */
const orderOf = ({ actor, commandId }: FactMeta): string => `${actor.kind} ${actor.id} ${commandId}`;

const withinOf =
  (meta: FactMeta) =>
  (tx: EntityManager, decided: readonly IntegrationEvent[]): Promise<void> =>
    fillIntegrations(decided, meta, tx);
