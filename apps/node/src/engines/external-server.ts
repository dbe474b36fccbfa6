import type { EngineAddress, EngineHealth } from './engine.js';

/** Which program serves, as far as it can be told from what it answers. */
export type ExternalKind = 'ollama' | 'lm-studio' | 'vllm' | 'llama-server' | 'openai';

/** A model that a server offers which was here before us and is not ours to stop. */
export interface ExternalModel {
  /** What requests ask for. */
  readonly name: string;
  readonly kind: 'chat' | 'embedding';
  readonly family?: string;
  readonly parameters?: string;
  readonly quantisation?: string;
  readonly contextTokens?: number;
  readonly sizeBytes?: number;
  /** Whether it is in memory now, where the server tells: one that is not is loaded by the first request. */
  readonly loaded?: boolean;
  readonly vramBytes?: number;
}

/** An OpenAI-style server that runs on this machine. */
export interface ExternalServer {
  /** Its origin, by which it is told from others; without a key. */
  readonly id: string;
  readonly kind: ExternalKind;
  readonly version?: string;
  readonly address: EngineAddress;
  /** Sorted by name. */
  readonly models: readonly ExternalModel[];
  /** How many requests it answers at the same time, where it tells. */
  readonly slots?: number;
  /** What it tells of its load, all models together. */
  readonly health: EngineHealth;
}

/** Watches for OpenAI-style servers that are not ours: they come and go as they please. */
export interface ExternalServers {
  /** Those that answer now, in the order of their addresses. */
  current(): readonly ExternalServer[];
  /** Resolves when nothing is asked any more. */
  stop(): Promise<void>;
}
