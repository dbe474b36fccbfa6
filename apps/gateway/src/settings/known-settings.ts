import { Injectable, type OnApplicationShutdown, type OnModuleInit } from '@nestjs/common';
import { SettingsState } from '@muster/contracts';
import { Bus, type Stoppable } from '@muster/bus';
import { GatewayConfig } from '../config.js';

/** The settings that the gateway goes by, from the bucket, each change at once. A bucket that was lost changes nothing. */
@Injectable()
export class KnownSettings implements OnModuleInit, OnApplicationShutdown {
  readonly #handlers = new Set<(state: SettingsState) => void>();
  #origins: ReadonlySet<string>;
  #state: SettingsState | undefined;
  #watching: Stoppable | undefined;

  constructor(
    private readonly bus: Bus,
    private readonly config: GatewayConfig,
  ) {
    this.#origins = new Set([...config.ownOrigins, ...config.furtherOrigins]);
  }

  onModuleInit(): void {
    this.#watching = this.bus.bucket('SETTINGS', SettingsState).watch((change) => {
      if (change.change === 'deleted' || change.key !== 'gateway') return;
      this.#state = change.value;
      this.#origins = new Set([...this.config.ownOrigins, ...change.value.allowedOrigins]);
      for (const handler of this.#handlers) handler(change.value);
    });
  }

  async onApplicationShutdown(): Promise<void> {
    await this.#watching?.stop();
  }

  /**
   * The origins whose pages may call: the console's own address, which no setting takes away, and those that are set, or that
   * the environment names for as long as the settings are not known. Another set after each change.
   */
  get origins(): ReadonlySet<string> {
    return this.#origins;
  }

  /** Calls with the settings as far as they are known, and at each change. */
  onChange(handler: (state: SettingsState) => void): void {
    this.#handlers.add(handler);
    if (this.#state !== undefined) handler(this.#state);
  }
}
