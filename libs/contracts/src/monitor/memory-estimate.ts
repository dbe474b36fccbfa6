import type { ExecutorParameters } from './executor-parameters.js';
import type { FreeGpu, FreeMemory } from './free-memory.js';
import type { Model, ModelMemory } from './model.js';

export interface EstimateInput {
  readonly model: Pick<Model, 'kind' | 'memory'>;
  /** Tokens of context of one slot. */
  readonly context: number;
  readonly slots: number;
  /** Layers on the graphics processors, the output counting as one more; absent is as many as have room. */
  readonly gpuLayers?: number;
  /** Tokens that are computed at once; 512 unless told otherwise. */
  readonly batch?: number;
  /** Attention without its table in memory, which engines use where they can; on unless told otherwise. */
  readonly flashAttention?: boolean;
  readonly free: FreeMemory;
}

/** What one kind of memory shall hold. */
export interface MemoryPool {
  readonly of: 'ram' | 'vram' | 'unified';
  readonly weightsBytes: number;
  /** Keys and values of the context of every slot. */
  readonly cacheBytes: number;
  readonly computeBytes: number;
  /** The engine's own: its program, the driver's context on each processor. */
  readonly engineBytes: number;
  /** The sum of these. */
  readonly needBytes: number;
  readonly freeBytes?: number;
}

export interface MemoryEstimate {
  /**
   * `partly`: it fits, but layers are left to the processor although there is a graphics processor. `tight`: it fits with less
   * than a tenth to spare. `not-known`: the machine does not tell what is free.
   */
  readonly verdict: 'fits' | 'tight' | 'partly' | 'does-not-fit' | 'not-known';
  /** Layers on the graphics processors, of `layers` with the output. */
  readonly gpuLayers: number;
  readonly layers: number;
  readonly pools: readonly MemoryPool[];
}

const MIB = 1024 ** 2;
/** The program of the engine with its libraries: 135 MiB were measured after some hundred requests. */
const ENGINE_BYTES = 160 * MIB;
/** What the driver takes on each graphics processor before anything is loaded there. */
const GPU_CONTEXT_BYTES = 400 * MIB;
/** Caches are made in whole pieces of so many tokens. */
const CACHE_PIECE_TOKENS = 256;
const DEFAULT_BATCH = 512;
const F16 = 2;
const F32 = 4;
/** More than this share of what is free is tight, and is not filled by choice. */
const COMFORTABLE = 0.9;

const upTo = (tokens: number, piece: number): number => Math.ceil(tokens / piece) * piece;

/**
 * The memory that a model takes when it is served with these parameters, against what is free; undefined for a model whose
 * figures are not known. The formulas follow llama.cpp and are explained, with their sources, in docs/node.md: an estimate,
 * within a tenth for usual models. The figures of several graphics processors are sums: layers are spread over them.
 */
export function estimateMemory(input: EstimateInput): MemoryEstimate | undefined {
  const { model, free } = input;
  const { memory } = model;
  if (memory === undefined) return undefined;
  const layers = memory.layers + 1;
  const all = free.gpus.length === 0 ? 0 : layers;
  const wanted = input.gpuLayers === undefined ? undefined : Math.max(0, Math.min(input.gpuLayers, all));
  const pools = (gpuLayers: number) => poolsOf(memory, gpuLayers, input);
  const gpuLayers = wanted ?? mostLayers(all, pools);
  const held = pools(gpuLayers);
  return { verdict: verdictOf(held, gpuLayers < all && wanted === undefined), gpuLayers, layers, pools: held };
}

/** The same for an executor that is set to these parameters: its context is the model's own where that is shorter. */
export function estimateExecutor(
  model: Pick<Model, 'kind' | 'memory' | 'contextLength'>,
  parameters: ExecutorParameters,
  free: FreeMemory,
): MemoryEstimate | undefined {
  const { contextTokens, slots, gpuLayers, gpuBackend, batchTokens } = parameters;
  const layers = gpuBackend === 'cpu' ? 0 : gpuLayers;
  return estimateMemory({
    model,
    context: Math.min(contextTokens, model.contextLength ?? Infinity),
    slots,
    batch: batchTokens,
    free,
    ...(layers === 'auto' ? {} : { gpuLayers: layers }),
  });
}

/** The most layers that leave graphics memory comfortable. What is not known holds nothing back. */
function mostLayers(all: number, pools: (gpuLayers: number) => MemoryPool[]): number {
  for (let layers = all; layers > 0; layers -= 1) {
    const graphics = pools(layers).filter(({ of }) => of !== 'ram');
    if (graphics.every(({ needBytes, freeBytes = Infinity }) => needBytes <= freeBytes * COMFORTABLE)) return layers;
  }
  return 0;
}

function verdictOf(pools: readonly MemoryPool[], partly: boolean): MemoryEstimate['verdict'] {
  const shares = pools.map(({ needBytes, freeBytes }) => (freeBytes === undefined ? undefined : needBytes / freeBytes));
  if (shares.some((share) => share !== undefined && share > 1)) return 'does-not-fit';
  if (shares.includes(undefined)) return 'not-known';
  if (partly) return 'partly';
  return shares.some((share) => share !== undefined && share > COMFORTABLE) ? 'tight' : 'fits';
}

function poolsOf(memory: ModelMemory, gpuLayers: number, input: EstimateInput): MemoryPool[] {
  const { gpus, ramBytes } = input.free;
  const unified = gpus.length > 0 && gpus.every((gpu) => gpu.unified);
  const graphics = onGraphics(memory, gpuLayers, input);
  const machine = onMachine(memory, gpuLayers, input);
  if (gpuLayers === 0) return [pool('ram', machine, ramBytes)];
  if (!unified)
    return [pool('ram', machine, ramBytes), pool('vram', graphics, sum(gpus.filter((gpu) => !gpu.unified)))];
  const limits = gpus.flatMap(({ limitBytes }) => limitBytes ?? []);
  const least = ramBytes === undefined ? undefined : Math.min(ramBytes, ...limits);
  return [pool('unified', added(machine, graphics), least)];
}

type Parts = Pick<MemoryPool, 'weightsBytes' | 'cacheBytes' | 'computeBytes' | 'engineBytes'>;

const pool = (of: MemoryPool['of'], parts: Parts, freeBytes: number | undefined): MemoryPool => ({
  of,
  ...parts,
  needBytes: parts.weightsBytes + parts.cacheBytes + parts.computeBytes + parts.engineBytes,
  ...(freeBytes === undefined ? {} : { freeBytes }),
});
const added = (one: Parts, other: Parts): Parts => ({
  weightsBytes: one.weightsBytes + other.weightsBytes,
  cacheBytes: one.cacheBytes + other.cacheBytes,
  computeBytes: one.computeBytes + other.computeBytes,
  engineBytes: one.engineBytes + other.engineBytes,
});
const sum = (gpus: readonly FreeGpu[]): number | undefined =>
  gpus.reduce<number | undefined>(
    (total, { bytes }) => (total === undefined || bytes === undefined ? undefined : total + bytes),
    0,
  );

/** Keys, values and states of all slots, over all layers. Each slot has its own piece of the cache. */
function cacheBytes(memory: ModelMemory, { context, slots, batch = DEFAULT_BATCH }: EstimateInput): number {
  const tokens = upTo(context, CACHE_PIECE_TOKENS);
  const { window } = memory;
  const seen = window === undefined ? 0 : Math.min(tokens, upTo(window.tokens + batch + 1, CACHE_PIECE_TOKENS));
  const perSlot = memory.cacheBytesPerToken * tokens + (window?.cacheBytesPerToken ?? 0) * seen;
  return slots * (perSlot + memory.stateBytesPerSlot);
}

/** What is computed at once, and how much of the context it looks at. A model without a cache looks at the batch alone. */
function step({ model, context, batch = DEFAULT_BATCH, flashAttention = true }: EstimateInput, memory: ModelMemory) {
  const tokens = upTo(context, CACHE_PIECE_TOKENS);
  const computed = Math.min(batch, tokens);
  const reads = model.kind === 'embedding' && memory.cacheBytesPerToken === 0 && memory.window === undefined;
  const seen = reads ? computed : tokens;
  return { computed, seen, flashAttention, maskBytes: computed * seen * (flashAttention ? F16 : F32) };
}

/**
 * The widest moment of computing one batch: a layer, or the output for each of its tokens. Which token may see which is held
 * through all layers; graphics processors with flash attention hold their copy of it to the end.
 */
function widestBytes(memory: ModelMemory, input: EstimateInput, where: 'machine' | 'graphics'): number {
  const { computed, seen, flashAttention, maskBytes } = step(input, memory);
  const { width, feedForward, heads, vocabulary } = memory;
  const attention = (flashAttention ? 0 : heads * seen) + 4 * width;
  const layer = F32 * computed * Math.max(attention, 2 * feedForward + 3 * width);
  const output = F32 * computed * (input.model.kind === 'embedding' ? width : vocabulary + width);
  const toTheEnd = where === 'graphics' && flashAttention;
  return Math.max(maskBytes + layer, output + (toTheEnd ? maskBytes : 0));
}

/** The batch as it is handed to a graphics processor: its numbers, and which token may see which. */
const handedBytes = (memory: ModelMemory, input: EstimateInput): number => {
  const { computed, maskBytes } = step(input, memory);
  return maskBytes + F32 * computed * memory.width;
};

function onGraphics(memory: ModelMemory, gpuLayers: number, input: EstimateInput): Parts {
  if (gpuLayers === 0) return { weightsBytes: 0, cacheBytes: 0, computeBytes: 0, engineBytes: 0 };
  // The output is the first that moves, then the last layer, and so on to the first.
  const share = (gpuLayers - 1) / memory.layers;
  const gpus = input.free.gpus.length;
  return {
    weightsBytes: Math.round(memory.layersBytes * share) + memory.outputBytes,
    cacheBytes: Math.round(cacheBytes(memory, input) * share),
    computeBytes: gpus * widestBytes(memory, input, 'graphics'),
    engineBytes: gpus * GPU_CONTEXT_BYTES,
  };
}

function onMachine(memory: ModelMemory, gpuLayers: number, input: EstimateInput): Parts {
  const share = gpuLayers === 0 ? 1 : 1 - (gpuLayers - 1) / memory.layers;
  const output = gpuLayers === 0 && !memory.sharedOutput ? memory.outputBytes : 0;
  return {
    weightsBytes: memory.inputBytes + output + Math.round(memory.layersBytes * share),
    cacheBytes: Math.round(cacheBytes(memory, input) * share),
    computeBytes:
      (gpuLayers > 0 ? handedBytes(memory, input) : 0) + (share > 0 ? widestBytes(memory, input, 'machine') : 0),
    engineBytes: ENGINE_BYTES,
  };
}
