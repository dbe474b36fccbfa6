import { type Bus, type Keeper, sleep } from '@muster/bus';
import { SettingsState } from '@muster/contracts';
import type * as z from 'zod/mini';
import { GATEWAY_ID, type Settings } from './settings.js';

/** How often the bucket is compared with the database, for what another registry has changed meanwhile. */
const COMPARE_EVERY_MS = 5_000;

/**
 * Keeps what is in force in the bucket SETTINGS: wanted is what the database says, read at the start, after each change,
 * and every few seconds; the bus's keeper writes it, again after an outage and after the bucket was lost.
 */
export class SettingsBucket {
  readonly #stopping = new AbortController();
  readonly #keeper: Keeper<z.input<typeof SettingsState>>;
  readonly #running: Promise<void>;
  #told: string | undefined;

  constructor(
    private readonly settings: Settings,
    bus: Bus,
    private readonly onFailure: (error: unknown) => void,
  ) {
    this.#keeper = bus.bucket('SETTINGS', SettingsState).keep();
    this.#running = this.#run(this.#stopping.signal);
  }

  /** Compares at once. */
  async compare(): Promise<void> {
    const accessKey = await this.settings.sealedKey();
    if (accessKey.sealed.ciphertext === this.#told) return;
    this.#told = accessKey.sealed.ciphertext;
    this.#keeper.set(GATEWAY_ID, { accessKey });
  }

  async stop(): Promise<void> {
    this.#stopping.abort();
    await this.#running;
    await this.#keeper.stop();
  }

  async #run(signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      await this.compare().catch(this.onFailure);
      await sleep(COMPARE_EVERY_MS, signal);
    }
  }
}
