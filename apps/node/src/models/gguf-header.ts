import { constants } from 'node:fs';
import { open } from 'node:fs/promises';
import { EndOfBytes, FileBytes } from './file-bytes.js';
import { packedBytes } from './gguf-types.js';

/** The longest headers in use, with vocabularies of 260,000 tokens, are some 20 MB long. */
const MAX_HEADER_BYTES = 128 * 1024 ** 2;
const MAX_KEYS = 4_096;
const MAX_TENSORS = 65_536;
const MAX_KEY_BYTES = 1_024;
/** Longer texts (chat templates) are passed over, and so are longer arrays (vocabularies): only their length is kept. */
const MAX_KEPT_TEXT_BYTES = 1_024;
const MAX_KEPT_NUMBERS = 4_096;
/** GGML_MAX_DIMS. */
const MAX_DIMENSIONS = 4;
const MAX_NAME_BYTES = 256;
const DEFAULT_ALIGNMENT = 32;

/** What a header says under one key. Of texts and arrays that are not kept only the length is known. */
export type GgufValue = number | boolean | string | readonly number[] | { readonly length: number };

export interface GgufTensor {
  readonly name: string;
  readonly numbers: number;
  readonly type: number;
  /** Undefined when it is packed in a way that came after this program. */
  readonly bytes: number | undefined;
}

export interface GgufHeader {
  readonly values: ReadonlyMap<string, GgufValue>;
  readonly tensors: readonly GgufTensor[];
  /** How long the file must be for all its tensors to be there. */
  readonly completeBytes: number;
}

/** A file is no model that can be used, in words for the person who put it there. */
export class ModelProblem extends Error {
  override readonly name = 'ModelProblem';
}

/**
 * The header of a GGUF file: what it says of itself and which tensors it holds, without reading them. Layout: version 2 and 3
 * of https://github.com/ggml-org/ggml/blob/master/docs/gguf.md. The file comes from anywhere: every count and length is bounded
 * before anything is made of it. Throws ModelProblem for what is no such header, and what the system throws otherwise.
 */
export async function readGgufHeader(path: string): Promise<GgufHeader> {
  // Should a pipe have taken the place of the file since it was looked at, opening does not wait for its other end.
  const file = await open(path, constants.O_RDONLY | (constants.O_NONBLOCK ?? 0));
  try {
    const { size } = await file.stat();
    const bytes = new FileBytes(file, Math.min(size, MAX_HEADER_BYTES));
    try {
      return await readHeader(bytes);
    } catch (error) {
      if (!(error instanceof EndOfBytes)) throw error;
      throw new ModelProblem(
        size < MAX_HEADER_BYTES ? 'The file ends within its header: it is cut off or broken.' : 'The header is broken.',
      );
    }
  } finally {
    await file.close();
  }
}

async function readHeader(bytes: FileBytes): Promise<GgufHeader> {
  await bytes.need(4);
  if (bytes.take(4).toString('latin1') !== 'GGUF') throw new ModelProblem('It is not a GGUF file.');
  await bytes.need(20);
  const version = bytes.u32();
  if (version === 0x03_00_00_00 || version === 0x02_00_00_00)
    throw new ModelProblem('It was written for processors with the other order of bytes.');
  if (version !== 2 && version !== 3) throw new ModelProblem(`GGUF version ${version} is not known; 2 and 3 are.`);
  const tensorCount = bytes.u64();
  const keyCount = bytes.u64();
  if (tensorCount > MAX_TENSORS)
    throw new ModelProblem(`The header tells of ${tensorCount} tensors, which is too many.`);
  if (keyCount > MAX_KEYS) throw new ModelProblem(`The header tells of ${keyCount} keys, which is too many.`);
  const values = new Map<string, GgufValue>();
  for (let n = 0; n < keyCount; n += 1) {
    const key = await text(bytes, MAX_KEY_BYTES);
    if (typeof key !== 'string') throw new ModelProblem('The header holds a key that is too long.');
    values.set(key, await value(bytes));
  }
  return { values, ...(await readTensors(bytes, tensorCount, values)) };
}

async function readTensors(bytes: FileBytes, count: number, values: ReadonlyMap<string, GgufValue>) {
  const tensors: GgufTensor[] = [];
  let dataBytes = 0;
  for (let n = 0; n < count; n += 1) {
    const name = await text(bytes, MAX_NAME_BYTES);
    if (typeof name !== 'string') throw new ModelProblem('The header holds a tensor whose name is too long.');
    await bytes.need(4);
    const dimensions = bytes.u32();
    if (dimensions > MAX_DIMENSIONS)
      throw new ModelProblem(`A tensor has ${dimensions} dimensions, which is too many.`);
    await bytes.need(8 * dimensions + 12);
    let numbers = 1;
    for (let dimension = 0; dimension < dimensions; dimension += 1) numbers *= bytes.u64();
    const type = bytes.u32();
    const offset = bytes.u64();
    const length = packedBytes(type, numbers);
    const end = offset + (length ?? 0);
    if (!Number.isSafeInteger(numbers) || !Number.isSafeInteger(end))
      throw new ModelProblem('The header holds a tensor that is larger than anything can be.');
    dataBytes = Math.max(dataBytes, end);
    tensors.push({ name, numbers, type, bytes: length });
  }
  const given = values.get('general.alignment');
  const alignment = typeof given === 'number' && given > 0 ? given : DEFAULT_ALIGNMENT;
  const dataFrom = Math.ceil(bytes.position / alignment) * alignment;
  return { tensors, completeBytes: tensors.length === 0 ? bytes.position : dataFrom + dataBytes };
}

/** A text, or its length when it is longer than `kept`. */
async function text(bytes: FileBytes, kept: number): Promise<string | { length: number }> {
  await bytes.need(8);
  const length = bytes.u64();
  if (length > kept) {
    bytes.skip(length);
    return { length };
  }
  await bytes.need(length);
  return bytes.take(length).toString('utf8');
}

interface Scalar {
  readonly bytes: number;
  read(from: Buffer): number | boolean;
}
const big = (value: bigint): number => Number(value);
/** The types of values that have one length, as the format numbers them. */
const scalars: Readonly<Record<number, Scalar>> = {
  0: { bytes: 1, read: (from) => from.readUInt8() },
  1: { bytes: 1, read: (from) => from.readInt8() },
  2: { bytes: 2, read: (from) => from.readUInt16LE() },
  3: { bytes: 2, read: (from) => from.readInt16LE() },
  4: { bytes: 4, read: (from) => from.readUInt32LE() },
  5: { bytes: 4, read: (from) => from.readInt32LE() },
  6: { bytes: 4, read: (from) => from.readFloatLE() },
  7: { bytes: 1, read: (from) => from.readUInt8() !== 0 },
  10: { bytes: 8, read: (from) => big(from.readBigUInt64LE()) },
  11: { bytes: 8, read: (from) => big(from.readBigInt64LE()) },
  12: { bytes: 8, read: (from) => from.readDoubleLE() },
};
const TEXT = 8;
const ARRAY = 9;

async function value(bytes: FileBytes): Promise<GgufValue> {
  await bytes.need(4);
  const type = bytes.u32();
  if (type === TEXT) return text(bytes, MAX_KEPT_TEXT_BYTES);
  if (type === ARRAY) return array(bytes);
  const scalar = scalars[type];
  if (scalar === undefined) throw new ModelProblem(`The header holds a value of the unknown type ${type}.`);
  await bytes.need(scalar.bytes);
  return scalar.read(bytes.take(scalar.bytes));
}

async function array(bytes: FileBytes): Promise<GgufValue> {
  await bytes.need(12);
  const type = bytes.u32();
  const length = bytes.u64();
  if (type === TEXT) {
    await skipTexts(bytes, length);
    return { length };
  }
  // Arrays of arrays: the format allows them, nobody writes them.
  const scalar = scalars[type];
  if (scalar === undefined) throw new ModelProblem(`The header holds an array of the unknown type ${type}.`);
  if (length > MAX_KEPT_NUMBERS) {
    bytes.skip(length * scalar.bytes);
    return { length };
  }
  await bytes.need(length * scalar.bytes);
  return Array.from({ length }, () => Number(scalar.read(bytes.take(scalar.bytes))));
}

/** A vocabulary is hundreds of thousands of short texts: they are passed over as they lie in the piece that was read. */
async function skipTexts(bytes: FileBytes, count: number): Promise<void> {
  for (let n = 0; n < count; n += 1) {
    if (bytes.ready < 8) await bytes.need(8);
    bytes.skip(bytes.u64());
  }
}
