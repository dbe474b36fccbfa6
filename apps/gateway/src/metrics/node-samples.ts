import { Bus, type Stoppable } from '@muster/bus';
import type { Measurement } from '@muster/contracts';
import { Clock } from '@muster/service';
import { Injectable, type OnApplicationShutdown } from '@nestjs/common';

/** Whoever scrapes comes again within this time; after it nobody listens to samples for his sake. */
const LISTEN_FOR_MS = 5 * 60_000;
/** A sample older than this says nothing about this moment. */
const FRESH_MS = 5_000;
/** Right after beginning to listen: each node says something once a second. */
const FIRST_MS = 1_200;
/** More nodes than this are not kept in mind; the fleet has none that is not in it. */
const MOST_NODES = 100_000;

/** The newest sample of each node, listened to only while somebody scrapes. */
@Injectable()
export class NodeSamples implements OnApplicationShutdown {
  readonly #newest = new Map<string, { measurement: Measurement; atMs: number }>();
  #lane: Stoppable | undefined;
  #first: Promise<void> = Promise.resolve();
  #stop: NodeJS.Timeout | undefined;

  constructor(
    private readonly bus: Bus,
    private readonly clock: Clock,
  ) {}

  async onApplicationShutdown(): Promise<void> {
    clearTimeout(this.#stop);
    await this.#lane?.stop();
  }

  /** What is known of the last seconds. The first time it waits until every node had a chance to speak. */
  async newest(): Promise<(nodeId: string) => Measurement | undefined> {
    this.#listen();
    await this.#first;
    const nowMs = this.clock.monotonicMs();
    for (const [nodeId, { atMs }] of this.#newest) if (nowMs - atMs > FRESH_MS) this.#newest.delete(nodeId);
    return (nodeId) => this.#newest.get(nodeId)?.measurement;
  }

  #listen(): void {
    clearTimeout(this.#stop);
    this.#stop = setTimeout(() => {
      void this.#lane?.stop();
      this.#lane = undefined;
      this.#newest.clear();
    }, LISTEN_FOR_MS).unref();
    if (this.#lane !== undefined) return;
    this.#lane = this.bus.onSamples(({ nodeId, measurement }) => {
      if (this.#newest.size < MOST_NODES || this.#newest.has(nodeId))
        this.#newest.set(nodeId, { measurement, atMs: this.clock.monotonicMs() });
    });
    this.#first = new Promise((resolve) => setTimeout(resolve, FIRST_MS).unref());
  }
}
