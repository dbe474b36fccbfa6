import type { Executor as ExecutorView, ExecutorSample, Model } from '@muster/contracts';
import type { EngineAddress } from '../engines/engine.js';
import type { ExternalModel, ExternalServer, ExternalServers } from '../engines/external-server.js';
import { executorIdOf } from './executor-id.js';
import { countOf, figuresOf } from './figures.js';
import { Gate } from './gate.js';

/** How many requests go at once to a server that does not tell how many it answers: it may queue itself. */
const EXTERNAL_SLOTS = 16;

interface Served {
  readonly executorId: string;
  readonly modelId: string;
  readonly server: ExternalServer;
  readonly model: ExternalModel;
}

interface Counted {
  readonly gate: Gate<EngineAddress>;
  readonly since: string;
  requests: number;
  errors: number;
  address: string;
}

/** One model of a server that runs here anyway, as requests find it. */
export interface ExternalExecutor {
  readonly executorId: string;
  readonly name: string;
  readonly kind: 'chat' | 'embedding';
  readonly gate: Gate<EngineAddress>;
  count(failed: boolean): void;
}

/** The models of servers that were here before us, as executors that are not ours to stop. They come and go as they please. */
export class ExternalExecutors {
  readonly #counted = new Map<string, Counted>();
  #served: readonly Served[] = [];

  constructor(
    private readonly servers: Pick<ExternalServers, 'current'>,
    private readonly options: { readonly nowMs: () => number; readonly now: () => string; readonly queueMs: number },
  ) {}

  /** Takes up which servers answer now. */
  tick(): void {
    this.#served = servedBy(this.servers.current());
    const present = new Set(this.#served.map(({ executorId }) => executorId));
    for (const [executorId, { gate }] of this.#counted) {
      if (present.has(executorId)) continue;
      gate.shut('The server that offered it is gone');
      this.#counted.delete(executorId);
    }
    for (const { executorId, server } of this.#served) {
      const { address } = server;
      const text = JSON.stringify([address, server.slots]);
      const counted = this.#counted.get(executorId) ?? this.#begin(executorId);
      if (counted.address === text) continue;
      counted.address = text;
      counted.gate.open(address, server.slots ?? EXTERNAL_SLOTS);
    }
  }

  find(wanted: (executor: { executorId: string; name: string }) => boolean): ExternalExecutor | undefined {
    const served = this.#served.find(({ executorId, model }) => wanted({ executorId, name: model.name }));
    const counted = served && this.#counted.get(served.executorId);
    if (served === undefined || counted === undefined) return undefined;
    return {
      executorId: served.executorId,
      name: served.model.name,
      kind: served.model.kind,
      gate: counted.gate,
      count: (failed) => {
        counted.requests += 1;
        if (failed) counted.errors += 1;
      },
    };
  }

  cancel(executorId: string): number | undefined {
    return this.#counted.get(executorId)?.gate.cancelAll();
  }

  models(): Model[] {
    return this.#served.map(({ modelId, model: { name, kind, family, quantisation, contextTokens, sizeBytes } }) => ({
      modelId,
      name,
      source: 'engine',
      kind,
      ...(family === undefined ? {} : { family: family.slice(0, 64) }),
      ...(quantisation === undefined ? {} : { quantisation: quantisation.slice(0, 64) }),
      ...(contextTokens === undefined || contextTokens < 1 ? {} : { contextLength: Math.floor(contextTokens) }),
      ...(sizeBytes === undefined ? {} : { sizeBytes: Math.floor(sizeBytes) }),
    }));
  }

  views(): ExecutorView[] {
    return this.#served.map(({ executorId, modelId, model, server }) => {
      const { gate, since } = this.#countedOf(executorId);
      return {
        executorId,
        modelId,
        model: model.name,
        kind: model.kind,
        engine: 'external',
        managed: false,
        state: 'online',
        since,
        words: `Served by ${server.kind}${server.version === undefined ? '' : ` ${server.version}`}`.slice(0, 512),
        enabled: true,
        asleep: model.loaded === false,
        slots: server.slots ?? EXTERNAL_SLOTS,
        inFlight: gate.inFlight,
        queued: gate.queued,
        ...(model.contextTokens === undefined ? {} : { contextTokens: Math.floor(model.contextTokens) }),
        restartNeeded: false,
        restarts: 0,
      };
    });
  }

  samples(): ExecutorSample[] {
    return this.#served.map(({ executorId, model, server }) => {
      const { gate, requests, errors } = this.#countedOf(executorId);
      // What a server tells is about all its models together: said where it has but one.
      const alone = server.models.length === 1 ? server.health : {};
      return {
        executorId,
        inFlight: Math.max(gate.inFlight, countOf(alone.inFlight)),
        queued: Math.max(gate.queued, countOf(alone.queued)),
        ...figuresOf({ ...alone, ...(model.vramBytes === undefined ? {} : { vramBytes: model.vramBytes }) }),
        requests,
        errors,
      };
    });
  }

  /** Takes nothing new; resolves when what is in flight has ended, or so much time is up. */
  async close(drainMs: number): Promise<void> {
    const gates = [...this.#counted.values()].map(({ gate }) => gate);
    for (const gate of gates) gate.shut('The node is stopping');
    await Promise.all(gates.map((gate) => gate.emptyWithin(drainMs)));
  }

  #begin(executorId: string): Counted {
    const { now, nowMs, queueMs } = this.options;
    const counted = {
      gate: new Gate<EngineAddress>(nowMs, queueMs),
      since: now(),
      requests: 0,
      errors: 0,
      address: '',
    };
    this.#counted.set(executorId, counted);
    return counted;
  }

  #countedOf(executorId: string): Counted {
    return this.#counted.get(executorId) ?? this.#begin(executorId);
  }
}

/** Each model of each server under an id of its own: of two servers of a kind, the second one's say where it is. */
function servedBy(servers: readonly ExternalServer[]): Served[] {
  const taken = new Set<string>();
  return servers.flatMap((server) =>
    server.models.flatMap((model) => {
      const short = `${server.kind}/${model.name}`;
      const modelId = taken.has(short) ? `${server.kind}@${new URL(server.address.origin).host}/${model.name}` : short;
      if (taken.has(modelId) || modelId.length > 256 || model.name === '') return [];
      taken.add(modelId);
      return [{ executorId: executorIdOf(modelId), modelId, server, model }];
    }),
  );
}
