import { seal, SealBroken, unseal } from '@muster/bus';
import { factFamilies, type FactMeta, fold, type Sealed, type SettingsEvent, streamOf } from '@muster/contracts';
import { type EventStore, type Handled, handlerFor, onDatabase, readFact } from '@muster/event-store';
import { type Clock, ConfigProblem, type Ids } from '@muster/service';
import type { EntityManager } from 'typeorm';
import { GATEWAY } from '../gateway.js';
import { accessKeyId, newAccessKey } from './access-key.js';
import { SecretRow } from './secrets.table.js';
import { settingsDecider } from './settings.decider.js';

/** There is one Gateway: one stream, and one value in the bucket. */
export const GATEWAY_ID = 'gateway';
const ACCESS_KEY = 'access-key';

export interface SealedAccessKey {
  readonly keyId: string;
  readonly sealed: Sealed;
}

/** The access key: made at the first start, sealed at rest, shown and changed by order. */
export class Settings {
  readonly #handle;

  constructor(
    private readonly store: EventStore,
    private readonly secret: string,
    private readonly clock: Clock,
    private readonly ids: Ids,
    private readonly firstAccessKey: string = newAccessKey(),
  ) {
    this.#handle = handlerFor(store, factFamilies.settings, settingsDecider);
  }

  /** Puts the first access key in force if there never was one. Throws ConfigProblem when MUSTER_SECRET does not open the one there is. */
  async start(): Promise<void> {
    const meta = { actor: GATEWAY, commandId: this.ids.uuid(), correlationId: this.ids.uuid() };
    await this.#put('make-first-access-key', this.firstAccessKey, meta);
    const { sealed } = await this.sealedKey();
    try {
      unseal(this.secret, sealed);
    } catch (error) {
      if (error instanceof SealBroken) throw new ConfigProblem(WRONG_SECRET);
      throw error;
    }
  }

  /** The key in clear. That it was shown is a fact by then. */
  async show(meta: FactMeta): Promise<{ accessKey: string; keyId: string }> {
    const command = { type: 'show-access-key', at: this.clock.now() } as const;
    const rows: SecretRow[] = [];
    await this.#handle(GATEWAY_ID, command, meta, {
      // In the transaction of the fact, so that no change comes between: the fact names the key that is shown.
      within: async (tx) => void rows.push(await readRow(tx)),
    });
    // A retry adds no fact; what was shown then may not be in force any more, and only what is in force is kept.
    const { sealed, keyId } = rows[0] ?? (await onDatabase(() => readRow(this.store.database.manager)));
    return { accessKey: unseal(this.secret, sealed), keyId };
  }

  /** Puts a key in force, a new random one unless given. The same key again changes nothing. */
  async change(accessKey: string | undefined, meta: FactMeta): Promise<{ keyId: string; version: number }> {
    const wanted = accessKey ?? newAccessKey();
    const { version, facts } = await this.#put('change-access-key', wanted, meta);
    return { keyId: facts[0]?.data.keyId ?? accessKeyId(wanted), version };
  }

  /** Which key is in force and since when; never the key. */
  async read(): Promise<{ accessKey: { keyId: string; changedAt: string }; version: number }> {
    const { facts: stored, version } = await this.store.read(streamOf(factFamilies.settings, GATEWAY_ID));
    const { accessKey } = fold(
      settingsDecider,
      stored.map((event) => readFact(factFamilies.settings, event)),
    );
    if (accessKey === undefined) throw new Error('There is no access key yet');
    return { accessKey, version };
  }

  /** The key in force as it may be stored and sent. There is one once the registry has started. */
  async sealedKey(): Promise<SealedAccessKey> {
    const { keyId, sealed } = await onDatabase(() => readRow(this.store.database.manager));
    return { keyId, sealed };
  }

  #put(
    type: 'make-first-access-key' | 'change-access-key',
    accessKey: string,
    meta: FactMeta,
  ): Promise<Handled<SettingsEvent>> {
    const keyId = accessKeyId(accessKey);
    const row = { name: ACCESS_KEY, keyId, sealed: seal(this.secret, accessKey) };
    return this.#handle(GATEWAY_ID, { type, keyId, at: this.clock.now() }, meta, {
      within: async (tx) => void (await tx.upsert(SecretRow, row, ['name'])),
    });
  }
}

async function readRow(manager: EntityManager): Promise<SecretRow> {
  const row = await manager.findOneBy(SecretRow, { name: ACCESS_KEY });
  if (row === null) throw new Error('The access key is missing from the table of secrets');
  return row;
}

const WRONG_SECRET =
  'MUSTER_SECRET: does not open the access key that is stored. Start with the secret that it was sealed with.';
