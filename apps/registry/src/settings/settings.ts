import { seal, SealBroken, unseal } from '@muster/bus';
import {
  factFamilies,
  type FactMeta,
  type ReadSettings,
  type ReplyOf,
  type SettingsEvent,
  type SettingsState,
  type SettingsValues,
  streamOf,
} from '@muster/contracts';
import { type EventStore, type Handled, handlerFor, onDatabase, readFact } from '@muster/event-store';
import { type Clock, ConfigProblem, type Ids } from '@muster/service';
import type { EntityManager } from 'typeorm';
import { GATEWAY } from '../gateway.js';
import { accessKeyId, newAccessKey } from './access-key.js';
import { SecretRow } from './secrets.table.js';
import { type Settings as Decided, settingsDecider } from './settings.decider.js';

/** There is one Gateway: one stream, and one value in the bucket. */
export const GATEWAY_ID = 'gateway';
const ACCESS_KEY = 'access-key';
const FORMER_KEY = 'former-access-key';

export interface SettingsOptions {
  readonly store: EventStore;
  readonly secret: string;
  readonly clock: Clock;
  readonly ids: Ids;
  /** What holds where nobody ever set anything. */
  readonly unset: SettingsValues;
  /** A random one unless given. */
  readonly firstAccessKey?: string | undefined;
}

/** The access keys, sealed at rest, and everything else that is set for the Gateway as a whole. */
export class Settings {
  readonly #handle;
  /** The stream as it was read last: only what came after it is read again. */
  #decided: { readonly state: Decided; readonly at: number } = { state: settingsDecider.initial, at: 0 };

  constructor(private readonly options: SettingsOptions) {
    this.#handle = handlerFor(options.store, factFamilies.settings, settingsDecider);
  }

  /** Puts the first access key in force if there never was one. Throws ConfigProblem when MUSTER_SECRET does not open the one there is. */
  async start(): Promise<void> {
    const { ids, secret, firstAccessKey = newAccessKey() } = this.options;
    const meta = { actor: GATEWAY, commandId: ids.uuid(), correlationId: ids.uuid() };
    await this.#put('make-first-access-key', firstAccessKey, meta);
    const { accessKey } = await this.state();
    try {
      unseal(secret, accessKey.sealed);
    } catch (error) {
      if (error instanceof SealBroken) throw new ConfigProblem(WRONG_SECRET);
      throw error;
    }
  }

  /** The key in clear. That it was shown is a fact by then. */
  async show(meta: FactMeta): Promise<{ accessKey: string; keyId: string }> {
    const { secret } = this.options;
    const command = { type: 'show-access-key', at: this.options.clock.now() } as const;
    const rows: SecretRow[] = [];
    await this.#handle(GATEWAY_ID, command, meta, {
      // In the transaction of the fact, so that no change comes between: the fact names the key that is shown.
      within: async (tx) => void rows.push(keyIn(await readRows(tx))),
    });
    // A retry adds no fact; what was shown then may not be in force any more, and only what is in force is kept.
    const { sealed, keyId } = rows[0] ?? keyIn(await this.#rows());
    return { accessKey: unseal(secret, sealed), keyId };
  }

  /** Puts a key in force, a new random one unless given, and begins a rotation to it. The same key again changes nothing. */
  async changeKey(
    accessKey: string | undefined,
    meta: FactMeta,
    expectedVersion?: number,
  ): Promise<{ keyId: string; version: number }> {
    const wanted = accessKey ?? newAccessKey();
    const { facts } = await this.#put('change-access-key', wanted, meta, expectedVersion);
    const [fact] = facts;
    const keyId = fact?.type === 'AccessKeyChanged' ? fact.data.keyId : accessKeyId(wanted);
    return { keyId, version: await this.#versionAfter(facts, expectedVersion) };
  }

  /** Gives the former key up. `left` are the nodes that were not seen to have the new one; `keyId` is the one they should have. */
  async endRotation(
    left: readonly string[],
    meta: FactMeta,
    { expectedVersion, keyId }: { expectedVersion?: number | undefined; keyId?: string } = {},
  ): Promise<{ version: number }> {
    const about = { left, expectedVersion, ...(keyId === undefined ? {} : { keyId }) };
    const command = { type: 'end-key-rotation', ...about, at: this.options.clock.now() } as const;
    const { facts } = await this.#handle(GATEWAY_ID, command, meta, {
      within: async (tx) => void (await tx.delete(SecretRow, { name: FORMER_KEY })),
    });
    return { version: await this.#versionAfter(facts, expectedVersion) };
  }

  /** Changes what is given and leaves the rest. */
  async change(
    values: Partial<SettingsValues>,
    meta: FactMeta,
    expectedVersion?: number,
  ): Promise<{ version: number }> {
    const { clock, unset } = this.options;
    const command = { type: 'change-settings', values, unset, expectedVersion, at: clock.now() } as const;
    const { facts } = await this.#handle(GATEWAY_ID, command, meta);
    return { version: await this.#versionAfter(facts, expectedVersion) };
  }

  /** Every setting in force, the keys by their ids alone. */
  async read(): Promise<ReplyOf<typeof ReadSettings>> {
    const { accessKey, rotation, set, version } = await this.#read();
    if (accessKey === undefined) throw new Error('There is no access key yet');
    return { ...this.options.unset, ...set, accessKey, ...(rotation && { rotation }), version };
  }

  /** Everything in force as it may be stored and sent. There is an access key once the registry has started. */
  async state(): Promise<SettingsState> {
    const { set, version } = await this.#read();
    // Both keys from one look at the table: a key without its former one would cut off the nodes that have only that.
    const rows = await this.#rows();
    const { keyId, sealed } = keyIn(rows);
    const former = rows.find(({ name }) => name === FORMER_KEY);
    return {
      ...this.options.unset,
      ...set,
      accessKey: { keyId, sealed },
      ...(former && { previousAccessKey: { keyId: former.keyId, sealed: former.sealed } }),
      version,
    };
  }

  async #read(): Promise<Decided> {
    const { state: known, at } = this.#decided;
    const { facts, version } = await this.options.store.read(streamOf(factFamilies.settings, GATEWAY_ID), {
      after: at,
    });
    const state = facts
      .map((event) => readFact(factFamilies.settings, event))
      .reduce<Decided>((folded, fact) => settingsDecider.evolve(folded, fact), known);
    // Of two reads at the same time the one that saw more is kept.
    if (version > this.#decided.at) this.#decided = { state, at: version };
    return state;
  }

  #rows(): Promise<SecretRow[]> {
    return onDatabase(() => readRows(this.options.store.database.manager));
  }

  /** Of a change on a version that was named, exactly the one after it; so somebody else's change in between is not taken for seen. */
  async #versionAfter(facts: readonly SettingsEvent[], expectedVersion: number | undefined): Promise<number> {
    return expectedVersion === undefined ? (await this.#read()).version : expectedVersion + facts.length;
  }

  #put(
    type: 'make-first-access-key' | 'change-access-key',
    accessKey: string,
    meta: FactMeta,
    expectedVersion?: number,
  ): Promise<Handled<SettingsEvent>> {
    const { secret, clock } = this.options;
    const keyId = accessKeyId(accessKey);
    const row = { name: ACCESS_KEY, keyId, sealed: seal(secret, accessKey) };
    const command = { type, keyId, expectedVersion, at: clock.now() };
    return this.#handle(GATEWAY_ID, command, meta, {
      within: async (tx) => {
        const before = (await readRows(tx)).find(({ name }) => name === ACCESS_KEY);
        if (before !== undefined) await tx.upsert(SecretRow, { ...before, name: FORMER_KEY }, ['name']);
        await tx.upsert(SecretRow, row, ['name']);
      },
    });
  }
}

const readRows = (manager: EntityManager): Promise<SecretRow[]> =>
  manager.findBy(SecretRow, [{ name: ACCESS_KEY }, { name: FORMER_KEY }]);

function keyIn(rows: readonly SecretRow[]): SecretRow {
  const row = rows.find(({ name }) => name === ACCESS_KEY);
  if (row === undefined) throw new Error('The access key is missing from the table of secrets');
  return row;
}

const WRONG_SECRET =
  'MUSTER_SECRET: does not open the access key that is stored. Start with the secret that it was sealed with.';
