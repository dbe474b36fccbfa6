import {
  type Executor as ExecutorView,
  type ExecutorParameters,
  type ExecutorSample,
  type ExecutorState,
  type LogLevel,
  type Model,
  needsRestart,
  type SomeParameters,
  withParameters,
} from '@muster/contracts';
import type { Engine, EngineAddress, RunSpec } from '../engines/engine.js';
import type { LogSpan } from '../log.js';
import { chooseEngine } from './engine-choice.js';
import { type ExecutorInput, type ExecutorMachine, type Failure, offline, stepExecutor } from './executor-machine.js';
import { type CurrentRun, failureOf, LastOfLines } from './executor-run.js';
import { figuresOf } from './figures.js';
import { Gate } from './gate.js';
import type { KeptFiles, LeftRun, WantedExecutor } from './kept-files.js';
import { leftOutWords, LineBudget } from './line-budget.js';
import { processMark } from './processes.js';

/** How long things may take, in milliseconds. */
export interface ExecutorTimes {
  /** What is in flight when an executor is stopped may take so long to end. */
  readonly drainMs: number;
  /** Then its process is asked to end, and killed after so long. */
  readonly stopGraceMs: number;
  /** A request may wait so long for a slot, or for its executor to be loaded. */
  readonly queueMs: number;
}

/** What an executor needs of the node. */
export interface ExecutorWorld {
  readonly engines: readonly Engine[];
  readonly model: (modelId: string) => Model | undefined;
  /** What a start would take of the memory that is free now; undefined where that is not known. */
  readonly memory: (model: Model, parameters: ExecutorParameters) => { needs: string; warning?: string } | undefined;
  readonly files: Pick<KeptFiles, 'keepLastLines'>;
  readonly times: ExecutorTimes;
  readonly now: () => string;
  readonly nowMs: () => number;
  readonly newId: () => string;
  readonly log: (level: LogLevel, message: string, span: LogSpan) => void;
  /** Writes down which processes there are, before and after each start. */
  readonly noteRun: (run: LeftRun) => void;
  readonly forgetRun: (runId: string) => void;
  /** Something that is told of it has changed. */
  readonly changed: () => void;
}

/** An executor that does not answer how it is for so many beats in a row, each of up to 5 s, is ended. */
const MOST_SILENT = 12;

const states: Record<Exclude<ExecutorMachine['phase'], 'blocked'>, ExecutorState> = {
  offline: 'offline',
  starting: 'starting',
  waiting: 'starting',
  online: 'online',
  asleep: 'online',
  stopping: 'stopping',
  failed: 'failed',
};

/** One executor of the node's own: its state machine, its process, its gate and its counts. */
export class Executor {
  readonly gate: Gate<EngineAddress>;
  #wanted: WantedExecutor;
  #machine: ExecutorMachine = offline;
  #run: CurrentRun | undefined;
  #since: string;
  #state: ExecutorState = 'offline';
  /** What is in the way, as the log has it already. */
  #blockedFor: string | undefined;
  #requests = 0;
  #errors = 0;

  constructor(
    wanted: WantedExecutor,
    private readonly world: ExecutorWorld,
  ) {
    this.#wanted = wanted;
    this.#since = world.now();
    this.gate = new Gate(world.nowMs, world.times.queueMs);
  }

  get wanted(): WantedExecutor {
    return this.#wanted;
  }

  get phase(): ExecutorMachine['phase'] {
    return this.#machine.phase;
  }

  /** The process and process group of its run. */
  get pid(): number | undefined {
    return this.#run?.process.pid;
  }

  /** Where its process answers, until it has ended. */
  get address(): EngineAddress | undefined {
    return this.#run?.ready?.address;
  }

  get restartNeeded(): boolean {
    return this.#run !== undefined && needsRestart(this.#run.parameters, this.#wanted.parameters);
  }

  /** What is wanted of it, as it was written down. */
  want(change: { enabled?: boolean; parameters?: SomeParameters | undefined; name?: string }): WantedExecutor {
    const { parameters, ...rest } = change;
    return {
      ...this.#wanted,
      ...rest,
      parameters: parameters ? withParameters(this.#wanted.parameters, parameters) : this.#wanted.parameters,
    };
  }

  /** Takes up what was written down. */
  set(wanted: WantedExecutor): void {
    this.#wanted = wanted;
    this.world.changed();
  }

  order(type: 'start' | 'stop' | 'restart'): void {
    this.#give({ type });
  }

  /** A request is coming: one that is asleep is loaded again. */
  wake(): void {
    this.#give({ type: 'wake' });
  }

  /** An engine or the model may be there now. */
  unblock(): void {
    this.#give({ type: 'unblocked' });
  }

  /** A request has ended. */
  count(failed: boolean): void {
    this.#requests += 1;
    if (failed) this.#errors += 1;
  }

  /** Time went on, about a second. */
  tick(): void {
    this.#give({ type: 'tick', nowMs: this.world.nowMs() });
    const { idleUnloadMinutes } = this.#wanted.parameters;
    if (idleUnloadMinutes > 0 && this.gate.idleMs >= idleUnloadMinutes * 60_000) this.#give({ type: 'idle' });
    void this.#askHealth();
  }

  /** Ends it for good, as the node service does. Resolves when nothing of it is left. */
  async close(drainMs: number, graceMs: number): Promise<void> {
    const run = this.#run;
    this.#give({ type: 'stop' });
    if (run === undefined) return;
    await this.gate.emptyWithin(drainMs);
    await run.process.stop(graceMs);
  }

  view(): ExecutorView {
    const { executorId, modelId, name, kind, enabled, parameters } = this.#wanted;
    const run = this.#run;
    const failure = this.#failure();
    const words = this.#words();
    const sleeps = this.#sleeps();
    return {
      executorId,
      modelId,
      model: name,
      kind,
      engine: run?.engineName ?? 'built-in',
      managed: true,
      state: this.#state,
      since: this.#since,
      ...(words === undefined ? {} : { words: words.slice(0, 512) }),
      enabled,
      asleep: sleeps,
      ...(this.#state === 'starting' && run?.progress !== undefined ? { progress: run.progress } : {}),
      slots: run?.ready?.slots ?? parameters.slots,
      inFlight: this.gate.inFlight,
      queued: this.gate.queued,
      contextTokens: run?.ready?.contextTokens ?? parameters.contextTokens,
      parameters,
      restartNeeded: this.restartNeeded,
      ...(run && { run: run.runId, startedAt: run.startedAt }),
      restarts: this.#machine.restarts,
      ...(failure && { failure }),
    };
  }

  sample(): ExecutorSample {
    return {
      executorId: this.#wanted.executorId,
      inFlight: this.gate.inFlight,
      queued: this.gate.queued,
      ...figuresOf(this.#run?.health ?? {}),
      requests: this.#requests,
      errors: this.#errors,
    };
  }

  #sleeps(): boolean {
    const machine = this.#machine;
    return machine.phase === 'asleep' || (machine.phase === 'stopping' && machine.next === 'sleep');
  }

  #failure(): Failure | undefined {
    const machine = this.#machine;
    return machine.phase === 'failed' ? machine.failure : machine.lastFailure;
  }

  #words(): string | undefined {
    const machine = this.#machine;
    switch (machine.phase) {
      case 'blocked':
      case 'waiting':
      case 'starting':
        return machine.words;
      case 'failed':
        return machine.failure.words;
      case 'asleep':
        return 'Unloaded while idle; the next request loads it';
      case 'stopping':
        return this.gate.inFlight > 0 ? 'Requests in flight may end first' : undefined;
      case 'offline':
      case 'online':
        return undefined;
    }
  }

  #give(input: ExecutorInput): void {
    const before = this.#machine;
    const { machine, action } = stepExecutor(before, input);
    if (machine === before && action === undefined) return;
    this.#machine = machine;
    this.#moveGate();
    if (action === 'launch') this.#launch();
    if (action === 'halt') void this.#halt(machine.phase === 'stopping' && machine.next === 'sleep');
    const state = this.#stateNow();
    if (state !== this.#state) this.#since = this.world.now();
    this.#state = state;
    this.world.changed();
  }

  #stateNow(): ExecutorState {
    const machine = this.#machine;
    if (machine.phase === 'blocked') return machine.hopeless ? 'failed' : 'starting';
    return this.#sleeps() ? 'online' : states[machine.phase];
  }

  /** Requests wait where there will be a process, and are refused where there will be none. */
  #moveGate(): void {
    const machine = this.#machine;
    const ready = this.#run?.ready;
    if (machine.phase === 'online' && ready !== undefined) return this.gate.open(ready.address, ready.slots);
    const comes =
      machine.phase === 'starting' ||
      machine.phase === 'waiting' ||
      machine.phase === 'asleep' ||
      (machine.phase === 'blocked' && !machine.hopeless) ||
      (machine.phase === 'stopping' && machine.next !== 'offline');
    if (comes) this.gate.hold(this.#wanted.parameters.slots);
    else this.gate.shut(`The executor is ${this.#stateNow()}`);
  }

  #launch(): void {
    const { world } = this;
    const { executorId, modelId } = this.#wanted;
    const model = world.model(modelId);
    if (model?.path === undefined) return this.#blocked('The file of its model is not there', true);
    if (model.problem !== undefined) return this.#blocked(`Its model can not be used: ${model.problem}`, true);
    const chosen = chooseEngine(world.engines);
    if (chosen.choice === 'none') return this.#blocked(chosen.words, !chosen.passing);
    this.#wanted = { ...this.#wanted, name: model.name, kind: model.kind };

    const runId = world.newId();
    const { parameters } = this.#wanted;
    const run: Omit<CurrentRun, 'process'> = {
      runId,
      engineName: chosen.engine.name,
      parameters,
      startedAt: world.now(),
      lines: new LastOfLines(world.now),
      budget: new LineBudget(world.nowMs()),
      progress: undefined,
      ready: undefined,
      health: undefined,
      silent: 0,
      asking: false,
      endedFor: undefined,
    };
    const span = { executorId, executorRun: runId };
    try {
      // Before there is a process: one that nobody knows of could not be ended after a crash of the node.
      world.noteRun({ runId, executorId });
      const process = chosen.engine.start(specOf(runId, model, this.#wanted), {
        line: (level, text) => {
          run.lines.add(level, text);
          this.#logLine(run, level, text, span);
        },
        progress: (loaded) => {
          if (this.#run?.runId !== runId) return;
          this.#run.progress = Math.min(1, Math.max(0, loaded));
          world.changed();
        },
      });
      this.#run = Object.assign(run, { process });
    } catch (error) {
      world.forgetRun(runId);
      return this.#blocked(error instanceof Error ? error.message : String(error), true);
    }
    this.#blockedFor = undefined;
    const memory = world.memory(model, parameters);
    world.log(
      'info',
      `${model.name} starts on ${chosen.engine.name}, run ${runId}. ${memory?.needs ?? ''}`.trim(),
      span,
    );
    if (memory?.warning !== undefined) world.log('warning', memory.warning, span);
    this.#follow(this.#run);
  }

  #blocked(words: string, hopeless: boolean): void {
    const { executorId } = this.#wanted;
    if (this.#blockedFor !== words)
      this.world.log(hopeless ? 'error' : 'info', `${this.#wanted.name} waits: ${words}`, { executorId });
    this.#blockedFor = words;
    this.#machine = stepExecutor(this.#machine, { type: 'blocked', words, hopeless }).machine;
    this.#moveGate();
  }

  #follow(run: CurrentRun): void {
    const { world } = this;
    const { executorId, name } = this.#wanted;
    const span = { executorId, executorRun: run.runId };
    const { pid } = run.process;
    if (pid !== undefined) {
      void processMark(pid).then((mark) => {
        if (mark !== undefined && this.#run === run) world.noteRun({ runId: run.runId, executorId, pid, mark });
      });
    }
    run.process.ready.then(
      (ready) => {
        if (this.#run !== run) return;
        run.ready = ready;
        world.log('info', `${name} is online`, span);
        this.#give({ type: 'ready' });
      },
      // Its end tells it too, and comes in any case.
      () => undefined,
    );
    void run.process.exited.then((exit) => {
      world.forgetRun(run.runId);
      const failure = failureOf(exit, run.endedFor);
      const asked = this.#machine.phase === 'stopping' || this.#machine.phase === 'offline';
      this.#run = undefined;
      const leftOut = run.budget.rest();
      if (leftOut > 0) world.log('warning', leftOutWords(leftOut), span);
      world.log(asked ? 'info' : 'error', `${name} ended. ${failure.words}`, span);
      if (!asked) this.#keepLines(run, failure);
      this.#give({ type: 'exited', failure, nowMs: world.nowMs() });
    });
  }

  #logLine(run: Pick<CurrentRun, 'budget'>, level: LogLevel, text: string, span: LogSpan): void {
    const { write, leftOut } = run.budget.take(this.world.nowMs());
    if (leftOut > 0) this.world.log('warning', leftOutWords(leftOut), span);
    if (write) this.world.log(level, text, span);
  }

  /** Only a person's look needs them: a disk that is full takes nothing else away. */
  #keepLines(run: CurrentRun, failure: Failure): void {
    const { executorId } = this.#wanted;
    try {
      const endedAt = this.world.now();
      this.world.files.keepLastLines({ executorId, run: run.runId, endedAt, failure, lines: run.lines.all() });
    } catch (error) {
      const why = error instanceof Error ? error.message : String(error);
      this.world.log('error', `The last lines could not be kept: ${why}`, { executorId, executorRun: run.runId });
    }
  }

  /** Lets what is in flight end, then the process. */
  async #halt(atOnce: boolean): Promise<void> {
    const run = this.#run;
    if (run === undefined) return;
    const { drainMs, stopGraceMs } = this.world.times;
    if (!atOnce) await this.gate.emptyWithin(drainMs);
    await run.process.stop(stopGraceMs);
  }

  async #askHealth(): Promise<void> {
    const run = this.#run;
    if (run?.ready === undefined || run.asking) return;
    run.asking = true;
    try {
      run.health = await run.process.health();
      run.silent = 0;
    } catch {
      run.silent += 1;
      if (run.silent === MOST_SILENT && this.#run === run) {
        run.endedFor = 'It did not answer any more';
        void run.process.stop(0);
      }
    } finally {
      run.asking = false;
    }
  }
}

function specOf(
  runId: string,
  { name, kind, path = '', contextLength }: Model,
  { parameters }: WantedExecutor,
): RunSpec {
  const { contextTokens, slots, gpuLayers, gpuBackend, threads, batchTokens } = parameters;
  return {
    runId,
    model: { name, kind, path },
    parameters: {
      contextTokens: Math.min(contextTokens, contextLength ?? contextTokens),
      slots,
      gpuBackend,
      batchTokens,
      ...(gpuLayers === 'auto' ? {} : { gpuLayers }),
      ...(threads === 'auto' ? {} : { threads }),
    },
  };
}
