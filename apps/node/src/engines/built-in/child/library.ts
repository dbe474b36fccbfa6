import { join } from 'node:path';
import { pathToFileURL } from 'node:url';

/**
 * The part of node-llama-cpp that this program uses. The library is installed on demand, so there are none of its own
 * types when this is compiled: these say the same of the version in `release.ts`, and the tests hold both together.
 */
export interface Library {
  getLlama(options: {
    gpu: 'auto' | 'cuda' | 'vulkan' | 'metal' | false;
    build: 'never';
    skipDownload: true;
    progressLogs: false;
    maxThreads: number;
    logLevel: string;
    logger: (level: string, message: string) => void;
  }): Promise<Llama>;
  LlamaChat: new (options: { contextSequence: Sequence; chatWrapper: ChatWrapper }) => Chat;
  LlamaCompletion: new (options: { contextSequence: Sequence }) => Completion;
  TokenBias: new (tokenizer: unknown) => TokenBias;
  resolveChatWrapper(model: Model, options: { warningLogs: false }): ChatWrapper;
  ChatModelFunctionsDocumentationGenerator: new (functions: Functions) => {
    getTypeScriptFunctionSignatures(options: { documentParams: true }): string;
  };
}

export type Token = number;
export type Grammar = object;
export interface TokenBias {
  set(tokens: readonly Token[], bias: 'never' | { logit: number }): TokenBias;
}
export interface ChatWrapper {
  generateContextState(options: {
    chatHistory: readonly HistoryItem[];
    availableFunctions?: Functions;
    documentFunctionParams?: boolean;
  }): { contextText: { tokenize(tokenizer: unknown): Token[] } };
}

export interface Llama {
  readonly gpu: string | false;
  loadModel(options: {
    modelPath: string;
    gpuLayers?: number;
    onLoadProgress: (loaded: number) => void;
    loadSignal: AbortSignal;
  }): Promise<Model>;
  createGrammarForJsonSchema(schema: object): Promise<Grammar>;
  getGrammarFor(type: 'json'): Promise<Grammar>;
  getLlamaMemoryUsage(): Promise<{ gpuVram: number; cpuRam: number }>;
  dispose(): Promise<void>;
}

export interface Model {
  readonly tokenizer: unknown;
  readonly trainContextSize: number;
  readonly gpuLayers: number;
  readonly tokens: { readonly bos: Token | null; readonly shouldPrependBosToken: boolean };
  tokenize(text: string, specialTokens: boolean): Token[];
  createContext(options: {
    sequences: number;
    contextSize: number | { max: number };
    batchSize?: number;
    threads: number;
    createSignal: AbortSignal;
  }): Promise<Context>;
  createEmbeddingContext(options: {
    contextSize: number;
    batchSize: number;
    threads: number;
    createSignal: AbortSignal;
  }): Promise<EmbeddingContext>;
}

export interface Context {
  readonly batchSize: number;
  getSequence(): Sequence;
}

export interface Sequence {
  readonly contextSize: number;
  readonly tokenMeter: { readonly usedInputTokens: number; readonly usedOutputTokens: number };
  compareContextTokens(tokens: readonly Token[]): { firstDifferentIndex: number };
  adaptStateToTokens(tokens: readonly Token[], allowShift: boolean): Promise<void>;
  evaluateWithoutGeneratingNewTokens(tokens: readonly Token[]): Promise<void>;
  clearHistory(): Promise<void>;
}

export interface EmbeddingContext {
  calculateInputLength(input: string | readonly Token[]): number;
  getEmbeddingFor(input: string | readonly Token[]): Promise<{ vector: readonly number[] }>;
}

export type HistoryItem =
  | { type: 'system'; text: string }
  | { type: 'user'; text: string }
  | { type: 'model'; response: (string | FunctionCallItem)[] };
export interface FunctionCallItem {
  type: 'functionCall';
  name: string;
  params: unknown;
  result: unknown;
}
export type Functions = Readonly<Record<string, { readonly description?: string; readonly params?: object }>>;

/** How the next token is chosen. */
export interface Sampling {
  temperature: number;
  topP: number;
  topK: number;
  minP: number;
  seed: number;
  repeatPenalty: false | { penalty: number; frequencyPenalty: number; presencePenalty: number };
  tokenBias?: TokenBias;
}
interface Generating extends Sampling {
  signal: AbortSignal;
  stopOnAbortSignal: true;
  maxTokens: number;
  customStopTriggers: readonly string[];
  onTextChunk?: (text: string) => void;
}
export interface Generated {
  readonly metadata: {
    readonly stopReason:
      'eogToken' | 'stopGenerationTrigger' | 'customStopTrigger' | 'functionCalls' | 'maxTokens' | 'abort';
  };
}

export interface Chat {
  generateResponse(
    history: readonly HistoryItem[],
    options: Generating & {
      onResponseChunk: (chunk: { segmentType: 'thought' | 'comment' | undefined; text: string }) => void;
      contextShift: { size: number; strategy: () => never };
      grammar?: Grammar;
      functions?: Functions;
      documentFunctionParams?: boolean;
      maxParallelFunctionCalls?: number;
      onFunctionCall?: (call: { functionName: string; params: unknown }) => void;
    },
  ): Promise<Generated>;
  dispose(): void;
}

export interface Completion {
  generateCompletionWithMeta(
    input: readonly Token[],
    options: Generating & { onTextChunk: (text: string) => void; contextShiftSize: number; disableContextShift: true },
  ): Promise<Generated>;
  dispose(): void;
}

/** The library in the folder that it was installed into. */
export async function loadLibrary(folder: string): Promise<Library> {
  const entry = pathToFileURL(join(folder, 'node_modules', 'node-llama-cpp', 'dist', 'index.js')).href;
  const loaded: unknown = await import(entry);
  // The one place where the types above are taken on trust: a module of that exact version was loaded.
  return loaded as Library;
}
