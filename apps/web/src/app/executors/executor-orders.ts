import { inject, Service } from '@angular/core';
import { type ExecutorDone, routes, type SomeParameters } from '@muster/contracts';
import type * as z from 'zod/mini';
import { Api } from '../api/api.js';
import type { Outcome } from '../api/outcome.js';
import type { ExecutorAction } from './executor-words.js';

type Done = Promise<Outcome<z.output<typeof ExecutorDone>>>;

const routeOf = {
  start: routes.startExecutorAgain,
  'start-again': routes.startExecutorAgain,
  stop: routes.stopExecutor,
  'cancel-start': routes.stopExecutor,
  restart: routes.restartExecutor,
  'cancel-requests': routes.cancelRequests,
} as const satisfies Record<ExecutorAction, unknown>;

/** What can be ordered of executors, whichever page orders it. */
@Service()
export class ExecutorOrders {
  readonly #api = inject(Api);

  /** Wants an executor for a model of a node from now on. `commandId` makes a second try harmless. */
  startModel(nodeId: string, modelId: string, parameters: SomeParameters | undefined, commandId?: string): Done {
    const body = { modelId, ...(parameters !== undefined && { parameters }) };
    return this.#api.call(routes.startExecutor, {
      params: { nodeId },
      body,
      ...(commandId !== undefined && { commandId }),
    });
  }

  act(action: ExecutorAction, nodeId: string, executorId: string): Done {
    return this.#api.call(routeOf[action], { params: { nodeId, executorId } });
  }

  configure(nodeId: string, executorId: string, parameters: SomeParameters, commandId: string): Done {
    return this.#api.call(routes.configureExecutor, { params: { nodeId, executorId }, body: parameters, commandId });
  }

  lastLines(nodeId: string, executorId: string) {
    return this.#api.call(routes.readLastLines, { params: { nodeId, executorId } });
  }
}
