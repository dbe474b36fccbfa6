import {
  type ApiKeyEvent,
  factFamilies,
  type FactMeta,
  type ListedApiKey,
  prefixOfKey,
  Refusal,
} from '@muster/contracts';
import { type EventStore, handlerFor, onDatabase } from '@muster/event-store';
import type { Clock, Ids } from '@muster/service';
import { type ApiKeyCommand, apiKeyDecider } from './api-key.decider.js';
import { ApiKeyRow, fillApiKeys, listApiKeys, noteUse } from './api-keys.table.js';
import { hashOfKey, JustMade, newApiKey } from './key-text.js';

type Command<Type extends ApiKeyCommand['type']> = Omit<Extract<ApiKeyCommand, { type: Type }>, 'type' | 'at'>;

/** The API keys: made, changed and revoked by order, listed, and revoked with their owner. */
export class ApiKeys {
  readonly #handle;
  readonly #justMade = new JustMade();

  constructor(
    private readonly store: EventStore,
    private readonly clock: Clock,
    private readonly ids: Ids,
  ) {
    this.#handle = handlerFor(store, factFamilies.key, apiKeyDecider);
  }

  /**
   * Makes a key and gives it out, this once: the same order again, by the same person, gets it within two minutes from the registry
   * that made it, and is refused with `key-shown-once` after that. Refuses as the decider and the table do.
   */
  async create(
    command: Omit<Command<'create'>, 'prefix' | 'hash'>,
    meta: FactMeta,
  ): Promise<{ key: string; version: number }> {
    const { keyId } = command;
    const key = newApiKey();
    const hash = hashOfKey(key);
    const order = { type: 'create', ...command, prefix: prefixOfKey(key), hash, at: this.clock.now() } as const;
    const { version, facts } = await this.#handle(keyId, order, meta, { within });
    const nowMs = this.clock.monotonicMs();
    const [made] = facts;
    if (made?.type === 'ApiKeyCreated' && made.data.hash === hash) {
      this.#justMade.keep(orderOf(meta), key, nowMs);
      return { key, version };
    }
    const before = this.#justMade.get(orderOf(meta), nowMs);
    if (before === undefined) throw new Refusal('key-shown-once');
    return { key: before, version };
  }

  /** Changes name, models, expiry or limits. Refuses with `version-conflict` when it was changed since `expectedVersion`. */
  async change(
    command: Command<'change'>,
    meta: FactMeta,
    expectedVersion: number | undefined,
  ): Promise<{ version: number }> {
    const order = { type: 'change', ...command, at: this.clock.now() } as const;
    const { version } = await this.#handle(command.keyId, order, meta, {
      within,
      ...(expectedVersion !== undefined && { expectedVersion }),
    });
    return { version };
  }

  /** Revokes a key for good. One that is revoked stays so. */
  async revoke(
    command: Command<'revoke'>,
    meta: FactMeta,
    expectedVersion: number | undefined,
  ): Promise<{ version: number }> {
    const order = { type: 'revoke', ...command, at: this.clock.now() } as const;
    const { version } = await this.#handle(command.keyId, order, meta, {
      within,
      ...(expectedVersion !== undefined && { expectedVersion }),
    });
    return { version };
  }

  /** Revokes every key of an account that was deleted. They are refused since then: this says so for good. */
  async revokeAllOf(ownerId: string, cause: { id: string; meta: FactMeta }): Promise<void> {
    const rows = await onDatabase(() => this.store.database.manager.findBy(ApiKeyRow, { ownerId }));
    const { actor, correlationId } = cause.meta;
    for (const { keyId, revokedAt } of rows) {
      if (revokedAt !== null) continue;
      const meta = { actor, correlationId, causationId: cause.id, commandId: this.ids.uuid() };
      await this.revoke({ keyId, because: 'owner-deleted' }, meta, undefined);
    }
  }

  list(): Promise<ListedApiKey[]> {
    return onDatabase(() => listApiKeys(this.store.database, this.clock.now()));
  }

  /** Notes that a key was used. */
  async used(keyId: string, at: string): Promise<void> {
    await onDatabase(() => noteUse(keyId, at, this.clock.now(), this.store.database));
  }
}

/** Ids of orders stand in the history: who reads one there is not yet who gave the order. */
const orderOf = ({ actor, commandId }: FactMeta): string => `${actor.kind} ${actor.id} ${commandId}`;

const within = (tx: Parameters<typeof fillApiKeys>[1], decided: readonly ApiKeyEvent[]): Promise<void> =>
  fillApiKeys(decided, tx);
