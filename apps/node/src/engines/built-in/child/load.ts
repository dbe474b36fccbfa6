import { availableParallelism } from 'node:os';
import type { LogLevel } from '@muster/contracts';
import { type LoadOrder } from '../run-messages.js';
import { Figures } from './figures.js';
import { type Library, type Llama, loadLibrary, type Model } from './library.js';
import { Grammars, type ServedModel } from './served.js';
import { Slots } from './slots.js';

export interface LoadEvents {
  line(level: LogLevel, text: string): void;
  progress(loaded: number): void;
}

/** What is chosen where the order says nothing. A context as long as the model allows can be far larger than the machine. */
const DEFAULT_CONTEXT_TOKENS = 4096;
const DEFAULT_BATCH_TOKENS = 512;
/** Waiting requests a slot; the node's own queue stands in front of this one. */
const WAITING_PER_SLOT = 4;
const MIN_WAITING = 16;

/** llama.cpp is talkative: what it calls information is of use to who looks for a fault, and to nobody else. */
const levels: Readonly<Record<string, LogLevel>> = { fatal: 'critical', error: 'error', warn: 'warning' };

/** One core stays free: with threads on all of them on a busy machine they wait for each other. */
const maxThreads = (): number => Math.max(1, availableParallelism() - 1);

/** Starts the library on the processor that the order names. Rejects when its binary does not load here. */
export async function startLibrary(
  order: Pick<LoadOrder, 'library' | 'backend'>,
  events: Pick<LoadEvents, 'line'>,
): Promise<{ library: Library; llama: Llama }> {
  const library = await loadLibrary(order.library);
  const llama = await library.getLlama({
    gpu: order.backend === 'cpu' ? false : order.backend,
    build: 'never',
    skipDownload: true,
    progressLogs: false,
    maxThreads: maxThreads(),
    logLevel: 'info',
    logger: (level, message) => {
      const text = message.trimEnd();
      // It draws a line of dots while it loads.
      if (!/^\.*$/.test(text)) events.line(levels[level] ?? 'debug', text);
    },
  });
  return { library, llama };
}

/** Loads a model and makes its slots. Rejects with the library's error, as when memory does not suffice. */
export async function loadModel(order: LoadOrder, events: LoadEvents, signal: AbortSignal): Promise<ServedModel> {
  const { library, llama } = await startLibrary(order, events);
  const { parameters } = order;
  const gpuLayers = parameters.gpuBackend === 'cpu' ? 0 : parameters.gpuLayers;
  const model = await llama.loadModel({
    modelPath: order.model.path,
    ...(gpuLayers === undefined ? {} : { gpuLayers }),
    onLoadProgress: (loaded) => events.progress(loaded),
    loadSignal: signal,
  });
  const slots = parameters.slots ?? 1;
  const threads = Math.min(parameters.threads ?? maxThreads(), maxThreads());
  const batchTokens = parameters.batchTokens ?? DEFAULT_BATCH_TOKENS;
  const wanted = parameters.contextTokens ?? DEFAULT_CONTEXT_TOKENS;
  const contextTokens = Math.min(wanted, model.trainContextSize);
  if (contextTokens < wanted && parameters.contextTokens !== undefined)
    events.line(
      'warning',
      `The model was made for ${contextTokens} tokens of context: not ${wanted}, but ${contextTokens} are used`,
    );
  const maxWaiting = Math.max(MIN_WAITING, slots * WAITING_PER_SLOT);
  const use = await (order.model.kind === 'embedding' ? forEmbeddings() : forChat());
  return {
    name: order.model.name,
    contextTokens: use.contextTokens,
    batchTokens,
    library,
    llama,
    model,
    figures: new Figures(),
    grammars: new Grammars(llama),
    use: use.use,
    debug: (words) => events.line('debug', words),
  };

  async function forChat() {
    const context = await model.createContext({
      sequences: slots,
      contextSize: contextTokens,
      batchSize: batchTokens,
      threads,
      createSignal: signal,
    });
    const sequences = Array.from({ length: slots }, () => context.getSequence());
    const chatWrapper = library.resolveChatWrapper(model, { warningLogs: false });
    return {
      contextTokens: sequences[0]?.contextSize ?? contextTokens,
      use: { kind: 'chat' as const, slots: new Slots(sequences, maxWaiting), chatWrapper },
    };
  }

  /** A context answers one text after the other: as many contexts as slots. */
  async function forEmbeddings() {
    const contexts = [];
    // A text is embedded in one step, so a step must hold all of it.
    for (let n = 0; n < slots; n += 1)
      contexts.push(
        await model.createEmbeddingContext({
          contextSize: contextTokens,
          batchSize: contextTokens,
          threads,
          createSignal: signal,
        }),
      );
    return { contextTokens, use: { kind: 'embedding' as const, slots: new Slots(contexts, maxWaiting) } };
  }
}

/** The layers of a model that lie in the memory of graphics processors, for the log. */
export const placeOf = (llama: Llama, model: Model): string =>
  llama.gpu === false ? 'on the processor' : `${model.gpuLayers} layers on ${llama.gpu}`;
