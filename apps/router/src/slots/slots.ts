import { type Candidate, choose } from './choice.js';
import { FairQueue } from './fair-queue.js';
import type { Place } from './place.js';

export interface SlotsOptions {
  readonly random: () => number;
  readonly monotonicMs: () => number;
  /** How long a request waits for a slot. */
  readonly queueMs: number;
}

export interface Ask {
  readonly model: string;
  /** Whose turn it is in the queue: the key's id. */
  readonly key: string;
  readonly prefix: number | undefined;
  /** Places that have failed this request already. */
  readonly except: ReadonlySet<string> | undefined;
}

/** A slot that was taken. Whoever took it gives it back, once. */
export interface Held {
  readonly place: Place;
  /** Gives it back; `tookMs` when the answer was whole. */
  release(tookMs?: number): void;
  /** Gives it back and sends nobody there for a while: the executor could not be reached, or said that it has no room. */
  failed(why: 'unreachable' | 'busy', holdBackMs?: number): void;
}

export type Claim =
  | { readonly outcome: 'claimed'; readonly held: Held }
  | { readonly outcome: 'model-unknown' }
  | { readonly outcome: 'model-offline' }
  | { readonly outcome: 'queue-full'; readonly retryAfterMs: number }
  | { readonly outcome: 'waiting'; readonly waiter: Waiter };

/** A request in the queue. */
export interface Waiter {
  /** The slot, or undefined when the time ran out or it was taken out of the queue. */
  readonly slot: Promise<Held | undefined>;
  /** How many are before it, and how many wait in all. */
  position(): { ahead: number; waiting: number };
  /** Takes it out of the queue. A slot that it was given in the same moment comes with `slot` and is to be given back. */
  leave(): void;
}

/** The shortest queue that a model has, however few slots there are. */
const SHORTEST_QUEUE = 30;
const HOLD_BACK_MS = { unreachable: 2_000, busy: 500 };
/** What an executor took of late counts for so long. */
const RECENT_FOR_MS = 10_000;
const RECENT_WEIGHT = 0.3;

class Executor implements Candidate {
  /** Requests of this router. */
  own = 0;
  /** Requests of other routers, as they told it last. */
  elsewhere = 0;
  heldBackUntilMs = 0;
  #recentMs: number | undefined;
  #recentAtMs = 0;

  constructor(
    public place: Place,
    private readonly monotonicMs: () => number,
  ) {}

  get id(): string {
    return this.place.id;
  }

  get slots(): number {
    return this.place.slots;
  }

  get inFlight(): number {
    return this.own + this.elsewhere;
  }

  get recentMs(): number | undefined {
    return this.monotonicMs() - this.#recentAtMs > RECENT_FOR_MS ? undefined : this.#recentMs;
  }

  took(ms: number): void {
    const before = this.recentMs;
    this.#recentMs = before === undefined ? ms : before + RECENT_WEIGHT * (ms - before);
    this.#recentAtMs = this.monotonicMs();
  }
}

interface Entry {
  readonly ask: Ask;
  /** Ends its waiting, with a slot or without. It is out of the queue by then. */
  end(executor: Executor | undefined): void;
}

interface Group {
  readonly executors: Executor[];
  readonly queue: FairQueue<Entry>;
}

/**
 * Every slot there is, and who has it. Requests in flight are counted here, at the moment a slot is given, and not from what
 * nodes report: two requests of this router never get the same slot. Those of other routers count as they tell them, a moment
 * later. A queue for each model, of twice as many places as the model has slots
 * and never less than 30; whoever finds it full is told so at once.
 */
export class Slots {
  readonly #executors = new Map<string, Executor>();
  readonly #groups = new Map<string, Group>();
  #queued = 0;
  #inFlight = 0;
  #changes = 0;

  constructor(private readonly options: SlotsOptions) {}

  get queued(): number {
    return this.#queued;
  }

  get inFlight(): number {
    return this.#inFlight;
  }

  /** Every place with what is in flight there. */
  get load(): { place: Place; inFlight: number }[] {
    return [...this.#executors.values()].map(({ place, own }) => ({ place, inFlight: own }));
  }

  /** Grows with each slot that is taken or given back. */
  get changes(): number {
    return this.#changes;
  }

  /**
   * Takes up what so many other routers have in flight, by the place's id: as many slots are taken there. Its equal part of the
   * slots, one at least, stays this router's: else one that is never idle would keep them from the others for ever.
   */
  others(routers: number, inFlight: ReadonlyMap<string, number>): void {
    const freed = new Set<string>();
    for (const executor of this.#executors.values()) {
      const ownPart = Math.max(1, Math.floor(executor.slots / (routers + 1)));
      const now = Math.max(0, Math.min(inFlight.get(executor.id) ?? 0, executor.slots - ownPart));
      if (now < executor.elsewhere) freed.add(executor.place.model);
      executor.elsewhere = now;
    }
    for (const model of freed) this.#serve(model);
  }

  /** Takes up what is known now. Requests in flight on a place that is gone go on; nobody new is sent there. */
  update(places: readonly Place[]): void {
    const known = new Set<string>();
    const models = new Set<string>();
    for (const group of this.#groups.values()) group.executors.length = 0;
    for (const place of places) {
      known.add(place.id);
      const executor = this.#executors.get(place.id) ?? new Executor(place, this.options.monotonicMs);
      executor.place = place;
      this.#executors.set(place.id, executor);
      this.#group(place.model).executors.push(executor);
      models.add(place.model);
    }
    for (const [id, executor] of this.#executors)
      if (!known.has(id)) {
        executor.place = { ...executor.place, state: 'away' };
        if (executor.own === 0) this.#executors.delete(id);
      }
    for (const [model, { queue }] of this.#groups)
      if (!models.has(model) && queue.size === 0) this.#groups.delete(model);
    for (const model of models) this.#serve(model);
  }

  /** Takes a slot, or a place in the queue. Never waits. */
  claim(ask: Ask): Claim {
    const group = this.#groups.get(ask.model);
    if (group === undefined || group.executors.length === 0) return { outcome: 'model-unknown' };
    // Whoever waits already comes first; what they leave they can not use.
    this.#serve(ask.model);
    const executor = this.#find(group, ask);
    if (executor !== undefined) return { outcome: 'claimed', held: this.#take(executor) };
    const present = group.executors.filter(({ place, id }) => place.state !== 'away' && !ask.except?.has(id));
    if (present.length === 0) return { outcome: 'model-offline' };
    const slots = present.reduce((sum, { place }) => sum + place.slots, 0);
    if (group.queue.size >= Math.max(SHORTEST_QUEUE, 2 * slots))
      return { outcome: 'queue-full', retryAfterMs: this.#roomAfterMs(group, slots) };
    return { outcome: 'waiting', waiter: this.#wait(group, ask) };
  }

  /** Whether some other place could take the request now or soon. */
  hasOther(model: string, except: ReadonlySet<string>): boolean {
    const group = this.#groups.get(model);
    return group?.executors.some(({ place, id }) => place.state !== 'away' && !except.has(id)) ?? false;
  }

  /** Whoever waits gets nothing any more. */
  close(): void {
    for (const { queue } of this.#groups.values()) for (const entry of queue.drain()) entry.end(undefined);
  }

  #group(model: string): Group {
    const there = this.#groups.get(model);
    if (there !== undefined) return there;
    const group: Group = { executors: [], queue: new FairQueue() };
    this.#groups.set(model, group);
    return group;
  }

  #find({ executors }: Group, ask: Ask): Executor | undefined {
    return this.#findAmong(executors, 'ready', ask) ?? this.#findAmong(executors, 'spare', ask);
  }

  #findAmong(executors: readonly Executor[], state: Place['state'], ask: Ask): Executor | undefined {
    const nowMs = this.options.monotonicMs();
    const able = executors.filter(
      ({ place, heldBackUntilMs, id }) => place.state === state && heldBackUntilMs <= nowMs && !ask.except?.has(id),
    );
    return choose(able, { prefix: ask.prefix, random: this.options.random });
  }

  #take(executor: Executor): Held {
    executor.own += 1;
    this.#inFlight += 1;
    this.#changes += 1;
    let held = true;
    const giveBack = (tookMs: number | undefined) => {
      if (!held) return;
      held = false;
      executor.own -= 1;
      this.#inFlight -= 1;
      this.#changes += 1;
      if (tookMs !== undefined) executor.took(tookMs);
      const { place } = executor;
      if (executor.own === 0 && place.state === 'away' && !this.#isListed(executor)) this.#executors.delete(place.id);
      this.#serve(place.model);
    };
    return {
      place: executor.place,
      release: giveBack,
      failed: (why, holdBackMs = HOLD_BACK_MS[why]) => {
        this.#holdBack(executor, why, holdBackMs);
        giveBack(undefined);
      },
    };
  }

  /** A node that can not be reached has nobody on it who can. */
  #holdBack({ id, place: { nodeId } }: Executor, why: 'unreachable' | 'busy', holdBackMs: number): void {
    const untilMs = this.options.monotonicMs() + holdBackMs;
    const meant = [...this.#executors.values()].filter(
      (each) => each.id === id || (why === 'unreachable' && each.place.nodeId === nodeId),
    );
    for (const each of meant) each.heldBackUntilMs = Math.max(each.heldBackUntilMs, untilMs);
    const models = new Set(meant.map(({ place }) => place.model));
    setTimeout(() => {
      for (const model of models) this.#serve(model);
    }, holdBackMs + 1).unref();
  }

  #isListed(executor: Executor): boolean {
    return this.#groups.get(executor.place.model)?.executors.includes(executor) ?? false;
  }

  #wait(group: Group, ask: Ask): Waiter {
    const { key } = ask;
    const { queue } = group;
    let settle: (held: Held | undefined) => void = () => undefined;
    const slot = new Promise<Held | undefined>((resolve) => (settle = resolve));
    const entry: Entry = {
      ask,
      end: (executor) => {
        clearTimeout(timer);
        this.#queued -= 1;
        settle(executor && this.#take(executor));
      },
    };
    const leave = () => {
      if (queue.remove(key, entry)) entry.end(undefined);
    };
    const timer = setTimeout(leave, this.options.queueMs);
    queue.push(key, entry);
    this.#queued += 1;
    return { slot, position: () => ({ ahead: queue.ahead(key, entry) ?? 0, waiting: queue.size }), leave };
  }

  /** Gives free slots to whoever waits, each in its turn. */
  #serve(model: string): void {
    const group = this.#groups.get(model);
    while (group !== undefined && group.queue.size > 0 && group.executors.some(hasRoom)) {
      let found: Executor | undefined;
      const entry = group.queue.take(({ ask }) => (found = this.#find(group, ask)) !== undefined);
      if (entry === undefined || found === undefined) return;
      entry.end(found);
    }
  }

  /** When the queue should have moved on, as far as one can tell. */
  #roomAfterMs({ executors, queue }: Group, slots: number): number {
    const known = executors.flatMap(({ recentMs }) => (recentMs === undefined ? [] : [recentMs]));
    const each = known.length === 0 ? 1_000 : known.reduce((sum, ms) => sum + ms, 0) / known.length;
    return Math.min(30_000, Math.max(1_000, (each * queue.size) / Math.max(1, slots)));
  }
}

const hasRoom = ({ inFlight, slots }: Executor): boolean => inFlight < slots;
