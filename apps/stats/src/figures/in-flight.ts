import type { RequestEvent } from '@muster/contracts';
import type { Tracked } from '../requests/tracked.js';

/** On which node a request is, and since when in ms since 1970. */
export interface Stay {
  readonly nodeId: string;
  readonly sinceMs: number;
}

/** Where a request under way is; undefined while it waits for a slot, and once it is over. */
export function stayOf({ view, facts }: Tracked): Stay | undefined {
  if (view.state !== 'running' || view.nodeId === undefined) return undefined;
  const { nodeId } = view;
  const placed = facts.findLast((fact) => fact.type !== 'RequestFinished' && fact.data.nodeId === nodeId);
  return { nodeId, sinceMs: Date.parse(placed?.data.at ?? view.acceptedAt) };
}

/** The stay that an end tells of whose beginning was not told. */
export function stayTold(event: RequestEvent): Stay | undefined {
  if (event.type !== 'RequestFinished' || event.data.nodeId === undefined) return undefined;
  const { nodeId, totalMs, queueMs, at } = event.data;
  return { nodeId, sinceMs: Date.parse(at) - Math.max(0, totalMs - queueMs) };
}

/** How many requests are on each node, in the order in which that became known. */
export class InFlight {
  readonly #byNode = new Map<string, number>();
  #now = 0;

  get now(): number {
    return this.#now;
  }

  on(nodeId: string): number {
    return this.#byNode.get(nodeId) ?? 0;
  }

  add(nodeId: string, times: 1 | -1): void {
    this.#now += times;
    const left = this.on(nodeId) + times;
    if (left === 0) this.#byNode.delete(nodeId);
    else this.#byNode.set(nodeId, left);
  }
}
