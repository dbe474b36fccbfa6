import fc from 'fast-check';
import { freeMemory } from './free-memory.js';
import { ExecutorParameters } from './executor-parameters.js';
import {
  estimateExecutor,
  type EstimateInput,
  estimateMemory,
  type MemoryEstimate,
  type MemoryPool,
} from './memory-estimate.js';
import { describeEstimate } from './memory-words.js';
import { ModelMemory } from './model.js';

const MIB = 1024 ** 2;
const GIB = 1024 ** 3;

/** What the headers of well-known models say. Bytes of weights by the lines that llama.cpp prints when it loads them. */
const llama8b: ModelMemory = {
  layers: 32,
  layersBytes: Math.round((4403.49 - 411) * MIB),
  inputBytes: Math.round(281.81 * MIB),
  outputBytes: 411 * MIB,
  sharedOutput: false,
  cacheBytesPerToken: 32 * (8 * 128 * 2) * 2,
  stateBytesPerSlot: 0,
  width: 4096,
  feedForward: 14_336,
  heads: 32,
  vocabulary: 128_256,
};
const mistral7b: ModelMemory = { ...llama8b, vocabulary: 32_000 };
const qwen7b: ModelMemory = {
  ...llama8b,
  layers: 28,
  cacheBytesPerToken: 28 * (4 * 128 * 2) * 2,
  width: 3584,
  feedForward: 18_944,
  heads: 28,
  vocabulary: 152_064,
};
const bgeSmall: ModelMemory = {
  ...llama8b,
  layers: 12,
  cacheBytesPerToken: 12 * (384 * 2) * 2,
  width: 384,
  feedForward: 1536,
  heads: 12,
  vocabulary: 30_522,
};

const roomy = { ramBytes: 64 * GIB, gpus: [{ unified: false, bytes: 48 * GIB }] };
const estimate = (memory: ModelMemory, input: Partial<EstimateInput> = {}): MemoryEstimate => {
  const made = estimateMemory({
    model: { kind: 'chat', memory },
    context: 8192,
    slots: 1,
    flashAttention: false,
    free: roomy,
    ...input,
  });
  if (made === undefined) throw new Error('No estimate of a model with figures');
  return made;
};
const poolOf = ({ pools }: MemoryEstimate, of: MemoryPool['of']): MemoryPool => {
  const found = pools.find((pool) => pool.of === of);
  if (found === undefined) throw new Error(`No ${of} in ${JSON.stringify(pools)}`);
  return found;
};
const mib = (bytes: number) => Math.round((bytes / MIB) * 100) / 100;

describe('the estimate of memory', () => {
  // Buffers as llama.cpp itself reports them ("KV buffer size", "CUDA0 compute buffer size", "CUDA_Host compute buffer size").
  it.each([
    ['Llama 3.1 8B, 8192 tokens', llama8b, 8192, 1024, 560, 24],
    ['Llama 3.1 8B, 512 tokens', llama8b, 512, 64, 258.5, 9],
    ['Mistral 7B, 32768 tokens', mistral7b, 32_768, 4096, 2144, 72],
    ['Mistral 7B, 2048 tokens', mistral7b, 2048, 256, 164, 12],
    ['Qwen 2.5 7B, 2048 tokens', qwen7b, 2048, 112, 304, 11],
  ])('is what llama.cpp reports for %s', (_name, memory, context, cache, compute, handed) => {
    const made = estimate(memory, { context });
    expect(mib(poolOf(made, 'vram').cacheBytes)).toBe(cache);
    expect(mib(poolOf(made, 'vram').computeBytes)).toBe(compute);
    expect(mib(poolOf(made, 'ram').computeBytes)).toBe(handed);
  });

  it('is what llama.cpp reports for an embedding model whose batch is longer than its context', () => {
    const made = estimate(bgeSmall, { model: { kind: 'embedding', memory: bgeSmall }, context: 512, batch: 2048 });
    expect(mib(poolOf(made, 'vram').cacheBytes)).toBe(9);
    expect(mib(poolOf(made, 'vram').computeBytes)).toBe(16);
  });

  it('is what llama.cpp reports for models that were loaded beside this test', () => {
    // node-llama-cpp 3.22.1 on a processor alone, three slots of 2,000 tokens: "CPU_Mapped model buffer size = 0.44 MiB",
    // "CPU KV buffer size = 3.00 MiB", "CPU compute buffer size = 3.02 MiB"; the encoder 1.20 MiB and no cache.
    const tiny: ModelMemory = {
      layers: 2,
      layersBytes: 328_704,
      inputBytes: 66_560,
      outputBytes: 66_816,
      sharedOutput: false,
      cacheBytesPerToken: 512,
      stateBytesPerSlot: 0,
      width: 64,
      feedForward: 128,
      heads: 4,
      vocabulary: 260,
    };
    const settings = { context: 2000, slots: 3, flashAttention: true, free: { gpus: [] } };
    const ram = poolOf(estimate(tiny, settings), 'ram');
    expect(mib(ram.weightsBytes)).toBe(0.44);
    expect(mib(ram.cacheBytes)).toBe(3);
    expect(Math.abs(ram.computeBytes / (3.02 * MIB) - 1)).toBeLessThan(0.1);
    const encoder = { ...tiny, cacheBytesPerToken: 0 };
    const read = poolOf(estimate(encoder, { ...settings, model: { kind: 'embedding', memory: encoder } }), 'ram');
    expect(read.cacheBytes).toBe(0);
    expect(Math.abs(read.computeBytes / (1.2 * MIB) - 1)).toBeLessThan(0.2);
  });

  it('puts all weights but the input on a graphics processor with room', () => {
    const made = estimate(llama8b);
    expect(made).toMatchObject({ verdict: 'fits', gpuLayers: 33, layers: 33 });
    expect(mib(poolOf(made, 'vram').weightsBytes)).toBeCloseTo(4403.49, 1);
    expect(mib(poolOf(made, 'ram').weightsBytes)).toBeCloseTo(281.81, 1);
  });

  it('keeps everything in memory without a graphics processor, weights that are used twice once', () => {
    const made = estimate({ ...llama8b, sharedOutput: true }, { free: { ramBytes: 64 * GIB, gpus: [] } });
    expect(made.pools.map(({ of }) => of)).toEqual(['ram']);
    expect(mib(poolOf(made, 'ram').weightsBytes)).toBeCloseTo(4403.49 - 411 + 281.81, 1);
    expect(mib(poolOf(made, 'ram').computeBytes)).toBe(560);
  });

  it('counts the cache of every slot', () => {
    expect(mib(poolOf(estimate(llama8b, { slots: 4 }), 'vram').cacheBytes)).toBe(4096);
  });

  it('counts no more than their window for layers that look back only so far', () => {
    const window = { tokens: 1024, cacheBytesPerToken: 1000 };
    const made = estimate({ ...llama8b, cacheBytesPerToken: 0, window }, { context: 32_768, slots: 2 });
    expect(poolOf(made, 'vram').cacheBytes).toBe(2 * 1792 * 1000);
    const short = estimate({ ...llama8b, cacheBytesPerToken: 0, window }, { context: 512, slots: 2 });
    expect(poolOf(short, 'vram').cacheBytes).toBe(2 * 512 * 1000);
  });

  it('counts a state for each slot, however long the context', () => {
    const memory = { ...llama8b, cacheBytesPerToken: 0, stateBytesPerSlot: 7_000 };
    expect(poolOf(estimate(memory, { slots: 3 }), 'vram').cacheBytes).toBe(21_000);
  });

  it('says how many layers have room, and that the others are slow', () => {
    const made = estimate(llama8b, { free: { ramBytes: 64 * GIB, gpus: [{ unified: false, bytes: 4 * GIB }] } });
    expect(made.verdict).toBe('partly');
    expect(made.gpuLayers).toBeGreaterThan(0);
    expect(made.gpuLayers).toBeLessThan(33);
    expect(describeEstimate(made).warning).toMatch(/^Only \d+ of 33 layers have room/);
  });

  it('says that layers do not fit when so many were asked for', () => {
    const free = { ramBytes: 64 * GIB, gpus: [{ unified: false, bytes: 4 * GIB }] };
    const made = estimate(llama8b, { gpuLayers: 33, free });
    expect(made.verdict).toBe('does-not-fit');
    expect(describeEstimate(made)).toEqual({
      needs: 'Needs about 0.45 GiB of memory, 64.0 GiB free; 6.2 GiB of graphics memory, 4.0 GiB free.',
      warning: expect.stringContaining('2.2 GiB are missing') as string,
    });
  });

  it('adds both sides up where memory is shared, and keeps to the limit of the system', () => {
    const apart = estimate(llama8b);
    const unified = { ramBytes: 20 * GIB, gpus: [{ unified: true, limitBytes: 16 * GIB }] };
    const made = estimate(llama8b, { free: unified });
    expect(made.pools).toHaveLength(1);
    const shared = poolOf(made, 'unified');
    expect(shared.needBytes).toBe(poolOf(apart, 'ram').needBytes + poolOf(apart, 'vram').needBytes);
    expect(shared.freeBytes).toBe(16 * GIB);
  });

  it('does not guess when the machine does not tell', () => {
    const made = estimate(llama8b, { free: { gpus: [{ unified: false }] } });
    expect(made).toMatchObject({ verdict: 'not-known', gpuLayers: 33 });
    expect(estimateMemory({ model: { kind: 'chat' }, context: 512, slots: 1, free: roomy })).toBeUndefined();
  });

  it('is made from the parameters of an executor, whose context is not longer than the model', () => {
    const parameters = ExecutorParameters.parse({ contextTokens: 16_384, slots: 2, gpuLayers: 10 });
    const model = { kind: 'chat' as const, memory: llama8b, contextLength: 8192 };
    const made = estimateExecutor(model, parameters, roomy);
    expect(made).toEqual(estimate(llama8b, { slots: 2, gpuLayers: 10, flashAttention: true }));
    expect(estimateExecutor(model, { ...parameters, gpuBackend: 'cpu' }, roomy)?.gpuLayers).toBe(0);
    expect(estimateExecutor(model, { ...parameters, gpuLayers: 'auto' }, roomy)?.gpuLayers).toBe(33);
  });

  it('says when little is left', () => {
    const need = poolOf(estimate(llama8b, { gpuLayers: 0 }), 'ram').needBytes;
    const made = estimate(llama8b, { free: { ramBytes: Math.round(need * 1.05), gpus: [] } });
    expect(made.verdict).toBe('tight');
    expect(describeEstimate(made).warning).toContain('little to spare');
  });
});

const size = fc.integer({ min: 0, max: 400 * GIB });
const memories = fc.record({
  layers: fc.integer({ min: 1, max: 200 }),
  layersBytes: size,
  inputBytes: size,
  outputBytes: size,
  sharedOutput: fc.boolean(),
  cacheBytesPerToken: fc.integer({ min: 0, max: 10 * MIB }),
  window: fc.option(
    fc.record({
      tokens: fc.integer({ min: 1, max: 1e6 }),
      cacheBytesPerToken: fc.integer({ min: 0, max: MIB }),
    }),
    { nil: undefined },
  ),
  stateBytesPerSlot: fc.integer({ min: 0, max: GIB }),
  width: fc.integer({ min: 1, max: 32_768 }),
  feedForward: fc.integer({ min: 0, max: 131_072 }),
  heads: fc.integer({ min: 0, max: 512 }),
  vocabulary: fc.integer({ min: 0, max: 300_000 }),
});
const frees = fc.record({
  ramBytes: fc.option(size, { nil: undefined }),
  gpus: fc.array(
    fc.record(
      { unified: fc.constant(false), bytes: fc.option(size, { nil: undefined }) },
      { requiredKeys: ['unified'] },
    ),
    { maxLength: 4 },
  ),
});
const inputs = fc
  .record({
    memory: memories,
    kind: fc.constantFrom('chat' as const, 'embedding' as const),
    context: fc.integer({ min: 1, max: 2e6 }),
    slots: fc.integer({ min: 1, max: 64 }),
    batch: fc.integer({ min: 1, max: 4096 }),
    gpuLayers: fc.option(fc.integer({ min: -3, max: 300 }), { nil: undefined }),
    flashAttention: fc.boolean(),
    free: frees,
  })
  .map(({ memory: { window, ...memory }, kind, gpuLayers, free: { ramBytes, gpus }, ...rest }): EstimateInput => ({
    ...rest,
    model: { kind, memory: { ...memory, ...(window === undefined ? {} : { window }) } },
    ...(gpuLayers === undefined ? {} : { gpuLayers }),
    free: {
      ...(ramBytes === undefined ? {} : { ramBytes }),
      gpus: gpus.map(({ bytes }) => ({ unified: false, ...(bytes === undefined ? {} : { bytes }) })),
    },
  }));
const whole = (input: EstimateInput) => {
  const made = estimateMemory(input);
  if (made === undefined) throw new Error('No estimate');
  return { made, total: made.pools.reduce((sum, { needBytes }) => sum + needBytes, 0) };
};

describe('any estimate of memory', () => {
  it('is finite, adds up and says something', () => {
    fc.assert(
      fc.property(inputs, (input) => {
        const { made } = whole(input);
        expect(made.gpuLayers).toBeGreaterThanOrEqual(0);
        expect(made.gpuLayers).toBeLessThanOrEqual(made.layers);
        for (const pool of made.pools) {
          const parts = [pool.weightsBytes, pool.cacheBytes, pool.computeBytes, pool.engineBytes];
          for (const part of parts) expect(Number.isFinite(part) && part >= 0).toBe(true);
          expect(pool.needBytes).toBe(parts.reduce((sum, part) => sum + part, 0));
        }
        expect(describeEstimate(made).needs).toMatch(/^Needs about [^N]+\.$/);
      }),
    );
  });

  it('grows with the context and with the slots when the layers stay where they are', () => {
    fc.assert(
      fc.property(inputs, fc.nat(100_000), fc.nat(16), (input, tokens, slots) => {
        const fixed = { ...input, gpuLayers: input.gpuLayers ?? 0 };
        const more = { ...fixed, context: fixed.context + tokens, slots: fixed.slots + slots };
        // Shares are rounded to whole bytes.
        expect(whole(more).total).toBeGreaterThanOrEqual(whole(fixed).total - 8);
      }),
    );
  });

  it('never chooses more layers than fit where free memory is known', () => {
    fc.assert(
      fc.property(inputs, (input) => {
        const { model, context, slots, free } = input;
        const { made } = whole({ model, context, slots, free });
        const graphics = made.pools.find(({ of }) => of === 'vram');
        if (graphics?.freeBytes !== undefined) expect(graphics.needBytes).toBeLessThanOrEqual(graphics.freeBytes);
      }),
    );
  });

  it('says that it will not fit exactly when one kind of memory has too little', () => {
    fc.assert(
      fc.property(inputs, (input) => {
        const { made } = whole(input);
        const tooLittle = made.pools.some(({ needBytes, freeBytes = Infinity }) => needBytes > freeBytes);
        expect(made.verdict === 'does-not-fit').toBe(tooLittle);
      }),
    );
  });
});

describe('free memory', () => {
  const cpu = { model: 'x', cores: 8 };
  const hardware = { hostname: 'x', platform: 'linux', cpu, memoryTotalBytes: 32 * GIB, gpus: [] };
  const measured = { cpuPercent: 1, memoryTotalBytes: 32 * GIB, memoryUsedBytes: 12 * GIB, gpus: [] };
  const card = { index: 0, name: 'RTX', vendor: 'nvidia' as const, memoryTotalBytes: 24 * GIB, unifiedMemory: false };

  it('is what is not used, and what a stopped executor gives back', () => {
    const used = { ...measured, gpus: [{ index: 0, memoryUsedBytes: 20 * GIB }] };
    const machine = { ...hardware, gpus: [card] };
    expect(freeMemory(machine, used)).toEqual({ ramBytes: 20 * GIB, gpus: [{ unified: false, bytes: 4 * GIB }] });
    expect(freeMemory(machine, used, { memoryBytes: GIB, vramBytes: 10 * GIB })).toEqual({
      ramBytes: 21 * GIB,
      gpus: [{ unified: false, bytes: 14 * GIB }],
    });
  });

  it('is not known without a measurement', () => {
    expect(freeMemory({ ...hardware, gpus: [card] }, undefined)).toEqual({ gpus: [{ unified: false }] });
  });

  it('is the memory of the machine where processors share it, on Apple chips two thirds of a small one', () => {
    const spark = { index: 0, name: 'NVIDIA GB10', vendor: 'nvidia' as const, unifiedMemory: true };
    expect(freeMemory({ ...hardware, gpus: [spark] }, measured)).toEqual({
      ramBytes: 20 * GIB,
      gpus: [{ unified: true }],
    });
    const apple = { ...spark, name: 'Apple M3', vendor: 'apple' as const };
    expect(freeMemory({ ...hardware, gpus: [apple] }, measured).gpus).toEqual([
      { unified: true, limitBytes: Math.floor((32 * GIB * 2) / 3) },
    ]);
  });

  it('leaves a small shared processor out beside one with memory of its own', () => {
    const small = { index: 0, name: 'UHD', vendor: 'intel' as const, unifiedMemory: true };
    const used = { ...measured, gpus: [{ index: 1, memoryUsedBytes: 4 * GIB }] };
    expect(freeMemory({ ...hardware, gpus: [small, { ...card, index: 1 }] }, used).gpus).toEqual([
      { unified: false, bytes: 20 * GIB },
    ]);
  });
});
