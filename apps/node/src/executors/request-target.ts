import type { EngineAddress } from '../engines/engine.js';
import type { Executor } from './executor.js';
import type { ExternalExecutor } from './external-executors.js';
import type { Gate } from './gate.js';

/** What a request finds: an executor by its id or by what it serves. */
export interface RequestTarget {
  readonly executorId: string;
  readonly name: string;
  readonly kind: 'chat' | 'embedding';
  readonly gate: Gate<EngineAddress>;
  /** To be called once the gate is asked: one that is asleep is loaded again. */
  wake(): void;
  /** A request has ended. */
  count(failed: boolean): void;
}

export const ownTarget = (executor: Executor): RequestTarget => ({
  executorId: executor.wanted.executorId,
  name: executor.wanted.name,
  kind: executor.wanted.kind,
  gate: executor.gate,
  wake: () => executor.wake(),
  count: (failed) => executor.count(failed),
});

/** A server that runs here anyway loads its models by itself. */
export const externalTarget = (external: ExternalExecutor | undefined): RequestTarget | undefined =>
  external && { ...external, wake: () => undefined };
