import type { ModelMemory } from '@muster/contracts';
import type { GgufTensor } from './gguf-header.js';
import type { HeaderValues } from './header-values.js';

/** Keys and values are kept as 16-bit numbers, states as 32-bit ones. */
const F16 = 2;
const F32 = 4;
const MAX_LAYERS = 4_096;

/** One layer in so many sees the whole context, the others only a window (`set_swa_pattern` in llama.cpp). */
const windowPeriods: Readonly<Record<string, number>> = {
  gemma2: 2,
  gemma3: 6,
  gemma3n: 5,
  'gpt-oss': 2,
  cohere2: 4,
  llama4: 4,
  exaone4: 4,
};

/** An encoder reads all of a text at once and keeps nothing of it. */
const NO_CACHE = { cacheBytesPerToken: 0, stateBytesPerSlot: 0 };

/** Tensors before and after the layers, by the names that llama.cpp gives them. */
const isInput = (name: string) => /^(?:token_embd|token_types|position_embd|per_layer_token_embd)\b/.test(name);
const isLayer = (name: string) => /^blk\.\d+\./.test(name);

/**
 * The figures that the estimate of memory needs; undefined when the header does not tell enough. A model that embeds has no
 * output of its own and shares none.
 */
export function memoryFigures(
  values: HeaderValues,
  tensors: readonly GgufTensor[],
  embeds: boolean,
): ModelMemory | undefined {
  const layers = values.own('block_count');
  const width = values.own('embedding_length');
  if (layers === undefined || layers < 1 || layers > MAX_LAYERS || width === undefined) return undefined;
  if (tensors.some(({ bytes }) => bytes === undefined)) return undefined;
  const bytesOf = (which: (name: string) => boolean) =>
    tensors.reduce((sum, { name, bytes = 0 }) => (which(name) ? sum + bytes : sum), 0);
  const tokens = bytesOf((name) => name === 'token_embd.weight');
  const sharedOutput = !embeds && !tensors.some(({ name }) => name === 'output.weight');
  const output = bytesOf((name) => !isInput(name) && !isLayer(name));
  const heads = values.perLayer('attention.head_count', layers) ?? [];
  const cache = values.looksBack ? cacheFigures(values, layers, width, heads) : NO_CACHE;
  if (cache === undefined) return undefined;
  const figures: ModelMemory = {
    layers,
    layersBytes: bytesOf(isLayer),
    inputBytes: bytesOf(isInput),
    outputBytes: output + (sharedOutput ? tokens : 0),
    sharedOutput,
    ...cache,
    width,
    feedForward: Math.max(0, ...(values.perLayer('feed_forward_length', layers) ?? []), expertWidth(values)),
    heads: Math.max(0, ...heads),
    vocabulary: values.own('vocab_size') ?? values.length('tokenizer.ggml.tokens') ?? 0,
  };
  const numbers = [figures.layersBytes, figures.inputBytes, figures.outputBytes, figures.cacheBytesPerToken];
  return numbers.every(Number.isSafeInteger) ? figures : undefined;
}

/** A mixture computes the experts that it chose side by side. */
const expertWidth = (values: HeaderValues): number =>
  (values.own('expert_used_count') ?? 0) * (values.own('expert_feed_forward_length') ?? 0);

/** What each token and each slot leaves in the cache: per layer the heads of keys and values, times their lengths. */
function cacheFigures(values: HeaderValues, layers: number, width: number, heads: readonly number[]) {
  const keyHeads = values.perLayer('attention.head_count_kv', layers) ?? heads;
  const headWidth = heads[0] === undefined || heads[0] === 0 ? 0 : width / Math.max(...heads);
  const full = [values.own('attention.key_length') ?? headWidth, values.own('attention.value_length') ?? headWidth];
  const seen = [values.own('attention.key_length_swa') ?? full[0], values.own('attention.value_length_swa') ?? full[1]];
  const bytes = (count: number, lengths: readonly (number | undefined)[]) =>
    Math.ceil(count * ((lengths[0] ?? 0) + (lengths[1] ?? 0))) * F16;
  const tokens = values.own('attention.sliding_window') ?? 0;
  const windowed = tokens > 0 ? windowedLayers(values, layers) : () => false;
  // The last layers of some models use the cache of earlier ones.
  const owning = layers - (values.own('attention.shared_kv_layers') ?? 0);
  const recurrent = recurrentLayers(values, layers, keyHeads);
  let cacheBytesPerToken = 0;
  let windowBytesPerToken = 0;
  let states = 0;
  for (let layer = 0; layer < layers; layer += 1) {
    if (recurrent(layer)) states += 1;
    else if (layer >= owning) continue;
    else if (windowed(layer)) windowBytesPerToken += bytes(keyHeads[layer] ?? 0, seen);
    else cacheBytesPerToken += bytes(keyHeads[layer] ?? 0, full);
  }
  const stateBytesPerSlot = states * stateBytes(values, width);
  const all = [cacheBytesPerToken, windowBytesPerToken, stateBytesPerSlot];
  if (!all.every(Number.isSafeInteger)) return undefined;
  return {
    cacheBytesPerToken,
    stateBytesPerSlot,
    ...(windowBytesPerToken === 0 ? {} : { window: { tokens, cacheBytesPerToken: windowBytesPerToken } }),
  };
}

/** Which layers see only a window. An architecture that is not known to have any has none, which estimates too much. */
function windowedLayers(values: HeaderValues, layers: number): (layer: number) => boolean {
  const told = values.perLayer('attention.sliding_window_pattern', layers);
  const period = values.own('attention.sliding_window_pattern') ?? windowPeriods[values.family ?? ''];
  if (values.own('attention.sliding_window_pattern') === undefined && told !== undefined)
    return (layer) => told[layer] === 1;
  if (period === undefined) return () => false;
  return (layer) => period === 0 || layer % period < period - 1;
}

/** Which layers keep a state instead of a cache: all of a state-space model, all but each nth, or those without key heads. */
function recurrentLayers(
  values: HeaderValues,
  layers: number,
  keyHeads: readonly number[],
): (layer: number) => boolean {
  if (stateBytes(values, 1) === 0) return () => false;
  const interval = values.own('full_attention_interval');
  if (interval !== undefined && interval > 0) return (layer) => (layer + 1) % interval !== 0;
  if (keyHeads.length < layers) return () => true;
  return (layer) => keyHeads[layer] === 0;
}

/** The state of one layer: of RWKV, of a short convolution, or of Mamba and its like (`n_embd_r`, `n_embd_s` in llama.cpp). */
function stateBytes(values: HeaderValues, width: number): number {
  const rwkvHead = values.own('wkv.head_size') ?? 0;
  if (rwkvHead > 0) return F32 * width * ((values.own('token_shift_count') ?? 2) + rwkvHead);
  const convolved = values.own('shortconv.l_cache') ?? 0;
  if (convolved > 0) return F32 * width * (convolved - 1);
  const inner = values.own('ssm.inner_size') ?? 0;
  const state = values.own('ssm.state_size') ?? 0;
  const kernel = Math.max(1, values.own('ssm.conv_kernel') ?? 1);
  return F32 * ((kernel - 1) * (inner + 2 * (values.own('ssm.group_count') ?? 0) * state) + state * inner);
}
