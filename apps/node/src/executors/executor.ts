import {
  type Executor as ExecutorView,
  type ExecutorSample,
  type ExecutorState,
  needsRestart,
  type SomeParameters,
  withParameters,
} from '@muster/contracts';
import type { EngineAddress } from '../engines/engine.js';
import { BEING_WRITTEN } from '../models/describe-change.js';
import { chooseEngine } from './engine-choice.js';
import { type ExecutorInput, type ExecutorMachine, type Failure, offline, stepExecutor } from './executor-machine.js';
import { ExecutorRun } from './executor-run.js';
import { failureIn, isAsleep, isComing, stateOf, wordsOf } from './executor-view.js';
import { type ExecutorWorld, wordsOfError } from './executor-world.js';
import { figuresOf } from './figures.js';
import { Gate } from './gate.js';
import type { WantedExecutor } from './kept-files.js';

/** One executor of the node's own: its state machine, its run, its gate and its counts. */
export class Executor {
  readonly gate: Gate<EngineAddress>;
  #wanted: WantedExecutor;
  #machine: ExecutorMachine = offline;
  #run: ExecutorRun | undefined;
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
    // Wanted from an earlier life: it is started in a moment, and who asks before that waits.
    if (wanted.enabled) this.gate.hold(wanted.parameters.slots);
  }

  get wanted(): WantedExecutor {
    return this.#wanted;
  }

  get phase(): ExecutorMachine['phase'] {
    return this.#machine.phase;
  }

  /** Where its process answers, until it has ended. */
  get address(): EngineAddress | undefined {
    return this.#run?.ready?.address;
  }

  get restartNeeded(): boolean {
    return this.#run !== undefined && needsRestart(this.#run.parameters, this.#wanted.parameters);
  }

  /** What would be wanted of it after a change, to be written down before it is taken up. */
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
    void this.#run?.askHealth();
  }

  /** Ends it for good, as the node service does. Resolves when nothing of it is left. */
  async close(drainMs: number, graceMs: number): Promise<void> {
    const run = this.#run;
    this.#give({ type: 'stop' });
    if (run === undefined) return;
    await this.gate.emptyWithin(drainMs);
    await run.stop(graceMs);
  }

  view(): ExecutorView {
    const { executorId, modelId, name, kind, enabled, parameters } = this.#wanted;
    const run = this.#run;
    const failure = failureIn(this.#machine);
    const words = wordsOf(this.#machine, this.gate.inFlight);
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
      asleep: isAsleep(this.#machine),
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

  #give(input: ExecutorInput): void {
    const before = this.#machine;
    const { machine, action } = stepExecutor(before, input);
    if (machine === before && action === undefined) return;
    this.#machine = machine;
    this.#moveGate();
    if (action === 'launch') this.#launch();
    if (action === 'halt') void this.#halt();
    const state = stateOf(this.#machine);
    if (state !== this.#state) this.#since = this.world.now();
    this.#state = state;
    this.world.changed();
  }

  /** Requests wait where there will be a process, and are refused where there will be none. */
  #moveGate(): void {
    const ready = this.#run?.ready;
    if (this.#machine.phase === 'online' && ready !== undefined) this.gate.open(ready.address, ready.slots);
    else if (isComing(this.#machine)) this.gate.hold(this.#wanted.parameters.slots);
    else this.gate.shut(`The executor is ${stateOf(this.#machine)}`);
  }

  #launch(): void {
    const { engines, model: modelOf } = this.world;
    const model = modelOf(this.#wanted.modelId);
    if (model?.path === undefined) return this.#blocked('The file of its model is not there', true);
    // What is being written is whole in a moment: after a start of the node every file that is new looks like that.
    if (model.problem === BEING_WRITTEN) return this.#blocked('The file of its model is being written', false);
    if (model.problem !== undefined) return this.#blocked(`Its model can not be used: ${model.problem}`, true);
    const chosen = chooseEngine(engines);
    if (chosen.choice === 'none') return this.#blocked(chosen.words, !chosen.passing);
    this.#wanted = { ...this.#wanted, name: model.name, kind: model.kind };
    try {
      const run: ExecutorRun = new ExecutorRun(chosen.engine, model, this.#wanted, this.world, {
        ready: () => this.#give({ type: 'ready' }),
        exited: (failure) => this.#exited(run, failure),
      });
      this.#run = run;
      this.#blockedFor = undefined;
    } catch (error) {
      this.#blocked(wordsOfError(error), true);
    }
  }

  #blocked(words: string, hopeless: boolean): void {
    const { executorId, name } = this.#wanted;
    if (this.#blockedFor !== words)
      this.world.log(hopeless ? 'error' : 'info', `${name} waits: ${words}`, { executorId });
    this.#blockedFor = words;
    this.#machine = stepExecutor(this.#machine, { type: 'blocked', words, hopeless }).machine;
    this.#moveGate();
  }

  #exited(run: ExecutorRun, failure: Failure): void {
    const { executorId, name } = this.#wanted;
    const asked = this.#machine.phase === 'stopping';
    this.#run = undefined;
    const span = { executorId, executorRun: run.runId };
    this.world.log(asked ? 'info' : 'error', `${name} ended. ${failure.words}`, span);
    if (!asked) run.keepLines(failure);
    this.#give({ type: 'exited', failure, nowMs: this.world.nowMs() });
  }

  /** Lets what is in flight end, then the process. */
  async #halt(): Promise<void> {
    const run = this.#run;
    const { drainMs, stopGraceMs } = this.world.times;
    await this.gate.emptyWithin(drainMs);
    await run?.stop(stopGraceMs);
  }
}
