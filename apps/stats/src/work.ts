import type { Bus, Stoppable } from '@muster/bus';
import { Figures, GatewayStart, Outage, SettingsState, shippedSettings } from '@muster/contracts';
import type { Hold } from '@muster/event-store';
import type { Clock, Ids } from '@muster/service';
import type { Counting } from './counting.js';
import { figuresOf } from './figures/figures.js';
import { ToldFigures } from './figures/told-figures.js';
import { LiveRequests, TELL_EVERY_MS } from './requests/live-requests.js';
import { RouterWatch } from './routers/router-watch.js';
import type { Tracked } from './requests/tracked.js';
import type { Names } from './names.js';
import type { WorkingNodes } from './working-nodes.js';

const TICK_MS = 1_000;
const ADD_UP_EVERY_MS = 10_000;
const TIDY_EVERY_MS = 10 * 60_000;
/** A tick that comes so late says that this process was held up: then silence proves nothing. */
const HELD_UP_MS = 3_000;
/** With more facts than this still to be counted, the end of a request may be among them. */
const MOST_PENDING = 1_000;

export interface WorkPorts {
  readonly bus: Bus;
  readonly clock: Clock;
  readonly ids: Ids;
  readonly names: Names;
  readonly nodes: WorkingNodes;
  /** Whether this process is still the one that counts. */
  readonly hold: Hold;
  readonly onProblem: (words: string, error: unknown) => void;
}

/**
 * What stats does by itself, in one process at a time: takes facts in, tells the figures once a second and the newest requests as they change, gives up
 * the requests of silent routers, and keeps its tables small. What fails is done again at its next time.
 */
export class Work implements Stoppable {
  readonly #routers = new RouterWatch();
  readonly #live: LiveRequests;
  readonly #stops: (() => Promise<void> | void)[] = [];
  #retention = shippedSettings.retention;
  #atMs: number;

  constructor(
    private readonly counting: Counting,
    private readonly ports: WorkPorts,
  ) {
    this.#live = new LiveRequests(ports.ids.uuid(), ports.bus, (request) => ports.names.named(request));
    this.#atMs = ports.clock.monotonicMs();
  }

  start(): void {
    const { bus, clock } = this.ports;
    const keeper = bus.bucket('FIGURES', Figures).keep();
    const told = new ToldFigures(keeper);
    const taking = this.counting.take(bus);
    const pulses = bus.onRouterPulses(({ router, inFlight, queued, factsWaiting }) => {
      this.#routers.heard(router, inFlight + queued + factsWaiting, clock.monotonicMs());
    });
    const settings = bus.bucket('SETTINGS', SettingsState).watch(async (change) => {
      if (change.change !== 'put') return;
      this.#retention = change.value.retention;
      await this.#try('The delayed requests could not be counted anew', () =>
        this.counting.setThreshold(change.value.delayedThresholdMs),
      );
    });
    const gateway = bus.bucket('GATEWAY', GatewayStart).watch(async (change) => {
      if (change.change !== 'put') return;
      const { run, at } = change.value;
      await this.#try('The Gateway started, and its figures could not be begun', () => this.counting.beginRun(run, at));
    });
    this.#stops.push(
      ...[taking, pulses, settings, gateway, keeper].map((part) => () => part.stop()),
      bus.onState((state) => {
        if (state === 'up') this.#routers.forgive(clock.monotonicMs());
      }),
      every(TICK_MS, () => this.#tick(told)),
      every(TELL_EVERY_MS, () => {
        this.#live.tell();
      }),
      every(ADD_UP_EVERY_MS, () => this.#try('What was counted could not be added up', () => this.counting.addUp())),
      every(TIDY_EVERY_MS, () =>
        this.#try('What is old could not be removed', () => this.counting.tidy(this.#retention)),
      ),
    );
  }

  /** For the counting to tell what it has written. */
  changed(requests: readonly Tracked[]): void {
    this.#live.changed(requests.map(({ view }) => view));
  }

  async stop(): Promise<void> {
    await Promise.all(this.#stops.map((stop) => stop()));
    this.#live.tell();
  }

  async #tick(told: ToldFigures): Promise<void> {
    const { clock, nodes, hold } = this.ports;
    const nowMs = clock.monotonicMs();
    if (nowMs - this.#atMs > HELD_UP_MS) this.#routers.forgive(nowMs);
    this.#atMs = nowMs;
    await this.#try('The figures could not be told', async () => {
      await this.#giveUp(nowMs);
      const figures = await this.counting.look((ledger) => {
        const now = clock.now();
        const { recent, pending } = this.counting;
        const wallMs = Date.parse(now);
        const rates = { perSecond: recent.perSecond(wallMs), recent: recent.steps(wallMs) };
        return figuresOf(ledger, { now, nodes: nodes.all, pending, ...rates });
      });
      // One that was held up while another took over would put back what was so before.
      if (await hold.stands()) told.tell(figures);
    });
  }

  async #giveUp(nowMs: number): Promise<void> {
    const { bus } = this.ports;
    // While the bus is away nobody is heard.
    if (bus.state !== 'up' || this.counting.pending > MOST_PENDING) return;
    const lost = await this.counting.look(({ open }) =>
      this.#routers.lost(
        [...open.values()].map(({ view }) => view),
        nowMs,
      ),
    );
    if (lost.length > 0) await this.counting.lose(lost);
  }

  async #try(words: string, work: () => Promise<void>): Promise<void> {
    try {
      await work();
    } catch (error) {
      // That the database is away is said where it is known first.
      if (!(error instanceof Outage)) this.ports.onProblem(words, error);
    }
  }
}

/** Does something again and again, never twice at once; returns what ends it, which waits for what is under way. */
function every(ms: number, work: () => Promise<void> | void): () => Promise<void> {
  let running: Promise<void> | undefined;
  const timer = setInterval(() => {
    running ??= Promise.resolve(work()).finally(() => {
      running = undefined;
    });
  }, ms);
  return async () => {
    clearInterval(timer);
    await running;
  };
}
