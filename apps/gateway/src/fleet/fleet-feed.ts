import { Injectable, type OnApplicationShutdown, type OnModuleInit } from '@nestjs/common';
import {
  factFamilies,
  type FleetChange,
  type FleetSnapshot,
  type NodeView,
  NodeState,
  Outage,
} from '@muster/contracts';
import { Bus, type Stoppable, within } from '@muster/bus';
import { Clock } from '@muster/service';
import { GatewayConfig } from '../config.js';
import { KnownSettings } from '../settings/known-settings.js';
import { GatewayLife } from './gateway-life.js';
import { LiveFleet } from './live-fleet.js';

/** One change a second for the whole fleet, however much happens. */
const TICK_MS = 1_000;

/** How long a call waits for the fleet to be known, right after the start. */
const READY_WITHIN_MS = 3_000;

/** Keeps the fleet in memory from the bus: facts, states and pulses always, samples while somebody looks. */
@Injectable()
export class FleetFeed implements OnModuleInit, OnApplicationShutdown {
  readonly #live: LiveFleet;
  readonly #opened: Stoppable[] = [];
  readonly #changes = new Set<(change: FleetChange) => void>();
  #known: Promise<unknown> = new Promise(() => undefined);
  #isKnown = false;
  #timer: NodeJS.Timeout | undefined;
  #offState: () => void = () => undefined;

  constructor(
    private readonly bus: Bus,
    private readonly clock: Clock,
    private readonly settings: KnownSettings,
    life: GatewayLife,
    config: GatewayConfig,
  ) {
    this.#live = new LiveFleet(config.version, life.start.at, clock.monotonicMs(), config);
    life.onChange(({ at }) => {
      this.#live.startedAt(at);
    });
  }

  async onModuleInit(): Promise<void> {
    const { bus, clock } = this;
    const live = this.#live;
    live.bus(bus.state === 'up', clock.monotonicMs());
    this.#offState = bus.onState((state) => {
      live.bus(state === 'up', clock.monotonicMs());
    });
    const facts = await bus.followFacts([factFamilies.node], (fact) => {
      live.fact(fact, clock.monotonicMs(), clock.now());
    });
    const states = bus.bucket('NODES', NodeState).watch((change) => {
      if (change.change === 'put') live.state(change.value, clock.monotonicMs());
      else live.stateless(change.key);
    });
    const pulses = bus.onPulses((pulse) => {
      live.pulse(pulse, clock.monotonicMs());
    });
    this.settings.onChange((state) => {
      live.settings(state);
    });
    this.#opened.push(facts, states, pulses);
    this.#known = Promise.all([facts.caughtUp, states.ready]).then(() => {
      this.#isKnown = true;
      this.#tick();
    });
    this.#timer = setInterval(() => {
      if (this.#isKnown) this.#tick();
    }, TICK_MS);
  }

  async onApplicationShutdown(): Promise<void> {
    clearInterval(this.#timer);
    this.#offState();
    await Promise.all(this.#opened.map((each) => each.stop()));
  }

  /** Whether every fact and state there was at the start has been taken up. */
  get isKnown(): boolean {
    return this.#isKnown;
  }

  /** Resolves when the fleet is known. Throws an Outage when that takes too long. */
  async ready(): Promise<void> {
    if (this.#isKnown) return;
    await within(READY_WITHIN_MS, this.#known);
    // Read anew: it was waited for.
    if (!this.isKnown) throw new Outage('bus', 'The fleet is not known yet');
  }

  /** How the stores of facts do, for the notices. */
  stores(stores: { readonly parked: boolean; readonly heldUp: boolean }): void {
    this.#live.stores(stores);
  }

  has(nodeId: string): boolean {
    return this.#live.has(nodeId);
  }

  view(nodeId: string): NodeView | undefined {
    return this.#live.view(nodeId, this.clock.monotonicMs(), this.clock.now());
  }

  views(): NodeView[] {
    return this.#live.views(this.clock.monotonicMs(), this.clock.now());
  }

  /** What all changes so far have led to. */
  snapshot(): FleetSnapshot {
    return this.#live.snapshot();
  }

  /** Calls with each change, at most once a second; returns what ends it. */
  onChange(handler: (change: FleetChange) => void): () => void {
    this.#changes.add(handler);
    return () => this.#changes.delete(handler);
  }

  /** Takes up the samples of all nodes, for their load, until stopped. */
  watchLoads(): Stoppable {
    return this.bus.onSamples((sample) => {
      this.#live.sample(sample, this.clock.monotonicMs());
    });
  }

  #tick(): void {
    const change = this.#live.tick(this.clock.monotonicMs(), this.clock.now());
    if (change !== undefined) for (const handler of this.#changes) handler(change);
  }
}
