import type { Bus, Call, Stoppable } from '@muster/bus';
import {
  CancelRequests,
  commandSubject,
  ConfigureExecutor,
  type executorOrders,
  type HealthEvent,
  type NodeOrder,
  type NodeOutcome,
  Outage,
  ReadLastLines,
  Refusal,
  RestartExecutor,
  StartExecutor,
  StartExecutorAgain,
  StopExecutor,
} from '@muster/contracts';
import { Unanswered } from '@muster/node-link';
import { beginSpan } from '@muster/tracing';
import type { HealthFacts } from '../health/health-facts.js';

export interface OrderParts {
  readonly bus: Pick<Bus, 'answer'>;
  readonly facts: Pick<HealthFacts, 'order'>;
  /** ISO 8601. */
  readonly now: () => string;
  /** Undefined while there is no link to the node. */
  readonly link: () =>
    { order(id: string, order: NodeOrder, options?: { traceparent?: string }): Promise<NodeOutcome> } | undefined;
}

type Ordered = (typeof executorOrders)[number];

/** Commands to one node that are worked on at once, of each kind. */
const CONCURRENCY = 8;

/** Answers what is ordered of one node's executors: over its link, and with the outcome. What the node took is a fact. */
export class ExecutorOrders {
  constructor(
    private readonly nodeId: string,
    private readonly parts: OrderParts,
  ) {}

  /** Every command, each on the subject of this node. */
  answer(): Promise<Stoppable>[] {
    const { nodeId } = this;
    const { bus } = this.parts;
    const at = <O extends Parameters<typeof commandSubject>[0]>(order: O) => ({
      subject: commandSubject(order, nodeId),
      concurrency: CONCURRENCY,
    });
    return [
      bus.answer(StartExecutor, (wanted, call) => this.#do({ order: 'start', ...wanted }, call), at(StartExecutor)),
      bus.answer(StopExecutor, (on, call) => this.#do({ order: 'stop', ...on }, call), at(StopExecutor)),
      bus.answer(
        StartExecutorAgain,
        (on, call) => this.#do({ order: 'start-again', ...on }, call),
        at(StartExecutorAgain),
      ),
      bus.answer(RestartExecutor, (on, call) => this.#do({ order: 'restart', ...on }, call), at(RestartExecutor)),
      bus.answer(ConfigureExecutor, (on, call) => this.#do({ order: 'configure', ...on }, call), at(ConfigureExecutor)),
      bus.answer(CancelRequests, (on, call) => this.#do({ order: 'cancel', ...on }, call), at(CancelRequests)),
      bus.answer(
        ReadLastLines,
        async (on, { caller }) => {
          const { outcome } = await this.#ask(caller.commandId, { order: 'read-last-lines', ...on });
          if (outcome.outcome !== 'lines') throw new Outage('node', 'The node answered something else');
          return outcome.lines;
        },
        at(ReadLastLines),
      ),
    ];
  }

  async #do(order: Extract<NodeOrder, { order: Ordered }>, { caller }: Call) {
    const { outcome, traceparent } = await this.#ask(caller.commandId, order);
    if (outcome.outcome !== 'done') throw new Outage('node', 'The node answered something else');
    const { executorId, model } = outcome.done;
    const parameters = 'parameters' in order ? order.parameters : undefined;
    const fact: HealthEvent = {
      type: 'ExecutorOrdered',
      data: {
        nodeId: this.nodeId,
        executorId,
        model,
        order: order.order,
        ...(parameters && { parameters }),
        at: this.parts.now(),
      },
    };
    const { actor, commandId, correlationId } = caller;
    const meta = { actor, commandId, correlationId, ...(traceparent === undefined ? {} : { traceparent }) };
    this.parts.facts.order(this.nodeId, fact, meta);
    return outcome.done;
  }

  /** What came of it, and the trace in which it did. */
  async #ask(
    id: string,
    order: NodeOrder,
  ): Promise<{ outcome: Extract<NodeOutcome, { outcome: 'done' | 'lines' }>; traceparent: string | undefined }> {
    const link = this.parts.link();
    if (link === undefined) throw new Refusal('node-not-connected');
    const span = beginSpan(`order ${order.order}`, 'client', {
      attributes: { 'muster.node.id': this.nodeId },
      onlyWithin: true,
    });
    const outcome = await link
      .order(id, order, span && { traceparent: span.traceparent })
      .catch((error: unknown) => {
        span?.failed(error);
        throw unanswered(error);
      })
      .finally(() => span?.end());
    switch (outcome.outcome) {
      case 'done':
      case 'lines':
        return { outcome, traceparent: span?.traceparent };
      case 'refused': {
        const { code, words, field } = outcome;
        throw new Refusal(code, {
          ...(words === undefined ? {} : { words }),
          ...(field === undefined ? {} : { field }),
        });
      }
      case 'failed':
        throw new Refusal('node-failed', { words: outcome.words });
    }
  }
}

/** What whoever ordered is told when no outcome came. */
function unanswered(error: unknown): unknown {
  if (!(error instanceof Unanswered)) return error;
  switch (error.why) {
    case 'too-old':
      return new Refusal('node-too-old');
    case 'too-many':
      return new Refusal('node-busy');
    case 'ended':
    case 'timed-out':
      return new Outage('node', 'The node did not say what came of it', { cause: error });
  }
}
