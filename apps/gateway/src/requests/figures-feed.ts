import { Bus, type Stoppable } from '@muster/bus';
import { Figures } from '@muster/contracts';
import { Injectable, type OnApplicationShutdown, type OnModuleInit } from '@nestjs/common';

const GATEWAY = 'gateway';

/** Keeps the figures of this moment in memory from the bus. */
@Injectable()
export class FiguresFeed implements OnModuleInit, OnApplicationShutdown {
  readonly #changes = new Set<(figures: Figures) => void>();
  #figures: Figures | null = null;
  #watching: Stoppable | undefined;

  constructor(private readonly bus: Bus) {}

  onModuleInit(): void {
    this.#watching = this.bus.bucket('FIGURES', Figures).watch((change) => {
      if (change.key !== GATEWAY || change.change !== 'put') return;
      this.#figures = change.value;
      for (const handler of this.#changes) handler(change.value);
    });
  }

  async onApplicationShutdown(): Promise<void> {
    await this.#watching?.stop();
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
