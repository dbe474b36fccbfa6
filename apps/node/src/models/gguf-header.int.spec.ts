import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Model } from '@muster/contracts';
import { ggufBytes, type GgufTensor, tinyModel } from '@muster/testing';
import fc from 'fast-check';
import { describeModel } from './describe-model.js';
import { ModelProblem, readGgufHeader } from './gguf-header.js';

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'muster-gguf-'));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const read = (bytes: Uint8Array) => {
  const path = join(folder, 'one.gguf');
  writeFileSync(path, bytes);
  return readGgufHeader(path);
};
const tensor = (name: string, ...dimensions: number[]): GgufTensor => ({
  name,
  dimensions,
  weights: new Float32Array(dimensions.reduce((product, size) => product * size, 1)),
});
const small = ggufBytes(
  {
    'general.architecture': 'llama',
    'llama.block_count': 2,
    'llama.rope.freq_base': 10_000.5,
    'general.flag': true,
    'general.size': { type: 'u64', value: 2 ** 40 },
    'general.below': { type: 'i32', value: -3 },
    'llama.attention.head_count_kv': { type: 'i32s', values: [4, 0] },
    'tokenizer.ggml.tokens': ['a', 'bc', ''],
  },
  [tensor('token_embd.weight', 4, 3), tensor('blk.0.attn_q.weight', 4, 4)],
);

describe('the header of a GGUF file', () => {
  it('tells values of every type, and of long arrays their length', async () => {
    const { values } = await read(small);
    expect(Object.fromEntries(values)).toEqual({
      'general.architecture': 'llama',
      'llama.block_count': 2,
      'llama.rope.freq_base': 10_000.5,
      'general.flag': true,
      'general.size': 2 ** 40,
      'general.below': -3,
      'llama.attention.head_count_kv': [4, 0],
      'tokenizer.ggml.tokens': { length: 3 },
    });
  });

  it('tells what each tensor takes and how long the whole file must be', async () => {
    const { tensors, completeBytes } = await read(small);
    expect(tensors.map(({ name, numbers, bytes }) => [name, numbers, bytes])).toEqual([
      ['token_embd.weight', 12, 48],
      ['blk.0.attn_q.weight', 16, 64],
    ]);
    expect(completeBytes).toBe(small.length);
  });

  it('passes over vocabularies that are longer than what is read at once', async () => {
    const tokens = Array.from({ length: 50_000 }, (_, n) => `token number ${n}`);
    const scores = { type: 'f32s' as const, values: tokens.map((_, n) => n) };
    const { values } = await read(ggufBytes({ tokens, scores, 'after.them': 7 }, []));
    expect(values.get('tokens')).toEqual({ length: 50_000 });
    expect(values.get('scores')).toEqual({ length: 50_000 });
    expect(values.get('after.them')).toBe(7);
  });

  it('keeps no text that is longer than a name', async () => {
    const { values } = await read(ggufBytes({ template: 'x'.repeat(300_000), next: 'y' }, []));
    expect([values.get('template'), values.get('next')]).toEqual([{ length: 300_000 }, 'y']);
  });

  it('says in words what is wrong', async () => {
    await expect(read(Buffer.from('hello there'))).rejects.toThrow('It is not a GGUF file.');
    await expect(read(Buffer.alloc(0))).rejects.toThrow('cut off or broken');
    await expect(read(small.subarray(0, 200))).rejects.toThrow('cut off or broken');
    await expect(read(changed(4, 1))).rejects.toThrow('GGUF version 1 is not known');
    await expect(read(changed(4, 0x03_00_00_00))).rejects.toThrow('the other order of bytes');
    await expect(read(changed(8, 70_000))).rejects.toThrow('70000 tensors');
    await expect(read(changed(16, 5_000))).rejects.toThrow('5000 keys');
    const type = small.indexOf('general.architecture') + 'general.architecture'.length;
    await expect(read(changed(type, 77))).rejects.toThrow('unknown type 77');
    await expect(read(changed(type + 8, 0xffff_ffff))).rejects.toThrow('cut off or broken');
  });

  it('does not believe lengths and counts: an array of 2^53 texts ends with the file', async () => {
    const type = small.indexOf('tokenizer.ggml.tokens') + 'tokenizer.ggml.tokens'.length;
    const hostile = Buffer.from(small);
    hostile.writeBigUInt64LE(2n ** 53n - 1n, type + 8);
    await expect(read(hostile)).rejects.toThrow(ModelProblem);
    hostile.writeBigUInt64LE(2n ** 64n - 1n, type + 8);
    await expect(read(hostile)).rejects.toThrow(ModelProblem);
  });

  it('does not believe the sizes of tensors', async () => {
    const dimension = small.indexOf('token_embd.weight') + 'token_embd.weight'.length + 4;
    const hostile = Buffer.from(small);
    hostile.writeBigUInt64LE(2n ** 52n, dimension);
    hostile.writeBigUInt64LE(2n ** 52n, dimension + 8);
    await expect(read(hostile)).rejects.toThrow('larger than anything can be');
  });
});

function changed(at: number, value: number): Buffer {
  const bytes = Buffer.from(small);
  bytes.writeUInt32LE(value, at);
  return bytes;
}

describe('any file', () => {
  const headerLength = tinyModel().indexOf('tokenizer.chat_template') + 2_000;

  it('is a header or a problem in words, wherever it ends', async () => {
    await fc.assert(
      fc.asyncProperty(fc.integer({ min: 0, max: small.length }), async (length) => {
        await settles(small.subarray(0, length));
      }),
      { numRuns: 100 },
    );
  });

  it('is a header or a problem in words, whatever was written over it', async () => {
    const model = tinyModel();
    const change = fc.record({
      at: fc.integer({ min: 4, max: headerLength }),
      bytes: fc.oneof(
        fc.uint8Array({ minLength: 1, maxLength: 16 }),
        fc.constant(new Uint8Array(8).fill(255)),
        fc.constant(new Uint8Array(8)),
      ),
    });
    await fc.assert(
      fc.asyncProperty(fc.array(change, { minLength: 1, maxLength: 8 }), async (changes) => {
        const bytes = Buffer.from(model);
        for (const { at, bytes: written } of changes) Buffer.from(written).copy(bytes, at);
        await settles(bytes);
      }),
      { numRuns: 300 },
    );
  });

  it('is a header or a problem in words when it is anything after the first letters', async () => {
    await fc.assert(
      fc.asyncProperty(fc.uint8Array({ maxLength: 300 }), async (rest) => {
        await settles(Buffer.concat([Buffer.from('GGUF\x03\0\0\0', 'latin1'), rest]));
      }),
      { numRuns: 200 },
    );
  });

  async function settles(bytes: Uint8Array): Promise<void> {
    try {
      const header = await read(bytes);
      expect(header.tensors.length).toBeLessThanOrEqual(65_536);
      expect(header.values.size).toBeLessThanOrEqual(4_096);
      Model.parse({ modelId: 'x', name: 'x', source: 'file', ...describeModel([header]) });
    } catch (error) {
      if (!(error instanceof ModelProblem)) throw error;
      expect(error.message).toMatch(/\.$/);
    }
  }
});
