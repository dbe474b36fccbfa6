import type { ExecutorParameters, LogLevel, Model } from '@muster/contracts';
import type { Engine, EngineHealth, EngineRun, Exit, ReadyRun, RunSpec } from '../engines/engine.js';
import type { LogSpan } from '../log.js';
import type { Failure } from './executor-machine.js';
import { type ExecutorWorld, wordsOfError } from './executor-world.js';
import type { WantedExecutor } from './kept-files.js';
import { LastOfLines } from './last-lines.js';
import { leftOutWords, LineBudget } from './line-budget.js';
import { processMark } from './processes.js';

/** A process that does not answer how it is for so many beats in a row, each of up to 5 s, is ended. */
const MOST_SILENT = 12;

export interface RunEvents {
  ready(): void;
  /** Its process has ended and nothing of it is left. Called once, and nothing after it. */
  exited(failure: Failure): void;
}

/** One run of an executor: its process from the start to the end, its lines and what it says of itself. */
export class ExecutorRun {
  readonly runId: string;
  readonly engineName: 'built-in' | 'llama-server';
  /** What it was started with. */
  readonly parameters: ExecutorParameters;
  readonly startedAt: string;
  readonly #world: ExecutorWorld;
  readonly #wanted: WantedExecutor;
  readonly #span: LogSpan;
  readonly #lines: LastOfLines;
  readonly #budget: LineBudget;
  readonly #process: EngineRun;
  #progress: number | undefined;
  #ready: ReadyRun | undefined;
  #health: EngineHealth = {};
  #silent = 0;
  #asking = false;
  #over = false;
  /** Why it was ended by the node itself. */
  #endedFor: string | undefined;

  /** Starts a process. Throws when it can not be noted, or the engine does not take it; then there is none. */
  constructor(engine: Engine, model: Model, wanted: WantedExecutor, world: ExecutorWorld, events: RunEvents) {
    const { executorId, parameters } = wanted;
    this.runId = world.newId();
    this.engineName = engine.name;
    this.parameters = parameters;
    this.startedAt = world.now();
    this.#world = world;
    this.#wanted = wanted;
    this.#span = { executorId, executorRun: this.runId };
    this.#lines = new LastOfLines(world.now);
    this.#budget = new LineBudget(world.nowMs());
    // Before there is a process: one that nobody knows of could not be ended after a crash of the node.
    world.noteRun({ runId: this.runId, executorId });
    try {
      this.#process = engine.start(specOf(this.runId, model, parameters), {
        line: (level, text) => this.#line(level, text),
        progress: (loaded) => {
          this.#progress = Math.min(1, Math.max(0, loaded));
          world.changed();
        },
      });
    } catch (error) {
      world.forgetRun(this.runId);
      throw error;
    }
    this.#tellStart(model);
    void this.#noteProcess();
    this.#follow(events);
  }

  get pid(): number | undefined {
    return this.#process.pid;
  }

  /** How much of the model is loaded, 0 to 1, where the engine tells. */
  get progress(): number | undefined {
    return this.#progress;
  }

  /** Undefined until it answers. */
  get ready(): ReadyRun | undefined {
    return this.#ready;
  }

  /** What it said of itself last. */
  get health(): EngineHealth {
    return this.#health;
  }

  /** Asks it to end, and kills it after the grace. Resolves when it has ended. */
  stop(graceMs: number): Promise<void> {
    return this.#process.stop(graceMs);
  }

  /** Asks how it is, unless it is still being asked. One that says nothing for too long is ended. */
  async askHealth(): Promise<void> {
    if (this.#ready === undefined || this.#asking) return;
    this.#asking = true;
    try {
      this.#health = await this.#process.health();
      this.#silent = 0;
    } catch {
      this.#silent += 1;
      if (this.#silent === MOST_SILENT && !this.#over) {
        this.#endedFor = 'It did not answer any more';
        void this.stop(0);
      }
    } finally {
      this.#asking = false;
    }
  }

  /** Keeps its last lines for whoever asks why it ended. Only a person's look needs them: a full disk takes nothing else away. */
  keepLines(failure: Failure): void {
    const { executorId } = this.#wanted;
    const [endedAt, lines] = [this.#world.now(), this.#lines.all()];
    try {
      this.#world.files.keepLastLines({ executorId, run: this.runId, endedAt, failure, lines });
    } catch (error) {
      this.#log('error', `The last lines could not be kept: ${wordsOfError(error)}`);
    }
  }

  #follow(events: RunEvents): void {
    this.#process.ready.then(
      (ready) => {
        if (this.#over) return;
        this.#ready = ready;
        this.#log('info', `${this.#wanted.name} is online`);
        events.ready();
      },
      // Its end tells it too, and comes in any case.
      () => undefined,
    );
    void this.#process.exited.then((exit) => {
      this.#over = true;
      this.#world.forgetRun(this.runId);
      this.#tellLeftOut(this.#budget.rest());
      events.exited(failureOf(exit, this.#endedFor));
    });
  }

  #tellStart(model: Model): void {
    const memory = this.#world.memory(model, this.parameters);
    const needs = memory === undefined ? '' : ` ${memory.needs}`;
    this.#log('info', `${model.name} starts on ${this.engineName}, run ${this.runId}.${needs}`);
    if (memory?.warning !== undefined) this.#log('warning', memory.warning);
  }

  async #noteProcess(): Promise<void> {
    const { pid } = this;
    const mark = pid === undefined ? undefined : await processMark(pid);
    if (pid === undefined || mark === undefined || this.#over) return;
    try {
      this.#world.noteRun({ runId: this.runId, executorId: this.#wanted.executorId, pid, mark });
    } catch (error) {
      // It is known by its run's id already.
      this.#log('error', `The list of processes could not be written: ${wordsOfError(error)}`);
    }
  }

  #line(level: LogLevel, text: string): void {
    this.#lines.add(level, text);
    const { write, leftOut } = this.#budget.take(this.#world.nowMs());
    this.#tellLeftOut(leftOut);
    if (write) this.#log(level, text);
  }

  #tellLeftOut(lines: number): void {
    if (lines > 0) this.#log('warning', leftOutWords(lines));
  }

  #log(level: LogLevel, text: string): void {
    this.#world.log(level, text, this.#span);
  }
}

function specOf(
  runId: string,
  { name, kind, path = '', contextLength }: Model,
  { contextTokens, slots, gpuLayers, gpuBackend, threads, batchTokens }: ExecutorParameters,
): RunSpec {
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

/** How a run came to its end, for a person. */
function failureOf({ code, signal, words }: Exit, endedFor: string | undefined): Failure {
  const exit = `Its process ended${code === null ? '' : ` with exit code ${code}`}`;
  const how = signal === null ? exit : `Its process was ended by ${signal}`;
  return {
    words: [endedFor ?? words, how]
      .filter((each) => each !== undefined)
      .join(': ')
      .slice(0, 400),
    ...(code === null ? {} : { exitCode: code }),
    ...(signal === null ? {} : { signal }),
  };
}
