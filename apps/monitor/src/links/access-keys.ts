import { type Bus, type Change, unseal, type Watching } from '@muster/bus';
import { SettingsState } from '@muster/contracts';

/** After a change a node may still have the former key: for so long it is tried when the new one is refused. */
const ROTATION_MS = 60 * 60_000;

export interface AccessKeysOptions {
  readonly secret: string;
  readonly monotonicMs: () => number;
  readonly onProblem: (error: unknown) => void;
}

/** The access key in force, from the bucket of settings, where it lies sealed. In clear it is in this process's memory alone. */
export class AccessKeys {
  #current: { keyId: string; key: string } | undefined;
  #former: { key: string; untilMs: number } | undefined;
  #broken = false;
  #watching: Watching | undefined;
  readonly #handlers = new Set<() => void>();

  constructor(private readonly options: AccessKeysOptions) {}

  /** The keys to try, in this order. Empty until the settings are known. */
  keys(): readonly string[] {
    const former = this.#former && this.options.monotonicMs() < this.#former.untilMs ? [this.#former.key] : [];
    return this.#current === undefined ? [] : [this.#current.key, ...former];
  }

  /** The key was sealed with another secret than this process has: no link can be made. */
  get broken(): boolean {
    return this.#broken;
  }

  /** Calls when the key has become known or another one. */
  onChange(handler: () => void): void {
    this.#handlers.add(handler);
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

  /** A bucket that was lost says nothing about the key: it stays until another one is told. */
  #take(change: Change<SettingsState>): void {
    if (change.change === 'deleted' || change.key !== 'gateway') return;
    const { keyId, sealed } = change.value.accessKey;
    if (this.#current?.keyId === keyId) return;
    try {
      const key = unseal(this.options.secret, sealed);
      if (this.#current !== undefined)
        this.#former = { key: this.#current.key, untilMs: this.options.monotonicMs() + ROTATION_MS };
      this.#current = { keyId, key };
      this.#broken = false;
    } catch (error) {
      this.#broken = true;
      this.options.onProblem(error);
      return;
    }
    for (const handler of this.#handlers) handler();
  }
}
