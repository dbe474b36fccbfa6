/** A column is of whole numbers after multiplying with one of these, or is kept as it is. */
const SCALES = [1, 10, 100, 1_000] as const;
/** The difference of two whole numbers up to this is still exact. */
const LARGEST = 2 ** 52;
const DOUBLE_BYTES = 8;
/** The column is kept as it is. */
const AS_IT_IS = 8;

/**
 * Packs rows of numbers column by column, each as its least number, a step and how many steps each row is above it, in 0, 1, 2 or
 * 4 bytes; a column for which that would not give back exactly the same numbers has 8 bytes a row. `rows` are one after the
 * other, `columns` numbers each. -0 becomes 0, as in JSON.
 */
export function packColumns(rows: Float64Array, columns: number, count: number): Uint8Array<ArrayBuffer> {
  const packed = Buffer.allocUnsafe(columns * (1 + 2 * DOUBLE_BYTES + count * DOUBLE_BYTES));
  const values = new Float64Array(count);
  let end = 0;
  for (let column = 0; column < columns; column += 1) {
    for (let row = 0; row < count; row += 1) values[row] = (rows[row * columns + column] ?? 0) + 0;
    end = packColumn(values, packed, end);
  }
  // Copied: the one that was written to is larger by far.
  return new Uint8Array(packed.subarray(0, end));
}

/** What was packed, as rows one after the other. */
export function unpackColumns(packed: Uint8Array<ArrayBuffer>, columns: number, count: number): Float64Array {
  const bytes = Buffer.from(packed.buffer, packed.byteOffset, packed.byteLength);
  const rows = new Float64Array(columns * count);
  let end = 0;
  for (let column = 0; column < columns; column += 1) {
    const kind = bytes.readUInt8(end);
    const [width, scale] = [kind & 15, SCALES[kind >> 4] ?? 1];
    end += 1;
    let [least, step] = [0, 0];
    if (width !== AS_IT_IS) {
      least = bytes.readDoubleLE(end);
      end += DOUBLE_BYTES;
      if (width > 0) {
        step = bytes.readDoubleLE(end);
        end += DOUBLE_BYTES;
      }
    }
    for (let row = 0; row < count; row += 1, end += width)
      rows[row * columns + column] =
        width === AS_IT_IS
          ? bytes.readDoubleLE(end)
          : (least + (width === 0 ? 0 : step * bytes.readUIntLE(end, width))) / scale;
  }
  return rows;
}

/** Returns where the next column begins. */
function packColumn(values: Float64Array, packed: Buffer, begin: number): number {
  if (isConstant(values)) return packed.writeDoubleLE(values[0] ?? 0, packed.writeUInt8(0, begin));
  const whole = wholeNumbers(values);
  const { least, step, most } = whole === undefined ? { least: 0, step: 1, most: Infinity } : stepsOf(whole.numbers);
  const width = most <= 0xff ? 1 : most <= 0xffff ? 2 : most <= 0xffff_ffff ? 4 : AS_IT_IS;
  if (whole === undefined || width === AS_IT_IS) {
    let end = packed.writeUInt8(AS_IT_IS, begin);
    for (const value of values) end = packed.writeDoubleLE(value, end);
    return end;
  }
  let end = packed.writeUInt8((whole.scale << 4) | width, begin);
  end = packed.writeDoubleLE(step, packed.writeDoubleLE(least, end));
  for (const number of whole.numbers) end = packed.writeUIntLE((number - least) / step, end, width);
  return end;
}

/** The numbers times the first scale that makes all of them whole, from which they come back the same; undefined where none does. */
function wholeNumbers(values: Float64Array): { numbers: Float64Array; scale: number } | undefined {
  const numbers = new Float64Array(values.length);
  const scale = SCALES.findIndex((factor) => isWholeBy(factor, values, numbers));
  return scale === -1 ? undefined : { numbers, scale };
}

/** Loops, not `every`: these go over each value that each node sends. */
function isWholeBy(factor: number, values: Float64Array, numbers: Float64Array): boolean {
  for (let row = 0; row < values.length; row += 1) {
    const value = values[row] ?? 0;
    const number = Math.round(value * factor);
    if (Math.abs(number) > LARGEST || number / factor !== value) return false;
    numbers[row] = number;
  }
  return true;
}

function isConstant(values: Float64Array): boolean {
  for (let row = 1; row < values.length; row += 1) if (values[row] !== values[0]) return false;
  return true;
}

/** The least number, the largest step by which all others are reached from it, and how many of them lead to the highest. */
function stepsOf(numbers: Float64Array): { least: number; step: number; most: number } {
  let [least, highest] = [Infinity, -Infinity];
  for (const number of numbers) {
    least = Math.min(least, number);
    highest = Math.max(highest, number);
  }
  let step = 0;
  for (const number of numbers) {
    step = commonDivisor(step, number - least);
    if (step === 1) break;
  }
  return { least, step, most: (highest - least) / step };
}

function commonDivisor(one: number, other: number): number {
  while (other !== 0) [one, other] = [other, one % other];
  return one;
}
