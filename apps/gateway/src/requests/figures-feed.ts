import { Bus, type Keeper, type Stoppable } from '@muster/bus';
import { Figures, GatewayStart } from '@muster/contracts';
import { Ids } from '@muster/service';
import { Injectable, type OnApplicationShutdown, type OnModuleInit } from '@nestjs/common';
import { FleetFeed } from '../fleet/fleet-feed.js';

const GATEWAY = 'gateway';

/** Keeps the figures of this moment in memory from the bus, and tells whoever counts when this Gateway started. */
@Injectable()
export class FiguresFeed implements OnModuleInit, OnApplicationShutdown {
  readonly #changes = new Set<(figures: Figures) => void>();
  #figures: Figures | null = null;
  #watching: Stoppable | undefined;
  #keeper: Keeper<GatewayStart> | undefined;

  constructor(
    private readonly bus: Bus,
    private readonly ids: Ids,
    private readonly fleet: FleetFeed,
  ) {}

  onModuleInit(): void {
    this.#keeper = this.bus.bucket('GATEWAY', GatewayStart).keep();
    this.#keeper.set(GATEWAY, { run: this.ids.uuid(), at: this.fleet.startedAt });
    this.#watching = this.bus.bucket('FIGURES', Figures).watch((change) => {
      if (change.key !== GATEWAY || change.change !== 'put') return;
      this.#figures = change.value;
      for (const handler of this.#changes) handler(change.value);
    });
  }

  async onApplicationShutdown(): Promise<void> {
    await Promise.all([this.#watching?.stop(), this.#keeper?.stop()]);
  }

  /** Null until anybody has counted. */
  get figures(): Figures | null {
    return this.#figures;
  }

  /** Calls with each new set of figures, at most once a second; returns what ends it. */
  onChange(handler: (figures: Figures) => void): () => void {
    this.#changes.add(handler);
    return () => this.#changes.delete(handler);
  }
}
