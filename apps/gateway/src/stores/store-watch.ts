import { Bus } from '@muster/bus';
import { parkedOrders, StoreService } from '@muster/contracts';
import { Clock, Ids } from '@muster/service';
import { Injectable, type OnApplicationShutdown, type OnModuleInit } from '@nestjs/common';
import { gatewayCaller } from '../doors/callers.js';
import { FleetFeed } from '../fleet/fleet-feed.js';

/** So often each service is asked how its store does. */
const ASK_EVERY_MS = 5_000;
/** One that has not answered for so long is not spoken of any more: what it said last may be old. */
const OLD_AFTER_MS = 20_000;
/** Facts that have waited for the bus for so long are worth a word on every page. */
const LATE_AFTER_SECONDS = 10;

/** Asks the services how their stores do, so that every page says it when facts are parked or held up. */
@Injectable()
export class StoreWatch implements OnModuleInit, OnApplicationShutdown {
  readonly #said = new Map<StoreService, { parked: boolean; heldUp: boolean; atMs: number }>();
  #timer: NodeJS.Timeout | undefined;

  constructor(
    private readonly bus: Bus,
    private readonly clock: Clock,
    private readonly ids: Ids,
    private readonly feed: FleetFeed,
  ) {}

  onModuleInit(): void {
    this.#timer = setInterval(() => void this.#askAll(), ASK_EVERY_MS);
    void this.#askAll();
  }

  onApplicationShutdown(): void {
    clearInterval(this.#timer);
  }

  async #askAll(): Promise<void> {
    await Promise.all(StoreService.options.map((service) => this.#ask(service)));
    const nowMs = this.clock.monotonicMs();
    const fresh = [...this.#said.values()].filter(({ atMs }) => nowMs - atMs < OLD_AFTER_MS);
    this.feed.stores({
      parked: fresh.some(({ parked }) => parked),
      heldUp: fresh.some(({ heldUp }) => heldUp),
    });
  }

  async #ask(service: StoreService): Promise<void> {
    const caller = gatewayCaller(this.ids.uuid(), this.ids.uuid());
    // Whoever does not answer is away, which other notices tell.
    const state = await this.bus.ask(parkedOrders[service].state, {}, caller).catch(() => undefined);
    if (state === undefined) return;
    this.#said.set(service, {
      parked: state.parked > 0,
      heldUp: state.heldBy !== undefined || state.waiting.seconds >= LATE_AFTER_SECONDS,
      atMs: this.clock.monotonicMs(),
    });
  }
}
