import {
  ExecutorParameters,
  MOST_EXECUTORS,
  type Model,
  type NodeOrder,
  type NodeOutcome,
  type NodeRefusal,
  type SomeParameters,
  withParameters,
} from '@muster/contracts';
import type { Executor } from './executor.js';
import { executorIdOf } from './executor-id.js';
import type { ExternalExecutors } from './external-executors.js';
import type { KeptFiles, WantedExecutor } from './kept-files.js';

/** What orders are about. */
export interface OrderedExecutors {
  /** The node is stopping. */
  readonly closing: () => boolean;
  readonly own: ReadonlyMap<string, Executor>;
  readonly external: ExternalExecutors;
  readonly model: (modelId: string) => Model | undefined;
  readonly files: Pick<KeptFiles, 'lastLines'>;
  /** Writes down what is wanted of one, and then takes it up. Throws when the disk does not take it; then nothing was changed. */
  readonly want: (wanted: WantedExecutor) => Executor;
}

const refused = (code: (typeof NodeRefusal)['_zod']['output'], words?: string): NodeOutcome => ({
  outcome: 'refused',
  code,
  ...(words === undefined ? {} : { words: words.slice(0, 512) }),
});

const done = (executor: Executor, cancelled?: number): NodeOutcome => ({
  outcome: 'done',
  done: {
    executorId: executor.wanted.executorId,
    model: executor.wanted.name,
    restartNeeded: executor.restartNeeded,
    ...(cancelled === undefined ? {} : { cancelled }),
  },
});

/** Carries out what a Gateway orders: what is wanted is written down first, and the answer says that it was. */
export class ExecutorOrders {
  constructor(private readonly executors: OrderedExecutors) {}

  /** Throws when what is wanted could not be written down; then nothing was changed. */
  carryOut(order: NodeOrder): NodeOutcome {
    const { closing, own } = this.executors;
    if (closing()) return refused('node-stopping');
    if (order.order === 'start') return this.#start(order.modelId, order.parameters);
    const executor = own.get(order.executorId);
    return executor === undefined ? this.#ofExternal(order) : this.#ofOwn(executor, order);
  }

  #start(modelId: string, parameters: SomeParameters | undefined): NodeOutcome {
    const { model: modelOf, external, own, want } = this.executors;
    const model = modelOf(modelId);
    if (model === undefined) {
      const offered = external.models().some((each) => each.modelId === modelId);
      return refused(offered ? 'executor-not-ours' : 'model-unknown');
    }
    if (model.problem !== undefined) return refused('model-not-usable', `This model can not be used: ${model.problem}`);
    const executorId = executorIdOf(modelId);
    const before = own.get(executorId);
    if (this.#enabledBeside(executorId) >= MOST_EXECUTORS) return refused('too-many-executors');
    const { name, kind } = model;
    const executor = want(
      before?.want({ enabled: true, parameters, name }) ?? {
        executorId,
        modelId,
        name,
        kind,
        enabled: true,
        parameters: withParameters(ExecutorParameters.parse({}), parameters ?? {}),
      },
    );
    executor.order('start');
    return done(executor);
  }

  #ofOwn(executor: Executor, order: Exclude<NodeOrder, { order: 'start' }>): NodeOutcome {
    const { want, files } = this.executors;
    const { executorId, enabled } = executor.wanted;
    switch (order.order) {
      case 'stop':
        want(executor.want({ enabled: false }));
        executor.order('stop');
        return done(executor);
      case 'start-again':
        if (this.#enabledBeside(executorId) >= MOST_EXECUTORS) return refused('too-many-executors');
        want(executor.want({ enabled: true }));
        executor.order('start');
        return done(executor);
      case 'restart':
        if (!enabled) return refused('executor-not-wanted');
        executor.order('restart');
        return done(executor);
      case 'configure':
        want(executor.want({ parameters: order.parameters }));
        return done(executor);
      case 'cancel':
        return done(executor, executor.gate.cancelAll());
      case 'read-last-lines':
        return { outcome: 'lines', lines: files.lastLines(executorId) ?? { executorId, lines: [] } };
    }
  }

  /** What runs here anyway is not ours to start, stop or change: only what this node sent there can be ended. */
  #ofExternal(order: Exclude<NodeOrder, { order: 'start' }>): NodeOutcome {
    const found = this.executors.external.find(({ executorId }) => executorId === order.executorId);
    if (found === undefined) return refused('executor-unknown');
    const { executorId, name: model } = found;
    if (order.order === 'read-last-lines') return { outcome: 'lines', lines: { executorId, lines: [] } };
    if (order.order !== 'cancel') return refused('executor-not-ours');
    const cancelled = found.gate.cancelAll();
    return { outcome: 'done', done: { executorId, model, restartNeeded: false, cancelled } };
  }

  #enabledBeside(executorId: string): number {
    return [...this.executors.own.values()].filter(({ wanted }) => wanted.enabled && wanted.executorId !== executorId)
      .length;
  }
}
