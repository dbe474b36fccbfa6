import { type HealthEvent, type Link, type NodeState, type Status, statusOf } from '@muster/contracts';
import type { Clock } from '@muster/service';
import { nothingToldOf, tellExecutors, type ToldExecutors } from '../executors/executor-teller.js';
import type { HealthFacts } from './health-facts.js';
import { nothingTold, tell, type Told } from './health-teller.js';

export interface ReportOptions {
  readonly nodeId: string;
  readonly monitorId: string;
  readonly clock: Clock;
  readonly facts: Pick<HealthFacts, 'tell'>;
  /** Gets the state whenever it has changed. */
  readonly onState: (state: NodeState) => void;
}

/** What is told of one node: its state on every change, and the facts that follow from it. */
export class NodeReport {
  #link: Link | undefined;
  #status: Status | undefined;
  /** The last status that was not only on the way to another one: it goes on when it comes back. */
  #lasting: Status | undefined;
  #told: Told;
  #hello: NodeState['hello'];
  #condition: NodeState['condition'];
  #executors: NodeState['executors'] = [];
  #toldExecutors: ToldExecutors;
  #ticket: NodeState['ticket'];
  /** The state that others have, to tell a change from none. */
  #text = '';

  constructor(
    private readonly options: ReportOptions,
    /** What was known of the node when this report began, by whoever watched it before. */
    before: NodeState | undefined,
  ) {
    const known = before?.status.reason === 'connecting' || before?.status.reason === 'unwatched' ? undefined : before;
    this.#lasting = known?.status;
    this.#told = nothingTold(known?.status);
    this.#hello = before?.hello;
    this.#ticket = before?.ticket;
    this.#toldExecutors = nothingToldOf(before?.executors ?? [], before !== undefined);
  }

  /** The link as it was told last. */
  get link(): Link | undefined {
    return this.#link;
  }

  /** What the node says of itself, as far as it is given. Told by the next `change`. */
  learn({ hello, condition, executors }: Partial<Pick<NodeState, 'hello' | 'condition' | 'executors'>>): void {
    if (hello !== undefined) this.#hello = hello;
    if (condition !== undefined) this.#condition = condition;
    if (executors !== undefined) {
      this.#executors = executors;
      this.#tellExecutors(executors);
    }
  }

  /** What inference calls carry, sealed; undefined from a node that issues none. */
  learnTicket(ticket: NodeState['ticket']): void {
    this.#ticket = ticket;
  }

  learnHardware(hardware: NonNullable<NodeState['hello']>['hardware']): void {
    if (this.#hello !== undefined) this.#hello = { ...this.#hello, hardware };
  }

  /** The link is gone, and with it what the node said of its condition. What it is made of stays known. */
  forgetCondition(): void {
    this.#condition = undefined;
    this.#executors = [];
  }

  /** Tells what has changed: status, facts, state. */
  change(activated: boolean, token: number, link: Link | undefined, happened: readonly HealthEvent[] = []): void {
    const at = this.options.clock.now();
    this.#link = link;
    const input = { activated, link, condition: this.#condition, executors: this.#executors };
    const status = statusOf(input, this.#lasting, at);
    const since = this.#status?.reason === status.reason ? this.#status.since : status.since;
    this.#status = { ...status, since };
    if (status.reason !== 'connecting' && status.reason !== 'settling') this.#lasting = this.#status;
    this.happened(...happened);
    const state = this.#state(token, this.#status, at);
    const text = JSON.stringify(state);
    if (text === this.#text) return;
    this.#text = text;
    this.options.onState(state);
  }

  /** Facts were left out, and are summed up as soon as there is room. */
  get owesFacts(): boolean {
    return this.#told.leftOut > 0;
  }

  /** Tells facts beside a change of status, and what was left out before, as far as there is room for it. */
  happened(...events: readonly HealthEvent[]): void {
    const { nodeId, clock, facts } = this.options;
    if (this.#status === undefined) return;
    const observed = { nodeId, status: this.#status, happened: events, at: clock.now(), nowMs: clock.monotonicMs() };
    const next = tell(this.#told, observed);
    this.#told = next.told;
    facts.tell(nodeId, next.facts);
  }

  /** The state to leave behind when nobody watches the node from now on. */
  unwatched(token: number): NodeState {
    const at = this.options.clock.now();
    const status = statusOf({ activated: true, link: undefined, condition: undefined, executors: [] }, undefined, at);
    this.#link = { phase: 'connecting', since: at };
    this.forgetCondition();
    return this.#state(token, status, at);
  }

  #tellExecutors(executors: NodeState['executors']): void {
    const { nodeId, clock, facts } = this.options;
    const observed = { nodeId, executors, at: clock.now(), nowMs: clock.monotonicMs() };
    const next = tellExecutors(this.#toldExecutors, observed);
    this.#toldExecutors = next.told;
    facts.tell(nodeId, next.facts);
  }

  #state(token: number, status: Status, at: string): NodeState {
    return {
      nodeId: this.options.nodeId,
      monitorId: this.options.monitorId,
      token,
      status,
      link: this.#link ?? { phase: 'down', cause: 'closed', since: at },
      ...(this.#hello && { hello: this.#hello }),
      ...(this.#condition && { condition: this.#condition }),
      executors: [...this.#executors],
      ...(this.#ticket && { ticket: this.#ticket }),
    };
  }
}
