/** Metadata of a GGUF file: whole numbers are written as u32, others as f32; each array is of one sort. */
export type GgufValue =
  | string
  | boolean
  | number
  | { readonly type: 'f32' | 'i32' | 'u64'; readonly value: number }
  | { readonly type: 'f32s' | 'i32s'; readonly values: readonly number[] }
  | readonly string[];

/** One tensor of 32-bit floats; the first dimension is the one whose numbers lie next to each other. */
export interface GgufTensor {
  readonly name: string;
  readonly dimensions: readonly number[];
  readonly weights: Float32Array;
}

/** The types of values, as the format numbers them: https://github.com/ggml-org/ggml/blob/master/docs/gguf.md */
const types = { u32: 4, i32: 5, f32: 6, bool: 7, string: 8, array: 9, u64: 10 } as const;
const F32_TENSOR = 0;
const ALIGNMENT = 32;

const u32 = (value: number): Buffer => {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32LE(value);
  return bytes;
};
const u64 = (value: number): Buffer => {
  const bytes = Buffer.alloc(8);
  bytes.writeBigUInt64LE(BigInt(value));
  return bytes;
};
const f32s = (values: readonly number[]): Buffer => Buffer.from(Float32Array.from(values).buffer);
const i32s = (values: readonly number[]): Buffer => Buffer.from(Int32Array.from(values).buffer);
const text = (value: string): Buffer => {
  const bytes = Buffer.from(value, 'utf8');
  return Buffer.concat([u64(bytes.length), bytes]);
};
const arrayOf = (type: number, length: number, items: Buffer): Buffer =>
  Buffer.concat([u32(types.array), u32(type), u64(length), items]);

function valueBytes(value: GgufValue): Buffer {
  if (typeof value === 'string') return Buffer.concat([u32(types.string), text(value)]);
  if (typeof value === 'boolean') return Buffer.concat([u32(types.bool), Buffer.from([value ? 1 : 0])]);
  if (typeof value === 'number')
    return Number.isInteger(value)
      ? Buffer.concat([u32(types.u32), u32(value)])
      : Buffer.concat([u32(types.f32), f32s([value])]);
  if (!('type' in value)) return arrayOf(types.string, value.length, Buffer.concat(value.map(text)));
  switch (value.type) {
    case 'f32':
      return Buffer.concat([u32(types.f32), f32s([value.value])]);
    case 'i32':
      return Buffer.concat([u32(types.i32), i32s([value.value])]);
    case 'u64':
      return Buffer.concat([u32(types.u64), u64(value.value)]);
    case 'f32s':
      return arrayOf(types.f32, value.values.length, f32s(value.values));
    case 'i32s':
      return arrayOf(types.i32, value.values.length, i32s(value.values));
  }
}

const upTo = (length: number): number => Math.ceil(length / ALIGNMENT) * ALIGNMENT;

/** The bytes of a GGUF file, version 3, of these metadata and tensors in this order. */
export function ggufBytes(metadata: Readonly<Record<string, GgufValue>>, tensors: readonly GgufTensor[]): Buffer {
  const entries = Object.entries(metadata);
  const parts = [Buffer.from('GGUF'), u32(3), u64(tensors.length), u64(entries.length)];
  for (const [key, value] of entries) parts.push(text(key), valueBytes(value));
  let offset = 0;
  for (const { name, dimensions, weights } of tensors) {
    parts.push(text(name), u32(dimensions.length), ...dimensions.map(u64), u32(F32_TENSOR), u64(offset));
    offset += upTo(weights.byteLength);
  }
  const header = Buffer.concat(parts);
  const file = Buffer.alloc(upTo(header.length) + offset);
  header.copy(file);
  let at = upTo(header.length);
  for (const { weights } of tensors) {
    Buffer.from(weights.buffer, weights.byteOffset, weights.byteLength).copy(file, at);
    at += upTo(weights.byteLength);
  }
  return file;
}
