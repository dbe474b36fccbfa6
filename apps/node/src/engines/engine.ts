import type { LogLevel } from '@muster/contracts';

/** Which kind of processor computes. `auto` leaves the choice to the engine: the best that this machine has. */
export type GpuBackend = 'auto' | 'cpu' | 'cuda' | 'vulkan' | 'metal';

/** What a run may be set to. What is absent, the engine chooses by itself. */
export interface EngineParameters {
  /** Tokens of one slot: prompt and answer together. */
  readonly contextTokens?: number;
  /** Requests answered at the same time; 1 when absent. */
  readonly slots?: number;
  /** Layers of the model kept in the memory of graphics processors; as many as fit when absent. */
  readonly gpuLayers?: number;
  readonly gpuBackend?: GpuBackend;
  readonly threads?: number;
  /** Tokens of prompts evaluated in one step. */
  readonly batchTokens?: number;
}

/** One model to be served by one process. */
export interface RunSpec {
  /** Names this run, and no other. Each process of the run has it in its environment as `MUSTER_EXECUTOR_RUN`. */
  readonly runId: string;
  readonly model: {
    /** What requests ask for and `/v1/models` tells. */
    readonly name: string;
    readonly kind: 'chat' | 'embedding';
    /** The GGUF file; the first part of a model in several. Absolute. */
    readonly path: string;
  };
  readonly parameters: EngineParameters;
}

/** What a run tells while it lives. Called at any time until `exited` settles, and never after. */
export interface RunListener {
  /** A line that the engine wrote, without line break. Not yet made inert or cut: the log does that. */
  line(level: LogLevel, text: string): void;
  /** How much of the model is loaded: 0 to 1, never less than before. */
  progress(loaded: number): void;
}

/**
 * Where an OpenAI-style API answers, without TLS and within this machine: send `<path>` as `/v1/models` to it. A socket is a
 * Unix socket in a folder that its owner alone can enter.
 */
export interface EngineAddress {
  /** `http://127.0.0.1:8080`, without a slash at the end; what to put into `host` for a socket. */
  readonly origin: string;
  readonly socketPath?: string;
  /** To be added to each request, as the key of a server that asks for one. Secret. */
  readonly headers?: Readonly<Record<string, string>>;
}

/** How a process ended: one of both is a value. */
export interface Exit {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
  /** Why, in words for a person, where the engine knows more than its exit code. */
  readonly words?: string;
}

/** A run that answers requests. */
export interface ReadyRun {
  readonly address: EngineAddress;
  /** How many requests it answers at the same time. */
  readonly slots: number;
  /** Tokens of one slot, where the engine tells. */
  readonly contextTokens?: number;
}

/** What a run tells of itself. Figures since the start of the run; what an engine does not tell is absent, never 0. */
export interface EngineHealth {
  readonly inFlight?: number;
  readonly queued?: number;
  readonly requests?: number;
  readonly errors?: number;
  readonly promptTokens?: number;
  readonly generatedTokens?: number;
  /** Over the last seconds, all slots together. */
  readonly tokensPerSecond?: number;
  /** Resident memory of the process, on the processor's side. */
  readonly memoryBytes?: number;
  readonly vramBytes?: number;
}

/** One process that serves one model, from its start to its end. */
export interface EngineRun {
  /** Its process and process group. Undefined when it could not even be started, which `exited` tells. */
  readonly pid: number | undefined;
  /** When it answers. Rejects with EngineFailure when it ends before that, or is stopped. Never late: bounded by the engine. */
  readonly ready: Promise<ReadyRun>;
  /** Settles once no process of it is left, however it ended. Never rejects. */
  readonly exited: Promise<Exit>;
  /**
   * Asks it to end and resolves when it has: after `graceMs` its whole process group is killed. New requests are refused from
   * now on, those at hand may end within the grace. May be called more than once; the shortest grace wins.
   */
  stop(graceMs: number): Promise<void>;
  /** Rejects with EngineFailure when it does not answer within 5 s, or is not ready. */
  health(): Promise<EngineHealth>;
}

/** Whether an engine can be used on this machine, and what is in the way when it can not. */
export type EngineAvailability =
  | { readonly state: 'ready'; readonly words: string }
  | { readonly state: 'installing'; readonly words: string; readonly progress?: number }
  | { readonly state: 'missing'; readonly words: string };

/** A program that can serve a model file. */
export interface Engine {
  readonly name: 'built-in' | 'llama-server';
  availability(): EngineAvailability;
  /** Called after each change of `availability`. Returns what ends that. */
  onAvailability(listener: (availability: EngineAvailability) => void): () => void;
  /** Starts a process; returns at once. Throws EngineFailure when the engine is not ready. */
  start(spec: RunSpec, listener: RunListener): EngineRun;
}

/** What an engine could not do, in words for a person. */
export class EngineFailure extends Error {
  override readonly name = 'EngineFailure';
}
