import { isDeepStrictEqual } from 'node:util';
import { type Bus, type Change, unseal, type Watching } from '@muster/bus';
import { type DialSettings, type RetentionSettings, SettingsState, shippedSettings } from '@muster/contracts';

export interface LinkKey {
  readonly keyId: string;
  readonly key: string;
}

export interface KnownSettingsOptions {
  readonly secret: string;
  /** What may be dialled for as long as nobody has told. */
  readonly dial: DialSettings;
  readonly onProblem: (error: unknown) => void;
}

/**
 * The settings that the monitor goes by, from the bucket, each change at once. The access keys lie sealed there; in clear they
 * are in this process's memory alone.
 */
export class KnownSettings {
  #keys: readonly LinkKey[] = [];
  #dial: DialSettings;
  #retention = shippedSettings.retention;
  #broken = false;
  #watching: Watching | undefined;
  readonly #onKeys = new Set<() => void>();
  readonly #onDial = new Set<() => void>();

  constructor(private readonly options: KnownSettingsOptions) {
    this.#dial = options.dial;
  }

  /** The keys to try: the one in force first, then, while a rotation is on, the former one. Empty until they are known. */
  keys(): readonly LinkKey[] {
    return this.#keys;
  }

  /** What may be dialled, as far as it is a setting. */
  get dial(): DialSettings {
    return this.#dial;
  }

  /** How long samples and lines are kept. */
  get retention(): RetentionSettings {
    return this.#retention;
  }

  /** The key was sealed with another secret than this process has: no link can be made. */
  get broken(): boolean {
    return this.#broken;
  }

  /** Calls when the keys have become known or others. */
  onKeys(handler: () => void): void {
    this.#onKeys.add(handler);
  }

  /** Calls when other things may be dialled than before. */
  onDial(handler: () => void): void {
    this.#onDial.add(handler);
  }

  /** Resolves when the settings that are there have been read. */
  async open(bus: Bus): Promise<void> {
    this.#watching = bus.bucket('SETTINGS', SettingsState).watch((change) => {
      this.#take(change);
    });
    await this.#watching.ready;
  }

  async stop(): Promise<void> {
    await this.#watching?.stop();
  }

  /** A bucket that was lost says nothing about the settings: they stay until others are told. */
  #take(change: Change<SettingsState>): void {
    if (change.change === 'deleted' || change.key !== 'gateway') return;
    const { accessKey, previousAccessKey, dial, retention } = change.value;
    this.#retention = retention;
    if (!isDeepStrictEqual(dial, this.#dial)) {
      this.#dial = dial;
      for (const handler of this.#onDial) handler();
    }
    const told = [accessKey, ...(previousAccessKey ? [previousAccessKey] : [])];
    if (told.map(({ keyId }) => keyId).join() === this.#keys.map(({ keyId }) => keyId).join()) return;
    try {
      this.#keys = told.map(({ keyId, sealed }) => ({ keyId, key: unseal(this.options.secret, sealed) }));
      this.#broken = false;
    } catch (error) {
      this.#broken = true;
      this.options.onProblem(error);
      return;
    }
    for (const handler of this.#onKeys) handler();
  }
}
