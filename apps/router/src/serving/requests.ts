import { randomUUID } from 'node:crypto';
import type { RequestEvent, RouterPulse } from '@muster/contracts';
import type { Pool } from 'undici';
import type { Known } from '../known/known.js';
import { Minute } from '../limits/minute.js';
import { Slots } from '../slots/slots.js';
import { NodePools } from '../upstream/node-pools.js';
import { RetryBudget } from '../upstream/retry.js';
import { Deadlines } from './deadlines.js';
import type { Exchange } from './exchange.js';
import type { Serving } from './serving.js';

export interface RequestsOptions {
  readonly queueMs: number;
  readonly firstTokenMs: number;
  readonly answerMs: number;
  readonly wakeMs: number;
  readonly silenceMs: number;
  readonly commentEveryMs: number;
  readonly tell: (event: RequestEvent) => void;
  readonly now: () => string;
  readonly monotonicMs: () => number;
}

/** How long a connection to a node may take to come about. */
const CONNECT_MS = 3_000;

/** Every request that this router has, and what they share: slots, connections, deadlines, counts. */
export class Requests implements Serving {
  readonly router = randomUUID();
  readonly slots: Slots;
  readonly retries = new RetryBudget(new Minute(), new Minute());
  readonly #open: Deadlines<Exchange>;
  readonly #pools = new NodePools(CONNECT_MS);
  #accepted = 0;
  #finished = 0;
  #turnedAway = 0;
  #seq = 0;

  constructor(
    private readonly known: Known,
    private readonly options: RequestsOptions,
  ) {
    this.slots = new Slots({ random: Math.random, monotonicMs: options.monotonicMs, queueMs: options.queueMs });
    this.#open = new Deadlines(options.monotonicMs);
    known.onChange(() => {
      this.slots.update(known.places());
      this.#pools.keepOnly(new Set(known.nodes.keys()));
    });
  }

  get firstTokenMs(): number {
    return this.options.firstTokenMs;
  }

  get answerMs(): number {
    return this.options.answerMs;
  }

  get wakeMs(): number {
    return this.options.wakeMs;
  }

  get silenceMs(): number {
    return this.options.silenceMs;
  }

  get commentEveryMs(): number {
    return this.options.commentEveryMs;
  }

  now(): string {
    return this.options.now();
  }

  monotonicMs(): number {
    return this.options.monotonicMs();
  }

  tell(event: RequestEvent): void {
    this.options.tell(event);
  }

  wayTo(nodeId: string): { readonly pool: Pool; readonly authorization: string } | undefined {
    const node = this.known.nodes.get(nodeId);
    const authorization = this.known.authorization(nodeId);
    if (node?.certificate === undefined || authorization === undefined) return undefined;
    const { host, port, certificate } = node;
    return { pool: this.#pools.of({ nodeId, host, port, certificate }), authorization };
  }

  get hasAllModels(): boolean {
    return this.known.hasAllModels;
  }

  modelNames(keyId: string | undefined): readonly string[] {
    const allowed = keyId === undefined ? undefined : this.known.keys.byId(keyId)?.models;
    const names = new Set(this.known.places().map(({ model }) => model));
    return [...names].filter((name) => allowed === undefined || allowed.includes(name)).sort();
  }

  open(exchange: Exchange): void {
    this.#accepted += 1;
    this.retries.request(this.monotonicMs());
    this.#open.add(exchange);
  }

  close(exchange: Exchange): void {
    this.#finished += 1;
    this.#open.remove(exchange);
  }

  /** A call that never became a request. */
  turnedAway(): void {
    this.#turnedAway += 1;
  }

  /** How many calls never became one. */
  get turnedAwayCount(): number {
    return this.#turnedAway;
  }

  /** How many requests are not ended. */
  get atHand(): number {
    return this.#open.size;
  }

  pulse(facts: { readonly waiting: number; readonly lost: number }): RouterPulse {
    this.#seq += 1;
    return {
      router: this.router,
      seq: this.#seq,
      accepted: this.#accepted,
      finished: this.#finished,
      inFlight: this.#open.size - this.slots.queued,
      queued: this.slots.queued,
      turnedAway: this.#turnedAway,
      factsWaiting: facts.waiting,
      factsLost: facts.lost,
      executors: this.slots.load
        .filter(({ place, inFlight }) => place.state !== 'away' || inFlight > 0)
        .map(({ place: { nodeId, executorId, slots }, inFlight }) => ({ nodeId, executorId, inFlight, slots })),
    };
  }

  /** Ends whatever is not ended yet, each with its error, and closes every connection. */
  async stop(): Promise<void> {
    this.slots.close();
    for (const exchange of this.#open.all) exchange.stop('router-stopping');
    this.#open.stop();
    await this.#pools.close();
  }
}
