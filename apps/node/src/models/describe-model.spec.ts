import { describeModel } from './describe-model.js';
import type { GgufHeader, GgufTensor, GgufValue } from './gguf-header.js';
import { packedBytes } from './gguf-types.js';

const Q4_K = 12;
const Q6_K = 14;
const F32 = 0;

const tensor = (name: string, type: number, ...dimensions: number[]): GgufTensor => {
  const numbers = dimensions.reduce((product, size) => product * size, 1);
  return { name, numbers, type, bytes: packedBytes(type, numbers) };
};
const header = (values: Record<string, GgufValue>, tensors: GgufTensor[] = [tensor('x', F32, 4)]): GgufHeader => ({
  values: new Map(Object.entries(values)),
  tensors,
  completeBytes: 0,
});
const numbers = (length: number, of: (n: number) => number) => Array.from({ length }, (_, n) => of(n));

/** What the header of Llama 3.1 8B Instruct says. */
const llama = {
  'general.architecture': 'llama',
  'general.name': 'Meta Llama 3.1 8B Instruct',
  'general.file_type': 15,
  'llama.block_count': 32,
  'llama.context_length': 131_072,
  'llama.embedding_length': 4096,
  'llama.feed_forward_length': 14_336,
  'llama.attention.head_count': 32,
  'llama.attention.head_count_kv': 8,
  'llama.vocab_size': 128_256,
  'tokenizer.ggml.tokens': { length: 128_256 },
};
const llamaTensors = [
  tensor('token_embd.weight', Q4_K, 4096, 128_256),
  tensor('output_norm.weight', F32, 4096),
  tensor('output.weight', Q6_K, 4096, 128_256),
  ...numbers(32, (layer) => layer).map((layer) => tensor(`blk.${layer}.attn_q.weight`, Q4_K, 4096, 4096)),
];

describe('a model by its header', () => {
  it('has its kind, name, family, size, packing and context', () => {
    expect(describeModel([header(llama, llamaTensors)])).toMatchObject({
      kind: 'chat',
      title: 'Meta Llama 3.1 8B Instruct',
      family: 'llama',
      parameters: 2 * 4096 * 128_256 + 4096 + 32 * 4096 * 4096,
      quantisation: 'Q4_K_M',
      contextLength: 131_072,
    });
  });

  it('has the figures that its memory is reckoned from', () => {
    const MIB = 1024 ** 2;
    const memory = describeModel([header(llama, llamaTensors)]).memory;
    expect(memory).toMatchObject({
      layers: 32,
      sharedOutput: false,
      // 32 layers, 8 heads of 128, keys and values, 2 bytes each: 128 KiB a token.
      cacheBytesPerToken: 131_072,
      stateBytesPerSlot: 0,
      width: 4096,
      feedForward: 14_336,
      heads: 32,
      vocabulary: 128_256,
    });
    // llama.cpp loads 281.81 MiB of this model as its input and prints it.
    expect((memory?.inputBytes ?? 0) / MIB).toBeCloseTo(281.81, 2);
    expect((memory?.outputBytes ?? 0) / MIB).toBeCloseTo(410.98 + 0.016, 1);
    expect(memory?.layersBytes).toBe(32 * ((4096 * 4096) / 256) * 144);
  });

  it('is of all its parts together', () => {
    const [one, other] = [llamaTensors.slice(0, 5), llamaTensors.slice(5)];
    expect(describeModel([header(llama, one), header({ 'split.no': 1 }, other)])).toEqual(
      describeModel([header(llama, llamaTensors)]),
    );
  });

  it('shares input and output when it has no output of its own', () => {
    const memory = describeModel([header(llama, [tensor('token_embd.weight', F32, 64, 100)])]).memory;
    expect(memory).toMatchObject({ sharedOutput: true, inputBytes: 25_600, outputBytes: 25_600 });
  });

  it('embeds when its architecture does, or when it pools', () => {
    expect(describeModel([header({ 'general.architecture': 'bert' })]).kind).toBe('embedding');
    const qwen = { 'general.architecture': 'qwen3', 'qwen3.pooling_type': 3 };
    expect(describeModel([header(qwen)]).kind).toBe('embedding');
    expect(describeModel([header({ ...qwen, 'qwen3.pooling_type': 0 })]).kind).toBe('chat');
  });

  it.each([
    [{ 'general.architecture': 'clip' }, 'image or sound part'],
    [{ 'general.architecture': 'llama', 'general.type': 'mmproj' }, 'image or sound part'],
    [{ 'general.architecture': 'llama', 'general.type': 'adapter' }, 'adapter'],
    [{ 'general.architecture': 'bert', 'bert.pooling_type': 4 }, 'ranks texts'],
    [{}, 'does not say which architecture'],
    [{ 'general.architecture': 7 }, 'does not say which architecture'],
  ])('is none when it is something that goes with one: %j', (values, words) => {
    expect(() => describeModel([header(values)])).toThrow(words);
  });

  it('is none without weights', () => {
    expect(() => describeModel([header(llama, [])])).toThrow('It holds no weights.');
  });

  it('goes by the packing of most weights when the header does not name it', () => {
    const unnamed = { 'general.architecture': 'llama' };
    const packed = [tensor('a', F32, 10), tensor('b', Q6_K, 2560), tensor('c', Q4_K, 256)];
    expect(describeModel([header(unnamed, packed)]).quantisation).toBe('Q6_K');
  });

  it('takes no figure from a packing that it does not know', () => {
    const described = describeModel([header(llama, [{ name: 'a', numbers: 10, type: 99, bytes: undefined }])]);
    expect(described.memory).toBeUndefined();
    expect(described.parameters).toBe(10);
  });

  it('shows no name that hides or reorders', () => {
    const named = header({ ...llama, 'general.name': ' Ll\u001b[31mama\u202e\n 3 ' });
    expect(describeModel([named]).title).toBe('Llama<U+202E>␊ 3');
  });
});

const cacheOf = (values: Record<string, GgufValue>) => describeModel([header(values)]).memory;

describe('the cache of a model', () => {
  it('of Gemma 3 is a window in five layers of six', () => {
    const gemma = {
      'general.architecture': 'gemma3',
      'gemma3.block_count': 34,
      'gemma3.embedding_length': 2560,
      'gemma3.attention.head_count': 8,
      'gemma3.attention.head_count_kv': 4,
      'gemma3.attention.key_length': 256,
      'gemma3.attention.value_length': 256,
      'gemma3.attention.sliding_window': 1024,
    };
    const layer = 4 * (256 + 256) * 2;
    expect(cacheOf(gemma)).toMatchObject({
      cacheBytesPerToken: 5 * layer,
      window: { tokens: 1024, cacheBytesPerToken: 29 * layer },
    });
  });

  it('is a window where the header says so for each layer', () => {
    const told = {
      'general.architecture': 'gemma4',
      'gemma4.block_count': 4,
      'gemma4.embedding_length': 1024,
      'gemma4.attention.head_count': 8,
      'gemma4.attention.head_count_kv': [2, 2, 2, 1],
      'gemma4.attention.key_length': 512,
      'gemma4.attention.value_length': 512,
      'gemma4.attention.key_length_swa': 256,
      'gemma4.attention.value_length_swa': 256,
      'gemma4.attention.sliding_window': 512,
      'gemma4.attention.sliding_window_pattern': [1, 1, 1, 0],
    };
    expect(cacheOf(told)).toMatchObject({
      cacheBytesPerToken: 1 * 1024 * 2,
      window: { tokens: 512, cacheBytesPerToken: 3 * 2 * 512 * 2 },
    });
    // The last two layers use what the first two keep.
    expect(cacheOf({ ...told, 'gemma4.attention.shared_kv_layers': 2 })).toMatchObject({
      cacheBytesPerToken: 0,
      window: { tokens: 512, cacheBytesPerToken: 2 * 2 * 512 * 2 },
    });
  });

  it('is whole where a window is told and the architecture uses none', () => {
    const mistral = { ...llama, 'llama.attention.sliding_window': 4096 };
    expect(cacheOf(mistral)?.window).toBeUndefined();
    expect(cacheOf(mistral)?.cacheBytesPerToken).toBe(131_072);
  });

  it('is a state where no layer looks back', () => {
    const mamba = {
      'general.architecture': 'mamba',
      'mamba.block_count': 48,
      'mamba.embedding_length': 1536,
      'mamba.attention.head_count': 0,
      'mamba.ssm.conv_kernel': 4,
      'mamba.ssm.inner_size': 3072,
      'mamba.ssm.state_size': 16,
    };
    expect(cacheOf(mamba)).toMatchObject({
      cacheBytesPerToken: 0,
      stateBytesPerSlot: 48 * 4 * (3 * 3072 + 16 * 3072),
    });
  });

  it('of Qwen3-Next is a state in three layers of four', () => {
    const next = {
      'general.architecture': 'qwen3next',
      'qwen3next.block_count': 48,
      'qwen3next.embedding_length': 2048,
      'qwen3next.attention.head_count': 16,
      'qwen3next.attention.head_count_kv': 2,
      'qwen3next.attention.key_length': 256,
      'qwen3next.attention.value_length': 256,
      'qwen3next.full_attention_interval': 4,
      'qwen3next.ssm.conv_kernel': 4,
      'qwen3next.ssm.inner_size': 4096,
      'qwen3next.ssm.state_size': 128,
      'qwen3next.ssm.group_count': 16,
    };
    expect(cacheOf(next)).toMatchObject({
      cacheBytesPerToken: 12 * 2 * 512 * 2,
      stateBytesPerSlot: 36 * 4 * (3 * (4096 + 2 * 16 * 128) + 128 * 4096),
    });
  });
});
