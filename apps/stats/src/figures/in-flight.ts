import type { RequestEvent } from '@muster/contracts';
import type { Stay } from '../requests/tracked.js';
import { msOf } from './moment.js';

/** The stay that an end tells of whose beginning was not told. */
export function stayTold(event: RequestEvent): Stay | undefined {
  if (event.type !== 'RequestFinished' || event.data.nodeId === undefined) return undefined;
  const { nodeId, totalMs, queueMs, at } = event.data;
  return { nodeId, sinceMs: msOf(at) - Math.max(0, totalMs - queueMs) };
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
