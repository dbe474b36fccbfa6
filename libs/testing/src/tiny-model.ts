import { writeFileSync } from 'node:fs';
import { type GgufTensor, type GgufValue, ggufBytes } from './gguf.js';

export interface TinyModelOptions {
  /** `chat` (the default) is a llama of 460 kB that also completes; `embedding` is a bert that averages over the text. */
  readonly kind?: 'chat' | 'embedding';
  /** Another seed, other weights: the same seed gives the same file, byte for byte. */
  readonly seed?: number;
  /** What the file says of its name. */
  readonly name?: string;
  readonly contextLength?: number;
  readonly chatTemplate?: string;
}

const WIDTH = 64;
const LAYERS = 2;
const HEADS = 4;
const FEED_FORWARD = 128;

/** Types of tokens, as the format numbers them. */
const tokenType = { normal: 1, unknown: 2, control: 3, byte: 6 } as const;

const SPACE = '\u2581';

const CHAT_TEMPLATE =
  "{% for message in messages %}{{ message['role'] + ': ' + message['content'] + '\\n' }}{% endfor %}" +
  "{% if add_generation_prompt %}{{ 'assistant: ' }}{% endif %}";

/** Numbers from -1 to 1 that look like chance and are the same for the same seed (xorshift32, Marsaglia 2003). */
function chance(seed: number): () => number {
  let state = (seed ^ 0x9e3779b9) | 1;
  return () => {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    return (state >>> 0) / 2 ** 31 - 1;
  };
}

/** Tensors of chance, and of a constant where a norm or a bias begins. */
function tensors(seed: number) {
  const next = chance(seed);
  const of = (name: string, dimensions: readonly number[], weight: () => number): GgufTensor => ({
    name,
    dimensions,
    weights: Float32Array.from({ length: dimensions.reduce((product, size) => product * size, 1) }, weight),
  });
  return {
    random: (name: string, columns: number, rows: number) => of(name, [columns, rows], () => next() * 0.15),
    constant: (name: string, length: number, value: number) => of(name, [length], () => value),
  };
}

/**
 * What keeps the answers of chance weights readable: the first of the numbers that stand for a token is the same for all of
 * them, so each layer sees it, and the output row of a token that shall not be said answers it with a strong no.
 */
function onlySay(embedding: GgufTensor, output: GgufTensor, said: (token: number) => boolean): void {
  for (let token = 0; token < embedding.weights.length / WIDTH; token += 1) {
    embedding.weights[token * WIDTH] = 2;
    output.weights[token * WIDTH] = said(token) ? 0 : -20;
  }
}

function chatModel({ seed = 1, name = 'Tiny', contextLength = 2048, chatTemplate = CHAT_TEMPLATE }: TinyModelOptions) {
  const bytes = Array.from({ length: 256 }, (_, byte) => `<0x${byte.toString(16).toUpperCase().padStart(2, '0')}>`);
  // A space has a token of its own: the tokeniser writes it as U+2581, which no single byte can say.
  const tokens = ['<unk>', '<s>', '</s>', ...bytes, SPACE];
  const { random, constant } = tensors(seed);
  const embedding = random('token_embd.weight', WIDTH, tokens.length);
  const output = random('output.weight', WIDTH, tokens.length);
  onlySay(embedding, output, (token) => (token >= 3 + 0x21 && token <= 3 + 0x7e) || tokens[token] === SPACE);
  const layer = (index: number) => [
    constant(`blk.${index}.attn_norm.weight`, WIDTH, 1),
    random(`blk.${index}.attn_q.weight`, WIDTH, WIDTH),
    random(`blk.${index}.attn_k.weight`, WIDTH, WIDTH),
    random(`blk.${index}.attn_v.weight`, WIDTH, WIDTH),
    random(`blk.${index}.attn_output.weight`, WIDTH, WIDTH),
    constant(`blk.${index}.ffn_norm.weight`, WIDTH, 1),
    random(`blk.${index}.ffn_gate.weight`, WIDTH, FEED_FORWARD),
    random(`blk.${index}.ffn_up.weight`, WIDTH, FEED_FORWARD),
    random(`blk.${index}.ffn_down.weight`, FEED_FORWARD, WIDTH),
  ];
  const metadata: Record<string, GgufValue> = {
    'general.architecture': 'llama',
    'general.name': name,
    'general.file_type': 0,
    'llama.context_length': contextLength,
    'llama.embedding_length': WIDTH,
    'llama.block_count': LAYERS,
    'llama.feed_forward_length': FEED_FORWARD,
    'llama.attention.head_count': HEADS,
    'llama.attention.head_count_kv': HEADS,
    'llama.attention.layer_norm_rms_epsilon': { type: 'f32', value: 1e-5 },
    'llama.rope.dimension_count': WIDTH / HEADS,
    'llama.vocab_size': tokens.length,
    'tokenizer.ggml.model': 'llama',
    'tokenizer.ggml.tokens': tokens,
    'tokenizer.ggml.scores': { type: 'f32s', values: tokens.map(() => 0) },
    'tokenizer.ggml.token_type': {
      type: 'i32s',
      values: [
        ...[tokenType.unknown, tokenType.control, tokenType.control],
        ...bytes.map(() => tokenType.byte),
        tokenType.normal,
      ],
    },
    'tokenizer.ggml.add_space_prefix': false,
    'tokenizer.ggml.unknown_token_id': 0,
    'tokenizer.ggml.bos_token_id': 1,
    'tokenizer.ggml.eos_token_id': 2,
    'tokenizer.chat_template': chatTemplate,
  };
  return ggufBytes(metadata, [
    embedding,
    ...Array.from({ length: LAYERS }, (_, index) => layer(index)).flat(),
    constant('output_norm.weight', WIDTH, 1),
    output,
  ]);
}

/** Pooling of the token vectors to one: 1 is their mean. */
const MEAN = 1;

function embeddingModel({ seed = 1, name = 'Tiny embedding', contextLength = 512 }: TinyModelOptions) {
  // Words are spelled: each visible character begins a word (after a space) or goes on with one.
  const visible = Array.from({ length: 0x7e - 0x20 }, (_, index) => String.fromCharCode(0x21 + index));
  const special = ['[PAD]', '[UNK]', '[CLS]', '[SEP]', '[MASK]'];
  const tokens = [...special, ...visible.map((letter) => SPACE + letter), ...visible];
  const { random, constant } = tensors(seed);
  const norm = (prefix: string) => [constant(`${prefix}.weight`, WIDTH, 1), constant(`${prefix}.bias`, WIDTH, 0)];
  const linear = (prefix: string, from: number, to: number) => [
    random(`${prefix}.weight`, from, to),
    constant(`${prefix}.bias`, to, 0),
  ];
  const layer = (index: number) => [
    ...linear(`blk.${index}.attn_q`, WIDTH, WIDTH),
    ...linear(`blk.${index}.attn_k`, WIDTH, WIDTH),
    ...linear(`blk.${index}.attn_v`, WIDTH, WIDTH),
    ...linear(`blk.${index}.attn_output`, WIDTH, WIDTH),
    ...norm(`blk.${index}.attn_output_norm`),
    ...linear(`blk.${index}.ffn_up`, WIDTH, FEED_FORWARD),
    ...linear(`blk.${index}.ffn_down`, FEED_FORWARD, WIDTH),
    ...norm(`blk.${index}.layer_output_norm`),
  ];
  const metadata: Record<string, GgufValue> = {
    'general.architecture': 'bert',
    'general.name': name,
    'general.file_type': 0,
    'bert.context_length': contextLength,
    'bert.embedding_length': WIDTH,
    'bert.block_count': LAYERS,
    'bert.feed_forward_length': FEED_FORWARD,
    'bert.attention.head_count': HEADS,
    'bert.attention.layer_norm_epsilon': { type: 'f32', value: 1e-12 },
    'bert.attention.causal': false,
    'bert.pooling_type': MEAN,
    'tokenizer.ggml.model': 'bert',
    'tokenizer.ggml.tokens': tokens,
    'tokenizer.ggml.token_type': {
      type: 'i32s',
      values: tokens.map((_, token) => (token < special.length ? tokenType.control : tokenType.normal)),
    },
    'tokenizer.ggml.token_type_count': 2,
    'tokenizer.ggml.padding_token_id': 0,
    'tokenizer.ggml.unknown_token_id': 1,
    'tokenizer.ggml.bos_token_id': 2,
    'tokenizer.ggml.cls_token_id': 2,
    'tokenizer.ggml.seperator_token_id': 3,
    'tokenizer.ggml.mask_token_id': 4,
  };
  return ggufBytes(metadata, [
    random('token_embd.weight', WIDTH, tokens.length),
    random('token_types.weight', WIDTH, 2),
    random('position_embd.weight', WIDTH, contextLength),
    ...norm('token_embd_norm'),
    ...Array.from({ length: LAYERS }, (_, index) => layer(index)).flat(),
  ]);
}

/**
 * The bytes of a model that real engines load, small enough to be made for each test. Its weights are chance, so what it says
 * means nothing, but it says it as any model does: one token at a time, in parallel slots, with seeds, grammars and embeddings.
 * Each token of the chat model is one visible ASCII character, and it never ends by itself: the limit of tokens decides.
 */
export const tinyModel = (options: TinyModelOptions = {}): Buffer =>
  options.kind === 'embedding' ? embeddingModel(options) : chatModel(options);

/** Writes {@link tinyModel} to a file, replacing what is there. */
export function writeTinyModel(path: string, options: TinyModelOptions = {}): void {
  writeFileSync(path, tinyModel(options));
}
