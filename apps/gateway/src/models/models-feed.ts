import { Injectable, type OnApplicationShutdown, type OnModuleInit } from '@nestjs/common';
import { type ModelsChange, type ModelsSnapshot, type ModelsView, NodeModels, Outage } from '@muster/contracts';
import { Bus, type Watching, within } from '@muster/bus';
import { FleetFeed } from '../fleet/fleet-feed.js';
import { LiveModels } from './live-models.js';

/** One change a second for all nodes, however many files are copied. */
const TICK_MS = 1_000;
const READY_WITHIN_MS = 3_000;

/** Keeps the models of every node in memory, from the bucket that the monitors write. */
@Injectable()
export class ModelsFeed implements OnModuleInit, OnApplicationShutdown {
  readonly #live = new LiveModels();
  readonly #changes = new Set<(change: ModelsChange) => void>();
  #watching: Watching | undefined;
  #isKnown = false;
  #timer: NodeJS.Timeout | undefined;

  constructor(
    private readonly bus: Bus,
    private readonly fleet: FleetFeed,
  ) {}

  onModuleInit(): void {
    this.#watching = this.bus.bucket('MODELS', NodeModels).watch((change) => {
      if (change.change === 'put') this.#live.put(change.value);
      else this.#live.delete(change.key);
    });
    void this.#watching.ready.then(() => {
      this.#isKnown = true;
    });
    this.#timer = setInterval(() => {
      if (this.#isKnown && this.fleet.isKnown) this.#tick();
    }, TICK_MS);
  }

  async onApplicationShutdown(): Promise<void> {
    clearInterval(this.#timer);
    await this.#watching?.stop();
  }

  /** Resolves when the fleet and its models are known. Throws an Outage when that takes too long. */
  async ready(): Promise<void> {
    await this.fleet.ready();
    if (!this.#isKnown) await within(READY_WITHIN_MS, this.#watching?.ready ?? Promise.resolve());
    // Read anew: it was waited for.
    if (!this.isKnown) throw new Outage('bus', 'The models are not known yet');
    this.#tick();
  }

  get isKnown(): boolean {
    return this.#isKnown;
  }

  view(nodeId: string): ModelsView {
    return this.#live.view(nodeId);
  }

  views(): ModelsView[] {
    return this.#live.views((nodeId) => this.fleet.has(nodeId));
  }

  /** What all changes so far have led to. */
  snapshot(): ModelsSnapshot {
    return this.#live.snapshot();
  }

  /** Calls with each change; returns what ends it. */
  onChange(handler: (change: ModelsChange) => void): () => void {
    this.#changes.add(handler);
    return () => this.#changes.delete(handler);
  }

  #tick(): void {
    const change = this.#live.tick((nodeId) => this.fleet.has(nodeId));
    if (change !== undefined) for (const handler of this.#changes) handler(change);
  }
}
