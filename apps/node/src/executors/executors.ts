import { performance } from 'node:perf_hooks';
import {
  type Executor as ExecutorView,
  ExecutorParameters,
  type ExecutorSample,
  MOST_EXECUTORS,
  type Model,
  type NodeOrder,
  type NodeOutcome,
  type NodeRefusal,
  type SomeParameters,
  withParameters,
} from '@muster/contracts';
import type { Engine, EngineAddress } from '../engines/engine.js';
import type { ExternalServers } from '../engines/external-server.js';
import type { Log } from '../log.js';
import { Executor, type ExecutorTimes, type ExecutorWorld } from './executor.js';
import { executorIdOf } from './executor-id.js';
import { ExternalExecutors } from './external-executors.js';
import type { KeptFiles, LeftRun, WantedExecutor } from './kept-files.js';
import { endLeftRuns } from './processes.js';

/** What the executors need of the node. */
export interface ExecutorsParts {
  readonly engines: readonly Engine[];
  readonly external: Pick<ExternalServers, 'current'>;
  /** The model files that are there now. */
  readonly models: () => readonly Model[];
  /** What a start would take of the memory that is free now, where that is known. */
  readonly memory: ExecutorWorld['memory'];
  readonly files: KeptFiles;
  readonly log: Pick<Log, 'write'>;
  readonly now: () => string;
  readonly newId: () => string;
  /** Told of each change of what is listed, at most once a second but for changes of state. */
  readonly changed: () => void;
  readonly times?: Partial<ExecutorTimes>;
  /** Monotonic milliseconds; those of the process unless told otherwise. */
  readonly nowMs?: () => number;
}

const TIMES: ExecutorTimes = { drainMs: 30_000, stopGraceMs: 5_000, queueMs: 5 * 60_000 };
const TICK_MS = 1_000;

/** When the node stops, what is in flight gets so long, and each process so long to end. */
const CLOSE_MS = { drain: 3_000, grace: 2_000 };

type Refused = Extract<NodeOutcome, { outcome: 'refused' }>;
const refused = (code: (typeof NodeRefusal)['_zod']['output'], words?: string): Refused => ({
  outcome: 'refused',
  code,
  ...(words === undefined ? {} : { words: words.slice(0, 512) }),
});

/** What a request finds: an executor by its id or by what it serves. */
export interface RequestTarget {
  readonly executorId: string;
  readonly name: string;
  readonly kind: 'chat' | 'embedding';
  readonly gate: Executor['gate'];
  /** To be called before the gate is entered: one that is asleep is loaded again. */
  wake(): void;
  /** A request has ended. */
  count(failed: boolean): void;
}

/** All executors of the node: what is wanted of them, kept on the disk; what they are; and what is ordered of them. */
export class Executors {
  readonly #executors = new Map<string, Executor>();
  readonly #external: ExternalExecutors;
  readonly #world: ExecutorWorld;
  readonly #runs = new Map<string, LeftRun>();
  readonly #stopListening: (() => void)[] = [];
  #timer: NodeJS.Timeout | undefined;
  #states = '';
  #closing = false;

  constructor(private readonly parts: ExecutorsParts) {
    const { engines, files, log, now, newId } = parts;
    const times = { ...TIMES, ...parts.times };
    const { nowMs = () => performance.now() } = parts;
    this.#external = new ExternalExecutors(parts.external, { now, nowMs, queueMs: times.queueMs });
    this.#world = {
      engines,
      model: (modelId) => parts.models().find((model) => model.modelId === modelId),
      memory: parts.memory,
      files,
      times,
      now,
      nowMs,
      newId,
      log: (level, message, span) => log.write(level, 'executor', message, span),
      noteRun: (run) => {
        this.#runs.set(run.runId, run);
        files.keepRuns([...this.#runs.values()]);
      },
      forgetRun: (runId) => this.#forgetRun(runId),
      changed: () => this.#tell(),
    };
  }

  /** Ends what an earlier life left behind, then starts what is wanted. Call it when the models are known. */
  async start(): Promise<void> {
    const { files, log, engines } = this.parts;
    const left = files.runs();
    const ended = await endLeftRuns(left);
    if (ended > 0)
      log.write('warning', 'executor', `Ended ${ended} processes that an earlier life of the node left behind`);
    this.#saveRuns();

    const wanted = files.wanted().map((each) => ({ ...each, enabled: each.enabled && each.parameters.autostart }));
    files.keepOnly(new Set(wanted.map(({ executorId }) => executorId)));
    for (const each of wanted) this.#executors.set(each.executorId, new Executor(each, this.#world));
    for (const engine of engines) this.#stopListening.push(engine.onAvailability(() => this.unblock()));
    this.#external.tick();
    for (const executor of this.#executors.values()) if (executor.wanted.enabled) executor.order('start');
    this.#timer = setInterval(() => this.tick(), TICK_MS);
  }

  /** An engine or a model may be there now that was not before. */
  unblock(): void {
    if (!this.#closing) for (const executor of this.#executors.values()) executor.unblock();
  }

  /** Ends every process of its own. Resolves when nothing of them is left; what is wanted stays as it is. */
  async close(): Promise<void> {
    this.#closing = true;
    clearInterval(this.#timer);
    for (const stop of this.#stopListening.splice(0)) stop();
    const { drain, grace } = CLOSE_MS;
    await Promise.all([
      this.#external.close(drain),
      ...[...this.#executors.values()].map((executor) => executor.close(drain, grace)),
    ]);
  }

  /** Every executor, its own first. One that is neither wanted nor has a model any more is not listed. */
  views(): ExecutorView[] {
    const models = new Set(this.parts.models().map(({ modelId }) => modelId));
    const own = [...this.#executors.values()]
      .filter(({ wanted, phase }) => wanted.enabled || phase !== 'offline' || models.has(wanted.modelId))
      .map((executor) => executor.view());
    return [...own, ...this.#external.views()].slice(0, MOST_EXECUTORS);
  }

  samples(): ExecutorSample[] {
    const own = [...this.#executors.values()].map((executor) => executor.sample());
    return [...own, ...this.#external.samples()].slice(0, MOST_EXECUTORS);
  }

  /** Where processes of its own and servers answer now. */
  addresses(): EngineAddress[] {
    const own = [...this.#executors.values()].flatMap(({ address }) => address ?? []);
    return [...own, ...this.parts.external.current().map(({ address }) => address)];
  }

  /** The models that servers offer which run here anyway. */
  externalModels(): Model[] {
    return this.#external.models();
  }

  byId(executorId: string): RequestTarget | undefined {
    const own = this.#executors.get(executorId);
    return own ? targetOf(own) : this.#externalTarget((each) => each.executorId === executorId);
  }

  /** By what requests ask for: of several with the same name one that answers, else one that is on its way, else any. */
  byName(name: string): RequestTarget | undefined {
    const named = [...this.#executors.values()].filter(({ wanted }) => wanted.name === name);
    const answers = named.find(({ phase }) => phase === 'online' || phase === 'asleep');
    const external = answers === undefined ? this.#externalTarget((each) => each.name === name) : undefined;
    if (external !== undefined) return external;
    const best = answers ?? named.find(({ wanted }) => wanted.enabled) ?? named[0];
    return best && targetOf(best);
  }

  /** Carries an order out. Throws when what is wanted could not be written down; then nothing was changed. */
  carryOut(order: NodeOrder): Promise<NodeOutcome> {
    return Promise.resolve().then(() => {
      if (this.#closing) return refused('node-stopping');
      if (order.order === 'start') return this.#start(order.modelId, order.parameters);
      const executor = this.#executors.get(order.executorId);
      if (executor === undefined) return this.#orderOfExternal(order);
      switch (order.order) {
        case 'stop':
          this.#keep(executor, { enabled: false });
          executor.order('stop');
          return done(executor);
        case 'start-again':
          if (this.#enabledOthers(executor) >= MOST_EXECUTORS) return refused('too-many-executors');
          this.#keep(executor, { enabled: true });
          executor.order('start');
          return done(executor);
        case 'restart':
          if (!executor.wanted.enabled) return refused('executor-not-wanted');
          executor.order('restart');
          return done(executor);
        case 'configure':
          this.#keep(executor, { parameters: order.parameters });
          return done(executor);
        case 'cancel':
          return done(executor, executor.gate.cancelAll());
        case 'read-last-lines':
          return this.#lastLines(order.executorId);
      }
    });
  }

  #start(modelId: string, parameters: SomeParameters | undefined): NodeOutcome {
    const model = this.#world.model(modelId);
    if (model === undefined)
      return this.#external.models().some((each) => each.modelId === modelId)
        ? refused('executor-not-ours')
        : refused('model-unknown');
    if (model.problem !== undefined) return refused('model-not-usable', `This model can not be used: ${model.problem}`);
    const executorId = executorIdOf(modelId);
    const before = this.#executors.get(executorId);
    if (this.#enabledOthers(before) >= MOST_EXECUTORS) return refused('too-many-executors');
    const { name, kind } = model;
    if (before !== undefined) {
      this.#keep(before, { enabled: true, parameters, name });
      before.order('start');
      return done(before);
    }
    const wanted: WantedExecutor = {
      executorId,
      modelId,
      name,
      kind,
      enabled: true,
      parameters: withParameters(ExecutorParameters.parse({}), parameters ?? {}),
    };
    const executor = new Executor(wanted, this.#world);
    this.#forgetOld();
    this.parts.files.keepWanted([...this.#wantedAll(), wanted]);
    this.#executors.set(executorId, executor);
    executor.order('start');
    return done(executor);
  }

  #orderOfExternal(order: Exclude<NodeOrder, { order: 'start' }>): NodeOutcome {
    const external = this.#external.find(({ executorId }) => executorId === order.executorId);
    if (external === undefined) return refused('executor-unknown');
    if (order.order === 'read-last-lines')
      return { outcome: 'lines', lines: { executorId: order.executorId, lines: [] } };
    if (order.order !== 'cancel') return refused('executor-not-ours');
    const cancelled = external.gate.cancelAll();
    const { executorId, name: model } = external;
    return { outcome: 'done', done: { executorId, model, restartNeeded: false, cancelled } };
  }

  #lastLines(executorId: string): NodeOutcome {
    return { outcome: 'lines', lines: this.parts.files.lastLines(executorId) ?? { executorId, lines: [] } };
  }

  /** Writes down what is wanted, and only then takes it up. */
  #keep(executor: Executor, change: Parameters<Executor['want']>[0]): void {
    const wanted = executor.want(change);
    this.parts.files.keepWanted(
      this.#wantedAll().map((each) => (each.executorId === wanted.executorId ? wanted : each)),
    );
    executor.set(wanted);
  }

  #wantedAll(): WantedExecutor[] {
    return [...this.#executors.values()].map(({ wanted }) => wanted);
  }

  #enabledOthers(executor: Executor | undefined): number {
    return [...this.#executors.values()].filter((each) => each !== executor && each.wanted.enabled).length;
  }

  /** What was set for models that nobody wants served is kept, for so many of them: the oldest is forgotten. */
  #forgetOld(): void {
    if (this.#executors.size < 2 * MOST_EXECUTORS) return;
    const old = [...this.#executors.values()].find(({ wanted, phase }) => !wanted.enabled && phase === 'offline');
    if (old !== undefined) this.#executors.delete(old.wanted.executorId);
  }

  #forgetRun(runId: string): void {
    this.#runs.delete(runId);
    this.#saveRuns();
  }

  #saveRuns(): void {
    try {
      this.parts.files.keepRuns([...this.#runs.values()]);
    } catch (error) {
      // What is noted too much is looked for in vain at the next start.
      const why = error instanceof Error ? error.message : String(error);
      this.parts.log.write('error', 'executor', `The list of processes could not be written: ${why}`);
    }
  }

  #externalTarget(wanted: Parameters<ExternalExecutors['find']>[0]): RequestTarget | undefined {
    const found = this.#external.find(wanted);
    return found && { ...found, wake: () => undefined };
  }

  /** Time went on; called once a second by itself. */
  tick(): void {
    this.#external.tick();
    for (const executor of this.#executors.values()) executor.tick();
    this.parts.changed();
  }

  /** A change of state is told at once; all else with the next beat. */
  #tell(): void {
    const states = [...this.#executors.values()].map((each) => `${each.wanted.executorId} ${each.phase}`).join();
    if (states === this.#states) return;
    this.#states = states;
    this.parts.changed();
  }
}

const done = (executor: Executor, cancelled?: number): NodeOutcome => ({
  outcome: 'done',
  done: {
    executorId: executor.wanted.executorId,
    model: executor.wanted.name,
    restartNeeded: executor.restartNeeded,
    ...(cancelled === undefined ? {} : { cancelled }),
  },
});

const targetOf = (executor: Executor): RequestTarget => ({
  executorId: executor.wanted.executorId,
  name: executor.wanted.name,
  kind: executor.wanted.kind,
  gate: executor.gate,
  wake: () => executor.wake(),
  count: (failed) => executor.count(failed),
});
