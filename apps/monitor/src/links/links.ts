import type { Bus, Stoppable, Watching } from '@muster/bus';
import {
  commandSubject,
  type FleetNode,
  type Measurement,
  NodeModels,
  NodeState,
  ReadLoadHistory,
  ReadLog,
  ReadSamples,
} from '@muster/contracts';
import { ExecutorOrders } from '../executors/executor-orders.js';
import { noSuspicion, SLIP_MS, suspect } from '../health/self-suspicion.js';
import { fullBucket, take, type TokenBucket, type TokenRate } from '../health/token-bucket.js';
import type { HealthFacts } from '../health/health-facts.js';
import { readLoadHistory } from '../telemetry/minutes.table.js';
import type { NodeFeed } from '../telemetry/node-feed.js';
import type { TelemetryKeeper } from '../telemetry/telemetry-keeper.js';
import type { KnownFleet } from './known-fleet.js';
import type { KnownSettings } from './known-settings.js';
import type { Leases } from './leases.js';
import type { LinkMaker } from './link-maker.js';
import { NodeWatch, type WatchWorld } from './node-watch.js';
import { reconcile, type Wanted, wantedOf } from './reconcile.js';
import { shardOf } from './shards.js';

export interface LinksParts {
  readonly world: WatchWorld;
  readonly bus: Bus;
  readonly fleet: KnownFleet;
  readonly settings: KnownSettings;
  readonly maker: LinkMaker;
  readonly leases: Leases;
  readonly facts: HealthFacts;
  readonly keeper: TelemetryKeeper;
}

/** A watch and what belongs to it on the bus. */
interface Watched {
  readonly watch: NodeWatch;
  readonly answers: Promise<readonly Stoppable[]>;
  readonly keeper: ReturnType<ReturnType<typeof statesOf>['keep']>;
  readonly modelKeeper: ReturnType<ReturnType<typeof modelsOf>['keep']>;
  /** Puts the last state once more, over what somebody else has put there; the models likewise. */
  readonly tellAgain: () => void;
  readonly tellModelsAgain: () => void;
  /** What was last told of the node. */
  readonly told: () => NodeState | undefined;
}

/** A node as this monitor sees it at this moment. */
export interface HeldNode {
  readonly node: FleetNode;
  readonly state: NodeState | undefined;
  readonly measurement: Measurement | undefined;
}

/** A sample older than this says nothing about this moment. */
const FRESH_MS = 5_000;

const ROUND_MS = 200;
/** What is wanted is compared with what is there when either changes, and after so many rounds anyway. */
const RECONCILE_EVERY = 5;
const PULSE_MS = 1_000;

/** However many nodes are down: so many dials a second, and so many handshakes at once. */
const DIALS: TokenRate = { perSecond: 200, burst: 50 };
const HANDSHAKES = 50;

/** After a change of what may be dialled. */
const NAMES_AT_ONCE = 8;

/** How long a last state may take to be written when a node is let go. */
const LAST_WORD_MS = 1_000;

const isSameMap = (one: ReadonlyMap<number, number>, other: ReadonlyMap<number, number>): boolean =>
  one.size === other.size && [...one].every(([key, value]) => other.get(key) === value);

const statesOf = (bus: Bus) => bus.bucket('NODES', NodeState);
const modelsOf = (bus: Bus) => bus.bucket('MODELS', NodeModels);

/**
 * The links to the nodes that this monitor holds: what is wanted (the fleet's facts and the leases) against what is there,
 * five times a second. What fails in one round is mended by a later one.
 */
export class Links {
  readonly #watched = new Map<string, Watched>();
  readonly #states = new Map<string, NodeState>();
  readonly #models = new Map<string, NodeModels>();
  readonly #endings = new Set<Promise<unknown>>();
  #watchingStates: Watching | undefined;
  #watchingModels: Watching | undefined;
  #timers: NodeJS.Timeout[] = [];
  #suspicion = noSuspicion;
  #dials: TokenBucket = fullBucket(DIALS, 0);
  #handshakes = 0;
  #roundMs = 0;
  #rounds = 0;
  #leasesSeen: ReadonlyMap<number, number> = new Map();
  #pulses = 0;
  #dialChanges = 0;
  #stopped = false;

  constructor(private readonly parts: LinksParts) {}

  /** Resolves when what was decided, the settings and the states so far are known and the leases are taken. */
  async start(): Promise<void> {
    const { bus, fleet, settings, leases } = this.parts;
    this.#watchingStates = statesOf(bus).watch((change) => {
      if (change.change === 'deleted') this.#states.delete(change.key);
      else if (this.#isOfHolder(change)) this.#states.set(change.key, change.value);
      else this.#watched.get(change.key)?.tellAgain();
    });
    this.#watchingModels = modelsOf(bus).watch((change) => {
      if (change.change === 'deleted') this.#models.delete(change.key);
      else if (this.#isOfHolder(change)) this.#models.set(change.key, change.value);
      else this.#watched.get(change.key)?.tellModelsAgain();
    });
    await Promise.all([this.#watchingStates.ready, this.#watchingModels.ready, settings.open(bus), fleet.open(bus)]);
    await leases.start();
    settings.onKeys(() => {
      for (const { watch } of this.#watched.values()) watch.keysChanged();
    });
    settings.onDial(() => {
      this.#dialChanges += 1;
      this.#ending(this.#judgeAddresses(this.#dialChanges));
    });
    fleet.onChange(() => {
      this.#reconcile();
    });
    this.#dials = fullBucket(DIALS, this.#nowMs);
    this.#roundMs = this.#nowMs;
    this.#reconcile();
    this.#timers = [
      setInterval(() => {
        this.#round();
      }, ROUND_MS),
      setInterval(() => {
        this.#pulse();
      }, PULSE_MS),
    ];
    this.#pulse();
    this.parts.keeper.start(() => this.#feeds());
  }

  /** False for what a monitor puts that was held up and has not noticed yet that it lost the node to this one. */
  #isOfHolder({ key, value }: { readonly key: string; readonly value: { readonly token: number } }): boolean {
    return value.token >= (this.#watched.get(key)?.watch.wanted.token ?? 0);
  }

  get size(): number {
    return this.#watched.size;
  }

  /** Every node that this monitor holds. */
  held(): HeldNode[] {
    return [...this.#watched.values()].map(({ watch, told }) => ({
      node: watch.wanted.node,
      state: told(),
      measurement: watch.feed.newestSample(FRESH_MS)?.measurement,
    }));
  }

  get impaired(): boolean {
    return this.#nowMs < this.#suspicion.impairedUntilMs;
  }

  /** Ends every link with a goodbye, leaves the last states as they are, and gives the leases back. */
  async stop(): Promise<void> {
    this.#stopped = true;
    for (const timer of this.#timers) clearInterval(timer);
    const feeds = [...this.#feeds()];
    for (const nodeId of [...this.#watched.keys()]) this.#letGo(nodeId, 'leave');
    await Promise.allSettled([...this.#endings]);
    // While the leases are still held: after that the rest is the next holder's.
    await this.parts.keeper.stop(feeds);
    const { fleet, settings, leases } = this.parts;
    await Promise.allSettled([
      this.#watchingStates?.stop(),
      this.#watchingModels?.stop(),
      fleet.stop(),
      settings.stop(),
    ]);
    await leases.stop();
  }

  *#feeds(): Generator<NodeFeed> {
    for (const { watch } of this.#watched.values()) yield watch.feed;
  }

  get #nowMs(): number {
    return this.parts.world.clock.monotonicMs();
  }

  #round(): void {
    const nowMs = this.#nowMs;
    const slippedMs = nowMs - this.#roundMs - ROUND_MS;
    this.#roundMs = nowMs;
    const wentStale = slippedMs > SLIP_MS ? 0 : this.#judge(nowMs);
    const watches = [...this.#watched.values()].map(({ watch }) => watch);
    const links = watches.reduce((sum, { phase }) => sum + (phase === 'up' ? 1 : 0), 0);
    const windowMs = this.parts.world.rules.silentAfterMs;
    this.#suspicion = suspect(this.#suspicion, { nowMs, slippedMs, wentStale, links, windowMs });
    this.#rounds += 1;
    if (this.#rounds % RECONCILE_EVERY === 0 || !isSameMap(this.#leasesSeen, this.parts.leases.held()))
      this.#reconcile();
    this.#dialDue(watches, nowMs);
  }

  /** Lets time pass for every node. Returns how many went stale by it. */
  #judge(nowMs: number): number {
    let wentStale = 0;
    for (const { watch } of this.#watched.values()) {
      const before = watch.stale;
      watch.tick(this.#suspicion.impairedUntilMs, nowMs);
      if (watch.stale && !before) wentStale += 1;
    }
    return wentStale;
  }

  /** Whoever has been due for longest comes first; whoever finds no place is due again in the next round. */
  #dialDue(watches: readonly NodeWatch[], nowMs: number): void {
    if (!this.parts.maker.able) return;
    const due = watches
      .filter(({ dueSinceMs = Infinity }) => dueSinceMs <= nowMs)
      .sort((one, other) => (one.dueSinceMs ?? 0) - (other.dueSinceMs ?? 0));
    const wanted = Math.min(due.length, HANDSHAKES - this.#handshakes);
    const { bucket, taken } = take(this.#dials, wanted, DIALS, nowMs);
    this.#dials = bucket;
    for (const watch of due.slice(0, taken)) {
      this.#handshakes += 1;
      void watch.dial().finally(() => {
        this.#handshakes -= 1;
      });
    }
  }

  /**
   * Other things may be dialled than before: links to what no longer may be end, and who was kept out is tried at once. Names
   * are looked up a few at a time, and no further once the settings have changed again.
   */
  async #judgeAddresses(change: number): Promise<void> {
    const watches = [...this.#watched.values()]
      .map(({ watch }) => watch)
      .filter(({ phase }) => phase !== 'deactivated');
    const turns = Array.from({ length: NAMES_AT_ONCE }, async () => {
      for (let watch = watches.pop(); watch !== undefined; watch = watches.pop()) {
        if (change !== this.#dialChanges || this.#stopped) return;
        const may = await this.parts.maker.mayDial(watch.wanted.node);
        if (change === this.#dialChanges && may !== (watch.phase === 'up'))
          watch.renew('what may be dialled was changed: the address is judged anew');
      }
    });
    await Promise.all(turns);
  }

  #reconcile(): void {
    const { fleet, leases } = this.parts;
    const watched = new Map<string, Wanted>([...this.#watched].map(([nodeId, { watch }]) => [nodeId, watch.wanted]));
    const held = (this.#leasesSeen = leases.held());
    const wanted = wantedOf(fleet.nodes.values(), held);
    for (const action of reconcile(wanted, watched, (nodeId) => fleet.nodes.has(nodeId))) {
      switch (action.do) {
        case 'watch':
          this.#begin(action.wanted);
          break;
        case 'change':
          this.#watched.get(action.wanted.node.nodeId)?.watch.change(action.wanted);
          break;
        case 'remove':
          this.#letGo(action.nodeId, 'delete');
          break;
        case 'release':
          this.#letGo(action.nodeId, 'unwatched');
          break;
      }
    }
    // A node that was removed while nobody watched it left its state behind.
    for (const nodeId of this.#states.keys()) {
      if (!fleet.wasRemoved(nodeId)) continue;
      this.#states.delete(nodeId);
      this.#ending(statesOf(this.parts.bus).delete(nodeId));
    }
    for (const nodeId of this.#models.keys()) {
      if (!fleet.wasRemoved(nodeId)) continue;
      this.#models.delete(nodeId);
      this.#ending(modelsOf(this.parts.bus).delete(nodeId));
    }
  }

  #begin(wanted: Wanted): void {
    const { bus, world, facts } = this.parts;
    const { nodeId } = wanted.node;
    const keeper = statesOf(bus).keep();
    const modelKeeper = modelsOf(bus).keep();
    let told: NodeState | undefined;
    let toldModels: NodeModels | undefined;
    const tellAgain = () => {
      if (told !== undefined) keeper.set(nodeId, told);
    };
    const tellModelsAgain = () => {
      if (toldModels !== undefined) modelKeeper.set(nodeId, toldModels);
    };
    const watch = new NodeWatch(
      world,
      wanted,
      this.#states.get(nodeId),
      (state) => {
        told = state;
        tellAgain();
      },
      (models) => {
        toldModels = { nodeId, token: wanted.token, ...models };
        tellModelsAgain();
      },
    );
    // Kept while the link is down, and over a loss of the bucket too.
    const known = this.#models.get(nodeId);
    if (known !== undefined) {
      toldModels = { ...known, token: wanted.token };
      tellModelsAgain();
    }
    const orders = new ExecutorOrders(nodeId, {
      bus,
      facts,
      now: () => world.clock.now(),
      link: () => watch.connection,
    });
    const answers = Promise.all([
      bus.answer(ReadSamples, () => Promise.resolve({ samples: watch.feed.readSamples() }), {
        subject: commandSubject(ReadSamples, nodeId),
        concurrency: 4,
      }),
      bus.answer(ReadLog, (request) => watch.feed.readLog(request), {
        subject: commandSubject(ReadLog, nodeId),
        concurrency: 4,
      }),
      bus.answer(ReadLoadHistory, (span) => readLoadHistory(world.kept, nodeId, span), {
        subject: commandSubject(ReadLoadHistory, nodeId),
        concurrency: 4,
      }),
      ...orders.answer(),
    ]);
    this.#watched.set(nodeId, {
      ...{ watch, answers, keeper, modelKeeper, tellAgain, tellModelsAgain },
      told: () => told,
    });
    void this.parts.keeper.flowOf(nodeId).then((flow) => {
      watch.feed.open(flow);
    });
  }

  /**
   * Ends the watch of a node. What its state becomes: `leave` for a monitor that stops (its silence says the rest),
   * `unwatched` when the lease is gone, `delete` when the node is.
   */
  #letGo(nodeId: string, state: 'leave' | 'unwatched' | 'delete'): void {
    const watched = this.#watched.get(nodeId);
    if (watched === undefined) return;
    this.#watched.delete(nodeId);
    const { watch, answers, keeper, modelKeeper } = watched;
    const { leases, facts } = this.parts;
    const { activated } = watch.wanted.node;
    // A monitor that was held up for longer than its lease has nothing to say any more.
    if (state === 'unwatched' && activated && leases.mayStillWrite(shardOf(nodeId)))
      keeper.set(nodeId, watch.unwatchedState());
    if (state === 'delete') {
      keeper.delete(nodeId);
      modelKeeper.delete(nodeId);
    }
    watch.end();
    if (state !== 'leave') facts.forget(nodeId);
    if (state === 'delete') this.#ending(this.parts.keeper.forget(nodeId));
    else if (state === 'unwatched') this.#ending(this.parts.keeper.keep([watch.feed]));
    this.#ending(
      (async () => {
        const settled = Promise.all([keeper.settled(), modelKeeper.settled()]);
        await Promise.race([settled, new Promise((resolve) => setTimeout(resolve, LAST_WORD_MS))]);
        // Stopped in time: whoever holds the node next writes under a higher token, and is not to be overwritten.
        await Promise.all([keeper.stop(), modelKeeper.stop()]);
        await Promise.all((await answers).map((answer) => answer.stop()));
      })(),
    );
  }

  #ending(work: Promise<unknown>): void {
    const ended = work
      .catch((error: unknown) => {
        this.parts.world.onFault('', error);
      })
      .finally(() => this.#endings.delete(ended));
    this.#endings.add(ended);
  }

  #pulse(): void {
    this.#pulses += 1;
    const { bus, world } = this.parts;
    const { monitorId } = world;
    bus.publishPulse({ monitorId, seq: this.#pulses, impaired: this.impaired, nodes: this.#watched.size });
  }
}
