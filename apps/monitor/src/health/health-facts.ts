import { setTimeout as sleep } from 'node:timers/promises';
import type { Actor, FactMeta, HealthEvent } from '@muster/contracts';
import { CommandReused, type EventStore, VersionConflict } from '@muster/event-store';
import type { Ids } from '@muster/service';
import { outsideTraces } from '@muster/tracing';

/** The monitor itself, when it tells what it observes. */
export const MONITOR: Actor = { kind: 'gateway', id: 'monitor', name: 'Monitor' };

/** At six a minute: more than ten minutes without a database. Beyond, the oldest are left out and counted. */
const MAX_WAITING = 64;
const RETRY_MS = { first: 250, longest: 5_000 };

/** A fact that waits: with `meta` when somebody ordered it, else the monitor's own. */
interface Waiting {
  readonly event: HealthEvent;
  readonly meta?: FactMeta;
}

interface Line {
  waiting: Waiting[];
  leftOut: number;
  version: number;
  writing: Promise<void> | undefined;
  over: boolean;
}

/**
 * Appends what is observed of nodes, each node's facts in order and each once. While the database is away they wait here,
 * and whoever observed them does not.
 */
export class HealthFacts {
  readonly #lines = new Map<string, Line>();
  readonly #stopping = new AbortController();

  constructor(
    private readonly store: Pick<EventStore, 'append'>,
    private readonly ids: Ids,
    private readonly onTrouble: (error: unknown) => void,
  ) {}

  tell(nodeId: string, events: readonly HealthEvent[]): void {
    this.#add(
      nodeId,
      events.map((event) => ({ event })),
    );
  }

  /** A fact that somebody ordered: it is appended under that order, so that a repeated one adds nothing. */
  order(nodeId: string, event: HealthEvent, meta: FactMeta): void {
    this.#add(nodeId, [{ event, meta }]);
  }

  #add(nodeId: string, events: readonly Waiting[]): void {
    if (events.length === 0 || this.#stopping.signal.aborted) return;
    const line = this.#lines.get(nodeId) ?? { waiting: [], leftOut: 0, version: 0, writing: undefined, over: false };
    this.#lines.set(nodeId, line);
    line.waiting.push(...events);
    line.leftOut += line.waiting.splice(0, Math.max(0, line.waiting.length - MAX_WAITING)).length;
    // For whoever tells something next too: no part of what is at hand now.
    line.writing ??= outsideTraces(() => this.#write(nodeId, line)).finally(() => {
      line.writing = undefined;
    });
  }

  /** Another monitor goes on with this node, or the node is gone: what could not be written yet is tried once more, no longer. */
  forget(nodeId: string): void {
    const line = this.#lines.get(nodeId);
    if (line !== undefined) line.over = true;
    this.#lines.delete(nodeId);
  }

  /** Writes what waits, for a while; then gives it up. */
  async stop(withinMs = 2_000): Promise<void> {
    const all = Promise.allSettled([...this.#lines.values()].map(({ writing }) => writing));
    await Promise.race([all, sleep(withinMs, undefined, { ref: false })]);
    this.#stopping.abort();
    await all;
  }

  async #write(nodeId: string, line: Line): Promise<void> {
    let failures = 0;
    while (line.waiting.length > 0 && !this.#stopping.signal.aborted) {
      const { batch, meta: ordered } = this.#nextBatch(line);
      let meta = ordered ?? { actor: MONITOR, commandId: this.ids.uuid(), correlationId: this.ids.uuid() };
      // The same batch under the same command until it is known to be there: an unknown outcome adds nothing twice.
      for (let written = false; !written && !this.#stopping.signal.aborted;) {
        try {
          line.version = (await this.store.append(`health-${nodeId}`, line.version, batch, meta)).version;
          written = true;
          failures = 0;
        } catch (error) {
          if (error instanceof VersionConflict) {
            line.version = error.current;
            continue;
          }
          // The same id was used for another node: what happened is told all the same.
          if (error instanceof CommandReused) {
            meta = { ...meta, commandId: this.ids.uuid() };
            continue;
          }
          failures += 1;
          if (line.over) return;
          if (failures === 1) this.onTrouble(error);
          const waitMs = Math.min(RETRY_MS.longest, RETRY_MS.first * 2 ** failures);
          await sleep(waitMs, undefined, { signal: this.#stopping.signal }).catch(() => undefined);
        }
      }
    }
  }

  /** What waits up to the next fact that has an order of its own, or that one. */
  #nextBatch(line: Line): { batch: HealthEvent[]; meta: FactMeta | undefined } {
    const [first] = line.waiting;
    const next = line.waiting.findIndex(({ meta }) => meta !== undefined);
    const end = first?.meta !== undefined ? 1 : next < 0 ? line.waiting.length : next;
    const batch = line.waiting.splice(0, end).map(({ event }) => event);
    return { batch: this.#summedUp(line, batch), meta: first?.meta };
  }

  /** What is told, and in its last change of status how much could not be. */
  #summedUp(line: Line, batch: HealthEvent[]): HealthEvent[] {
    const last = batch.findLastIndex(({ type }) => type === 'NodeStatusChanged');
    const change = batch[last];
    if (line.leftOut === 0 || change?.type !== 'NodeStatusChanged') return batch;
    const leftOut = (change.data.leftOut ?? 0) + line.leftOut;
    line.leftOut = 0;
    return batch.with(last, { ...change, data: { ...change.data, leftOut } });
  }
}
