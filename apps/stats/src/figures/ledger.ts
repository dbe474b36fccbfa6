import { isOpen, type RequestEvent, type RequestOutcome, type RequestView } from '@muster/contracts';
import { lose, type Stay, takeFact, type Tracked } from '../requests/tracked.js';
import { Cell } from './cell.js';
import { InFlight, stayTold } from './in-flight.js';
import { slotOf } from './levels.js';
import { msOf } from './moment.js';
import type { KnownNames, Together } from './scope.js';
import { nodeOf, type RunTotals, type Totals } from './totals.js';

/** What is to be added to the four cells of requests that ended in one slot of the finest level, on one node, by one model and key. */
export interface CellChange {
  readonly slotMs: number;
  readonly together: Together;
  readonly cell: Cell;
}

/** What the facts taken since the last look have led to. */
export interface Changes {
  readonly requests: readonly Tracked[];
  /** How many of these were counted as accepted: nothing was kept of them before. */
  readonly accepted: number;
  readonly cells: readonly CellChange[];
  /** When each of those ended that have ended since, in ms since 1970. */
  readonly endedMs: readonly number[];
}

/** More requests than this under way at once, and the oldest is given up as lost: no system of this size has so many. */
export const MOST_OPEN = 100_000;

const endedStates = new Set<string>(['completed', 'failed', 'cancelled', 'refused']);
const outcomeOf = ({ state }: RequestView): RequestOutcome | undefined =>
  endedStates.has(state) ? (state as RequestOutcome) : undefined;

/**
 * Counts requests fact by fact. Every accepted one is at any moment in exactly one place: under way here, or in the count of
 * its outcome, or in that of the lost. The same facts lead to the same counts in any batching; a fact that comes again changes nothing.
 */
export class Ledger {
  readonly #open = new Map<string, Tracked>();
  readonly #inFlight = new InFlight();
  #changed = new Map<string, Tracked>();
  #cells = new Map<string, CellChange>();
  #endedMs: number[] = [];
  #accepted = 0;
  /** The places of nodes in the totals of this life. */
  #nodes = new Map<string, RunTotals['nodes'][string]>();
  #runAt = '';
  #runAtMs = 0;

  constructor(
    readonly totals: Totals,
    open: readonly Tracked[],
    private readonly names: KnownNames,
  ) {
    for (const tracked of open) {
      this.#open.set(tracked.view.requestId, tracked);
      if (tracked.stay !== undefined) this.#inFlight.add(tracked.stay.nodeId, 1);
    }
  }

  get open(): ReadonlyMap<string, Tracked> {
    return this.#open;
  }

  get inFlight(): Pick<InFlight, 'now' | 'on'> {
    return this.#inFlight;
  }

  /**
   * `stored` is what is kept of a request that is not under way: needed for those that may have been there before. `body` is the
   * event's data as JSON, where it is there already.
   */
  take(event: RequestEvent, stored?: Tracked, body?: string): void {
    this.#takeAfter(this.#knownOf(event) ?? stored, event, body);
  }

  /**
   * Takes many. Without `stored`, those alone whose request is under way, has just changed or begins with them: something may be kept of the
   * others. Returns which were not taken.
   */
  takeAll(events: readonly RequestEvent[], bodies: readonly string[], stored?: ReadonlyMap<string, Tracked>): number[] {
    const left: number[] = [];
    for (let n = 0; n < events.length; n += 1) {
      const event = events[n];
      if (event === undefined) continue;
      const before = this.#knownOf(event) ?? stored?.get(event.data.requestId);
      if (before === undefined && stored === undefined && event.type !== 'RequestStarted') left.push(n);
      else this.#takeAfter(before, event, bodies[n]);
    }
    return left;
  }

  #knownOf({ data }: RequestEvent): Tracked | undefined {
    return this.#open.get(data.requestId) ?? this.#changed.get(data.requestId);
  }

  #takeAfter(before: Tracked | undefined, event: RequestEvent, body: string | undefined): void {
    const { requestId, at } = event.data;
    const after = takeFact(before, event, body);
    if (after === before) return;
    if (before === undefined) {
      this.totals.accepted += 1;
      this.#accepted += 1;
    }
    this.#changed.set(requestId, after);
    this.#move(before, after, event);
    const outcome = outcomeOf(after.view);
    if (outcome === undefined) {
      if (isOpen(after.view)) this.#keep(requestId, after, at);
    } else if (before === undefined || outcomeOf(before.view) === undefined) {
      this.#open.delete(requestId);
      if (before?.view.state === 'lost') this.#countLost(before.view, -1);
      this.#countEnd(after.view, outcome);
    }
  }

  /** Gives up what is still under way of these. */
  lose(requestIds: Iterable<string>, at: string): void {
    for (const requestId of requestIds) {
      const before = this.#open.get(requestId);
      if (before === undefined) continue;
      const after = lose(before, at);
      this.#leave(before.stay, msOf(at));
      this.#open.delete(requestId);
      this.#changed.set(requestId, after);
      this.#countLost(after.view, 1);
    }
  }

  /** The Gateway has started anew: what is counted since then begins with these. */
  beginRun(run: RunTotals): void {
    this.totals.run = run;
    this.#nodes = new Map();
    for (const tracked of this.#open.values()) {
      if (tracked.stay !== undefined) this.#peak(tracked.stay.nodeId, run.at);
    }
  }

  /** What has changed since this was last asked. */
  changes(): Changes {
    const changes = {
      requests: [...this.#changed.values()],
      cells: [...this.#cells.values()],
      endedMs: this.#endedMs,
      accepted: this.#accepted,
    };
    this.#accepted = 0;
    this.#endedMs = [];
    this.#changed = new Map();
    this.#cells = new Map();
    return changes;
  }

  #keep(requestId: string, tracked: Tracked, at: string): void {
    this.#open.set(requestId, tracked);
    if (this.#open.size <= MOST_OPEN) return;
    const [oldest] = this.#open.keys();
    if (oldest !== undefined) this.lose([oldest], at);
  }

  /** Follows a request from node to node: how many are where, and for how long they were. */
  #move(before: Tracked | undefined, after: Tracked, event: RequestEvent): void {
    const from = before?.stay;
    const to = after.stay;
    if (from !== undefined && from.nodeId === to?.nodeId) return;
    const { at } = event.data;
    if (from !== undefined) this.#leave(from, msOf(at));
    else if (before === undefined || before.view.state === 'queued') this.#addTime(stayTold(event), msOf(at));
    if (to === undefined) return;
    this.#inFlight.add(to.nodeId, 1);
    this.#peak(to.nodeId, at);
  }

  #peak(nodeId: string, at: string): void {
    const { run } = this.totals;
    if (this.#inFlight.now > run.most) {
      run.most = this.#inFlight.now;
      run.mostAt = at;
    }
    const node = this.#nodeOf(nodeId);
    if (node !== undefined) node.most = Math.max(node.most, this.#inFlight.on(nodeId));
  }

  /** Undefined beyond the bound. */
  #nodeOf(nodeId: string): RunTotals['nodes'][string] | undefined {
    const known = this.#nodes.get(nodeId);
    if (known !== undefined) return known;
    const node = nodeOf(this.totals.run, nodeId);
    if (node !== undefined) this.#nodes.set(nodeId, node);
    return node;
  }

  #leave(stay: Stay | undefined, atMs: number): void {
    if (stay === undefined) return;
    this.#inFlight.add(stay.nodeId, -1);
    this.#addTime(stay, atMs);
  }

  #addTime(stay: Stay | undefined, untilMs: number): void {
    if (stay === undefined) return;
    const node = this.#nodeOf(stay.nodeId);
    if (node !== undefined) node.inFlightMs += Math.max(0, untilMs - Math.max(stay.sinceMs, this.#runMs()));
  }

  #countEnd(view: RequestView, outcome: RequestOutcome): void {
    const { ended, run } = this.totals;
    const { delayed } = run;
    const isDelayed = (view.totalMs ?? 0) > delayed.thresholdMs;
    const endedMs = msOf(view.endedAt ?? view.acceptedAt);
    ended[outcome] += 1;
    this.#endedMs.push(endedMs);
    if (endedMs >= this.#runMs()) {
      run.handled += 1;
      delayed.of += 1;
      if (isDelayed) delayed.count += 1;
    }
    this.#cellOf(view, endedMs).ended(view, isDelayed);
  }

  /** When this life of the Gateway began. */
  #runMs(): number {
    const { at } = this.totals.run;
    if (at !== this.#runAt) {
      this.#runAt = at;
      this.#runAtMs = msOf(at);
    }
    return this.#runAtMs;
  }

  #countLost(view: RequestView, times: 1 | -1): void {
    this.totals.ended.lost += times;
    this.#cellOf(view, msOf(view.endedAt ?? view.acceptedAt)).lost(times);
  }

  #cellOf(view: RequestView, endedMs: number): Cell {
    const slotMs = slotOf('10s', endedMs);
    const key = `${slotMs} ${view.nodeId ?? ''} ${view.keyId ?? ''} ${view.model}`;
    const known = this.#cells.get(key);
    if (known !== undefined) return known.cell;
    const cell = new Cell();
    this.#cells.set(key, { slotMs, together: this.names.togetherOf(view), cell });
    return cell;
  }
}

/** How much of a stay lies in this life of the Gateway. */
export const inRunMs = ({ at }: Pick<RunTotals, 'at'>, { sinceMs }: Stay, untilMs: number): number =>
  Math.max(0, untilMs - Math.max(sinceMs, msOf(at)));
