import { randomBytes } from 'node:crypto';
import type { RequestListener, Server } from 'node:http';
import { join } from 'node:path';
import { Bus, type Outlet, type Stoppable } from '@muster/bus';
import { Clock, Health, Logger, Metrics } from '@muster/service';
import {
  type BeforeApplicationShutdown,
  Inject,
  Injectable,
  type OnApplicationShutdown,
  type OnModuleInit,
} from '@nestjs/common';
import type { RouterConfig } from './config.js';
import { SpoolFile } from './facts/spool-file.js';
import { Teller } from './facts/teller.js';
import { Known } from './known/known.js';
import { Door } from './openai/door.js';
import { RequestMetrics } from './metrics/request-metrics.js';
import { Playground } from './playground/playground.js';
import { Requests } from './serving/requests.js';
import { OtherRouters } from './slots/other-routers.js';

export const ROUTER_CONFIG = Symbol('RouterConfig');

const MIB = 1024 * 1024;
const PULSE_MS = 1_000;
/** While there are other routers they hear of a change in this one's slots so soon. */
const SHARE_MS = 200;
/** A client that waits in a stream hears where it stands so often. */
const COMMENT_EVERY_MS = 1_000;
/** When the router stops: what is still to be told gets so long. */
const SETTLE_MS = 2_000;
/** A client that does not read the end of its answer is not waited for. */
const CUT_AFTER_MS = 1_000;

/** Wires the router: what comes from the bus, what goes to it, and the door for applications between. */
@Injectable()
export class Router implements OnModuleInit, BeforeApplicationShutdown, OnApplicationShutdown {
  readonly known: Known;
  readonly requests: Requests;
  readonly playground: Playground;
  readonly #teller: Teller;
  readonly #outlet: Outlet;
  readonly #others = new OtherRouters();
  #hearing: Stoppable | undefined;
  readonly #counted = new RequestMetrics();
  #pulse: NodeJS.Timeout | undefined;
  #pulsedMs = 0;
  /** What the last pulse said of the slots. */
  #told = 0;
  #server: Server | undefined;

  constructor(
    @Inject(ROUTER_CONFIG) private readonly config: RouterConfig,
    @Inject(Bus) private readonly bus: Bus,
    @Inject(Clock) private readonly clock: Clock,
    @Inject(Health) private readonly health: Health,
    @Inject(Logger) private readonly log: Logger,
    @Inject(Metrics) metrics: Metrics,
  ) {
    this.known = new Known({
      secret: config.MUSTER_SECRET,
      onProblem: (words, error) => log.error({ msg: words, err: error }, 'Router'),
    });
    this.#outlet = bus.outlet();
    this.#teller = new Teller({
      way: this.#outlet,
      keep: new SpoolFile(
        join(config.MUSTER_ROUTER_DATA, 'facts'),
        config.MUSTER_ROUTER_SPOOL_MIB * MIB,
        randomBytes(4).toString('hex'),
      ),
      isUp: () => bus.state === 'up',
      onLost: (facts, error) =>
        log.error({ msg: `${facts} facts about requests are lost: the spool is full`, err: error }, 'Router'),
    });
    this.requests = new Requests(this.known, {
      queueMs: config.MUSTER_ROUTER_QUEUE_MS,
      firstTokenMs: config.MUSTER_ROUTER_FIRST_TOKEN_MS,
      answerMs: config.MUSTER_ROUTER_ANSWER_MS,
      wakeMs: config.MUSTER_ROUTER_WAKE_MS,
      silenceMs: config.MUSTER_ROUTER_SILENCE_MS,
      commentEveryMs: COMMENT_EVERY_MS,
      tell: (event) => {
        this.#counted.take(event);
        this.#teller.tell(event);
      },
      now: () => clock.now(),
      monotonicMs: () => clock.monotonicMs(),
    });
    this.playground = new Playground({
      server: () => {
        if (this.#server === undefined) throw new Error('The server for applications is not made yet');
        return this.#server;
      },
      load: () => this.requests.slots.load,
      monotonicMs: () => clock.monotonicMs(),
    });
    this.#measure(metrics);
  }

  async onModuleInit(): Promise<void> {
    const { bus, health } = this;
    health.add('nodes', () =>
      this.known.isComplete ? { state: 'up' } : { state: 'degraded', words: 'The nodes are not known yet' },
    );
    health.add('facts', () =>
      this.#teller.lost === 0 ? { state: 'up' } : { state: 'degraded', words: 'Facts about requests were lost' },
    );
    this.#hearing = bus.onRouterPulses((pulse) => {
      if (pulse.router === this.requests.router) return;
      this.#others.heard(pulse, this.clock.monotonicMs());
      this.#takeOthersUp();
    });
    this.#pulse = setInterval(() => this.#tick(), SHARE_MS).unref();
    await this.known.open(bus);
  }

  /** What could not be finished in time is ended, before the server waits for the last of its connections. */
  async beforeApplicationShutdown(): Promise<void> {
    await this.requests.stop();
    setTimeout(() => this.#server?.closeAllConnections(), CUT_AFTER_MS).unref();
  }

  /** The ends of all requests are told, then nothing is read any more. */
  async onApplicationShutdown(): Promise<void> {
    clearInterval(this.#pulse);
    await this.#hearing?.stop();
    await this.#teller.settle(SETTLE_MS);
    this.#tellPulse();
    this.#teller.stop();
    await this.#outlet.stop();
    if (this.#teller.waiting > 0) this.log.warn(`${this.#teller.waiting} facts wait for the next start`, 'Router');
    await this.known.stop();
  }

  /** The door for applications on this server. `rest` answers after health. */
  door(server: Server, rest: RequestListener): Door {
    this.#server = server;
    return new Door({
      known: this.known,
      requests: this.requests,
      mostBodyBytes: this.config.MUSTER_ROUTER_BODY_MIB * MIB,
      onKeyUsed: (keyId) => this.bus.publishKeyUse({ keyId, at: this.clock.now() }),
      playgroundKey: this.playground.key,
      rest,
    });
  }

  #tick(): void {
    const nowMs = this.clock.monotonicMs();
    const due = nowMs - this.#pulsedMs >= PULSE_MS;
    // One that fell silent has nothing any more.
    if (due) this.#takeOthersUp();
    if (due || (this.requests.slots.changes !== this.#told && this.#others.count(nowMs) > 0)) this.#tellPulse();
  }

  #takeOthersUp(): void {
    const nowMs = this.clock.monotonicMs();
    this.requests.slots.others(this.#others.count(nowMs), this.#others.inFlight(nowMs));
  }

  #measure(metrics: Metrics): void {
    const { requests } = this;
    metrics.families(() => this.#counted.families());
    metrics.gauge(
      'muster_requests_in_flight',
      'Requests that a node works on, or that are about to be sent to one',
      () => requests.atHand - requests.slots.queued,
    );
    metrics.gauge('muster_requests_queued', 'Requests that wait for a slot', () => requests.slots.queued);
    metrics.counted(
      'muster_calls_turned_away_total',
      'Calls that never became a request',
      () => requests.turnedAwayCount,
    );
    metrics.gauge('muster_router_waiting_facts', 'Facts that are not told yet', () => this.#teller.waiting);
    metrics.gauge('muster_router_spooled_facts', 'Facts that wait on disk', () => this.#teller.onDisk);
    metrics.counted('muster_router_lost_facts_total', 'Facts that could not be kept', () => this.#teller.lost);
  }

  #tellPulse(): void {
    this.#pulsedMs = this.clock.monotonicMs();
    this.#told = this.requests.slots.changes;
    this.bus.publishRouterPulse(this.requests.pulse({ waiting: this.#teller.waiting, lost: this.#teller.lost }));
  }
}
