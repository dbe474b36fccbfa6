import { Controller } from '@nestjs/common';
import {
  type Caller,
  CancelRequests,
  commandSubject,
  ConfigureExecutor,
  type ExecutorDone,
  type LastLines,
  type Order,
  ReadLastLines,
  Refusal,
  type ReplyOf,
  RestartExecutor,
  routes,
  StartExecutor,
  StartExecutorAgain,
  StopExecutor,
} from '@muster/contracts';
import { AskOutage, type AskedWith, Bus } from '@muster/bus';
import type * as z from 'zod/mini';
import { type CallTo, Serves } from '../doors/serves.js';
import { FleetFeed } from '../fleet/fleet-feed.js';

type Done = Promise<ExecutorDone>;

/** Orders about executors: each goes to whichever monitor holds the node, and from there over its link. */
@Controller()
export class ExecutorsController {
  constructor(
    private readonly bus: Bus,
    private readonly fleet: FleetFeed,
  ) {}

  @Serves(routes.startExecutor)
  start({ params, body, caller, signal }: CallTo<typeof routes.startExecutor>): Done {
    return this.#order(StartExecutor, params.nodeId, body, caller, signal);
  }

  @Serves(routes.stopExecutor)
  stop({ params: { nodeId, executorId }, caller, signal }: CallTo<typeof routes.stopExecutor>): Done {
    return this.#order(StopExecutor, nodeId, { executorId }, caller, signal);
  }

  @Serves(routes.startExecutorAgain)
  startAgain({ params: { nodeId, executorId }, caller, signal }: CallTo<typeof routes.startExecutorAgain>): Done {
    return this.#order(StartExecutorAgain, nodeId, { executorId }, caller, signal);
  }

  @Serves(routes.restartExecutor)
  restart({ params: { nodeId, executorId }, caller, signal }: CallTo<typeof routes.restartExecutor>): Done {
    return this.#order(RestartExecutor, nodeId, { executorId }, caller, signal);
  }

  @Serves(routes.cancelRequests)
  cancel({ params: { nodeId, executorId }, caller, signal }: CallTo<typeof routes.cancelRequests>): Done {
    return this.#order(CancelRequests, nodeId, { executorId }, caller, signal);
  }

  @Serves(routes.configureExecutor)
  configure({ params, body, caller, signal }: CallTo<typeof routes.configureExecutor>): Done {
    const { nodeId, executorId } = params;
    return this.#order(ConfigureExecutor, nodeId, { executorId, parameters: body }, caller, signal);
  }

  @Serves(routes.readLastLines)
  lastLines({ params, caller, signal }: CallTo<typeof routes.readLastLines>): Promise<LastLines> {
    const { nodeId, executorId } = params;
    return this.#order(ReadLastLines, nodeId, { executorId }, caller, signal);
  }

  async #order<O extends Order<z.ZodMiniType, z.ZodMiniType, 'once'>>(
    order: O,
    nodeId: string,
    request: AskedWith<O>,
    caller: Caller,
    signal: AbortSignal,
  ): Promise<ReplyOf<O>> {
    await this.fleet.ready();
    if (!this.fleet.has(nodeId)) throw new Refusal('node-unknown');
    try {
      return await this.bus.ask(order, request, caller, { subject: commandSubject(order, nodeId), signal });
    } catch (error) {
      if (error instanceof AskOutage && error.problem === 'no-responders') throw new Refusal('node-not-connected');
      throw error;
    }
  }
}
