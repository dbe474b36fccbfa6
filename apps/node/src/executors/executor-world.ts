import type { ExecutorParameters, LogLevel, Model } from '@muster/contracts';
import type { Engine } from '../engines/engine.js';
import type { LogSpan } from '../log.js';
import type { KeptFiles, LeftRun } from './kept-files.js';

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
  /** Writes down which processes there are, before and after each start. Throws when the disk does not take it. */
  readonly noteRun: (run: LeftRun) => void;
  readonly forgetRun: (runId: string) => void;
  /** Something that is told of it has changed. */
  readonly changed: () => void;
}

/** What a failure is called in the log. */
export const wordsOfError = (error: unknown): string => (error instanceof Error ? error.message : String(error));
