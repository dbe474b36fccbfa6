import { performance } from 'node:perf_hooks';
import {
  type Executor as ExecutorView,
  type ExecutorSample,
  MOST_EXECUTORS,
  type Model,
  type NodeOrder,
  type NodeOutcome,
} from '@muster/contracts';
import type { Engine, EngineAddress } from '../engines/engine.js';
import type { ExternalServers } from '../engines/external-server.js';
import type { Log } from '../log.js';
import { Executor } from './executor.js';
import { ExecutorOrders } from './executor-orders.js';
import { type ExecutorTimes, type ExecutorWorld, wordsOfError } from './executor-world.js';
import { ExternalExecutors } from './external-executors.js';
import type { KeptFiles, LeftRun, WantedExecutor } from './kept-files.js';
import { endLeftRuns } from './processes.js';
import { externalTarget, ownTarget, type RequestTarget } from './request-target.js';

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

/** All executors of the node: what is wanted of them, kept on the disk, and what they are. */
export class Executors {
  readonly #executors = new Map<string, Executor>();
  readonly #external: ExternalExecutors;
  readonly #orders: ExecutorOrders;
  readonly #world: ExecutorWorld;
  readonly #runs = new Map<string, LeftRun>();
  /** Of an earlier life. */
  readonly #left: readonly LeftRun[];
  readonly #stopListening: (() => void)[] = [];
  #timer: NodeJS.Timeout | undefined;
  #states = '';
  #closing = false;

  /** Knows at once what is wanted, and starts nothing yet. */
  constructor(private readonly parts: ExecutorsParts) {
    const { engines, files, log, now, newId, memory } = parts;
    const times = { ...TIMES, ...parts.times };
    const { nowMs = () => performance.now() } = parts;
    const model = (modelId: string) => parts.models().find((each) => each.modelId === modelId);
    this.#external = new ExternalExecutors(parts.external, { now, nowMs, queueMs: times.queueMs });
    this.#world = {
      engines,
      model,
      memory,
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
      forgetRun: (runId) => {
        this.#runs.delete(runId);
        this.#saveRuns();
      },
      changed: () => this.#tell(),
    };
    this.#orders = new ExecutorOrders({
      closing: () => this.#closing,
      own: this.#executors,
      external: this.#external,
      model,
      files,
      want: (wanted) => this.#want(wanted),
    });
    for (const each of files.wanted()) {
      const wanted = { ...each, enabled: each.enabled && each.parameters.autostart };
      this.#executors.set(each.executorId, new Executor(wanted, this.#world));
    }
    files.keepOnly(new Set(this.#executors.keys()));
    this.#left = files.runs();
    for (const run of this.#left) this.#runs.set(run.runId, run);
  }

  /** Ends what an earlier life left behind, then starts what is wanted. Call it when the models are known. */
  async start(): Promise<void> {
    const { log, engines } = this.parts;
    const ended = await endLeftRuns(this.#left);
    if (ended > 0)
      log.write('warning', 'executor', `Ended ${ended} processes that an earlier life of the node left behind`);
    for (const { runId } of this.#left) this.#runs.delete(runId);
    this.#saveRuns();
    if (this.#closing) return;
    for (const engine of engines) this.#stopListening.push(engine.onAvailability(() => this.unblock()));
    this.#external.tick();
    for (const executor of this.#executors.values()) if (executor.wanted.enabled) executor.order('start');
    this.#timer = setInterval(() => this.tick(), TICK_MS);
  }

  /** An engine or a model may be there now that was not before. */
  unblock(): void {
    if (!this.#closing) for (const executor of this.#executors.values()) executor.unblock();
  }

  /** Time went on; called once a second by itself. */
  tick(): void {
    this.#external.tick();
    for (const executor of this.#executors.values()) executor.tick();
    this.parts.changed();
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

  /** Carries an order out. Rejects when what is wanted could not be written down; then nothing was changed. */
  async carryOut(order: NodeOrder): Promise<NodeOutcome> {
    return Promise.resolve(this.#orders.carryOut(order));
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
    return own ? ownTarget(own) : externalTarget(this.#external.find((each) => each.executorId === executorId));
  }

  /** By what requests ask for: of several with the same name one that answers, else one that is on its way, else any. */
  byName(name: string): RequestTarget | undefined {
    const named = [...this.#executors.values()].filter(({ wanted }) => wanted.name === name);
    const answers = named.find(({ phase }) => phase === 'online' || phase === 'asleep');
    if (answers !== undefined) return ownTarget(answers);
    const external = externalTarget(this.#external.find((each) => each.name === name));
    const best = named.find(({ wanted }) => wanted.enabled) ?? named[0];
    return external ?? (best && ownTarget(best));
  }

  /** Writes down what is wanted, and only then takes it up. */
  #want(wanted: WantedExecutor): Executor {
    const known = this.#executors.get(wanted.executorId);
    if (known === undefined) this.#forgetOld();
    const others = [...this.#executors.values()].filter((each) => each !== known);
    this.parts.files.keepWanted([...others.map((each) => each.wanted), wanted]);
    const executor = known ?? new Executor(wanted, this.#world);
    this.#executors.set(wanted.executorId, executor);
    executor.set(wanted);
    return executor;
  }

  /** What was set for models that nobody wants served is kept, for so many of them: the oldest is forgotten. */
  #forgetOld(): void {
    if (this.#executors.size < 2 * MOST_EXECUTORS) return;
    const old = [...this.#executors.values()].find(({ wanted, phase }) => !wanted.enabled && phase === 'offline');
    if (old !== undefined) this.#executors.delete(old.wanted.executorId);
  }

  /** What is noted too much is looked for in vain at the next start: a full disk stops nothing here. */
  #saveRuns(): void {
    try {
      this.parts.files.keepRuns([...this.#runs.values()]);
    } catch (error) {
      const words = `The list of processes could not be written: ${wordsOfError(error)}`;
      this.parts.log.write('error', 'executor', words);
    }
  }

  /** A change of state is told at once; all else with the next beat. */
  #tell(): void {
    const states = [...this.#executors.values()].map((each) => `${each.wanted.executorId} ${each.phase}`).join();
    if (states === this.#states) return;
    this.#states = states;
    this.parts.changed();
  }
}
