import { ExecutorParameters, LAST_LINES, type LastLines, type LogLevel, readableLine } from '@muster/contracts';
import type { EngineHealth, EngineRun, Exit, ReadyRun } from '../engines/engine.js';
import type { LineBudget } from './line-budget.js';
import type { Failure } from './executor-machine.js';

type Line = LastLines['lines'][number];

/** What is known of one run while it lives. */
export interface CurrentRun {
  readonly runId: string;
  readonly engineName: 'built-in' | 'llama-server';
  readonly process: EngineRun;
  /** What it was started with. */
  readonly parameters: ExecutorParameters;
  readonly startedAt: string;
  readonly lines: LastOfLines;
  readonly budget: LineBudget;
  progress: number | undefined;
  ready: ReadyRun | undefined;
  health: EngineHealth | undefined;
  /** How often in a row it did not say how it is. */
  silent: number;
  asking: boolean;
  /** Why it was ended by the node itself. */
  endedFor: string | undefined;
}

/** The last fifty lines of a run. */
export class LastOfLines {
  readonly #lines: Line[] = [];

  constructor(private readonly now: () => string) {}

  add(level: LogLevel, text: string): void {
    this.#lines.push({ at: this.now(), level, message: readableLine(text).message });
    if (this.#lines.length > LAST_LINES) this.#lines.shift();
  }

  all(): Line[] {
    return [...this.#lines];
  }
}

/** How a run that nobody asked to end came to its end, for a person. */
export function failureOf({ code, signal, words }: Exit, endedFor: string | undefined): Failure {
  const how =
    signal !== null
      ? `Its process was ended by ${signal}`
      : `Its process ended${code === null ? '' : ` with exit code ${code}`}`;
  return {
    words: [endedFor ?? words, how]
      .filter((each) => each !== undefined)
      .join(': ')
      .slice(0, 400),
    ...(code === null ? {} : { exitCode: code }),
    ...(signal === null ? {} : { signal }),
  };
}
