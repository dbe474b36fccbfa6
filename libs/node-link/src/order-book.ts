import type { NodeOrder, NodeOutcome } from '@muster/contracts';
import { limits } from './limits.js';

/** Carries an order out. What it throws is told as `failed`: the link goes on. */
export type CarryOut = (order: NodeOrder, traceparent: string | undefined) => Promise<NodeOutcome>;

/**
 * The orders that a node was given, on whichever of its links. Each id is carried out once: whoever sends it again, because
 * an outcome got lost with its link, gets the first outcome. Remembers the last 256, but not lines that were read, which are
 * large and change nothing; works on 32 at once; beyond, an order is refused as `node-busy` and not remembered.
 */
export class OrderBook {
  readonly #outcomes = new Map<string, Promise<NodeOutcome>>();
  #atHand = 0;

  constructor(private readonly carryOut: CarryOut) {}

  /** The outcome of this order, or of the first one with the same id. Never rejects. */
  async take(id: string, order: NodeOrder, traceparent?: string): Promise<NodeOutcome> {
    const before = this.#outcomes.get(id);
    if (before !== undefined) return before;
    if (this.#atHand >= limits.ordersAtHand) return { outcome: 'refused', code: 'node-busy' };
    this.#atHand += 1;
    const outcome = this.#do(order, traceparent);
    if (order.order === 'read-last-lines') return outcome;
    this.#outcomes.set(id, outcome);
    if (this.#outcomes.size > limits.outcomesKept) {
      const [oldest] = this.#outcomes.keys();
      if (oldest !== undefined) this.#outcomes.delete(oldest);
    }
    return outcome;
  }

  async #do(order: NodeOrder, traceparent: string | undefined): Promise<NodeOutcome> {
    try {
      return await this.carryOut(order, traceparent);
    } catch (error) {
      const words = error instanceof Error ? error.message : String(error);
      return { outcome: 'failed', words: words.slice(0, 512) };
    } finally {
      this.#atHand -= 1;
    }
  }
}
