import { isDeepStrictEqual } from 'node:util';
import { type Bucket, type Bus, type Keeper, sleep } from '@muster/bus';
import { SettingsState } from '@muster/contracts';
import type * as z from 'zod/mini';
import { GATEWAY_ID, type Settings } from './settings.js';

/** How often bucket and database are compared. */
const COMPARE_EVERY_MS = 5_000;

/**
 * Keeps what is in force in the bucket SETTINGS: wanted is what the database says, actual what the bucket holds. Compared at
 * the start, after each change, when the bus comes back, and every few seconds, for what another registry has changed and
 * for a bucket that was lost.
 */
export class SettingsBucket {
  readonly #stopping = new AbortController();
  readonly #bucket: Bucket<typeof SettingsState>;
  readonly #keeper: Keeper<z.input<typeof SettingsState>>;
  readonly #running: Promise<void>;
  readonly #off: () => void;
  readonly #handlers = new Set<(state: SettingsState) => void>();
  #waiting = new AbortController();
  #told: SettingsState | undefined;

  constructor(
    private readonly settings: Pick<Settings, 'state'>,
    private readonly bus: Bus,
    private readonly onFailure: (error: unknown) => void,
  ) {
    this.#bucket = bus.bucket('SETTINGS', SettingsState);
    this.#keeper = this.#bucket.keep();
    this.#off = bus.onState(() => {
      this.#waiting.abort();
    });
    this.#running = this.#run(this.#stopping.signal);
  }

  /** Calls with what is in force: now as far as it is known, and at each change. */
  onState(handler: (state: SettingsState) => void): void {
    this.#handlers.add(handler);
    if (this.#told !== undefined) handler(this.#told);
  }

  /** Has the bucket told at once when the database says something new. */
  async tell(): Promise<void> {
    const state = await this.settings.state();
    if (isDeepStrictEqual(state, this.#told)) return;
    this.#told = state;
    this.#keeper.set(GATEWAY_ID, state);
    for (const handler of this.#handlers) handler(state);
  }

  async stop(): Promise<void> {
    this.#off();
    this.#stopping.abort();
    this.#waiting.abort();
    await this.#running;
    await this.#keeper.stop();
  }

  async #run(signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      this.#waiting = new AbortController();
      await this.#compare().catch(this.onFailure);
      await sleep(COMPARE_EVERY_MS, this.#waiting.signal);
    }
  }

  async #compare(): Promise<void> {
    if (this.bus.state === 'up' && this.#told !== undefined && !isDeepStrictEqual(await this.#actual(), this.#told))
      this.#told = undefined;
    await this.tell();
  }

  /** What the bucket holds. A bucket that is not there is made, and holds nothing. */
  async #actual(): Promise<SettingsState | undefined> {
    try {
      return await this.#bucket.get(GATEWAY_ID);
    } catch {
      await this.bus.assertStreams();
      return undefined;
    }
  }
}
