import type { Measurement, NodeSample } from '@muster/contracts';
import { packColumns, unpackColumns } from './number-columns.js';
import { numbersIn, type Shape, shapeOf, takeNumbers, withNumbers } from './number-shape.js';

/** How far back a node's page looks at once. */
export const WINDOW_MS = 5 * 60_000;

/** All samples of a window go in one message of the bus, which may have 1 MiB. */
const MAX_BYTES = 768 * 1024;
const MAX_SAMPLES = 600;

/** So many samples of one shape are packed together: less, and the heads of their columns are most of it. */
const PACKED_TOGETHER = 30;
/** A graphics processor that tells its power now and then makes two shapes: these are known again. */
const MOST_SHAPES = 8;
/** What is kept of each sample before its measurement: its number and its time. */
const HEAD = 2;

/** One life of the node and what it measures: all of a sample but its numbers. */
interface Kind {
  readonly run: string;
  readonly shape: Shape;
  readonly columns: number;
}

interface Packed {
  readonly kind: Kind;
  readonly data: Uint8Array<ArrayBuffer>;
  readonly samples: number;
}

/**
 * The samples of the last five minutes of one node; fewer when they are so large that they would not fit into one message. Kept
 * as columns of numbers, a hundred bytes for fifty values: as objects those of a thousand nodes would fill a gigabyte.
 */
export class SampleWindow {
  readonly #packed: Packed[] = [];
  /** The kinds seen last, that of the newest sample first. */
  #kinds: Kind[] = [];
  /** The newest samples, not packed yet, all of the first kind: `#unpacked` rows. */
  #rows = new Float64Array(0);
  #unpacked = 0;
  /** When each was measured and how long it is as text, oldest first; `#gone` of the oldest that are kept count no more. */
  readonly #atMs: number[] = [];
  readonly #sizes: number[] = [];
  #gone = 0;
  #bytes = 0;

  constructor(private readonly nodeId: string) {}

  /**
   * Keeps a sample of this node. `atMs`: when it was measured, in monotonic milliseconds of the monitor; `size`: its bytes as
   * JSON; `wallMs`: the time that the sample names, in milliseconds since 1970, where the caller knows it.
   */
  add({ run, seq, at, measurement }: NodeSample, atMs: number, size: number, wallMs = Date.parse(at)): void {
    this.#take(run, measurement, seq, wallMs);
    this.#atMs.push(atMs);
    this.#sizes.push(size + 1);
    this.#bytes += size + 1;
    if (this.#unpacked === PACKED_TOGETHER) this.#pack();
    while (this.#atMs.length > MAX_SAMPLES || this.#bytes > MAX_BYTES) this.#forgetFirst();
  }

  /** The newest one, when it is no older than this. */
  newest(nowMs: number, withinMs: number): NodeSample | undefined {
    const atMs = this.#atMs.at(-1);
    if (atMs === undefined || nowMs - atMs > withinMs) return undefined;
    return (this.#unpacked > 0 ? this.#newestRows() : this.#samplesOf(this.#packed.at(-1))).at(-1);
  }

  /** Oldest first. */
  read(nowMs: number): NodeSample[] {
    for (let first = this.#atMs[0]; first !== undefined && nowMs - first > WINDOW_MS; first = this.#atMs[0])
      this.#forgetFirst();
    return [...this.#packed.flatMap((packed) => this.#samplesOf(packed)), ...this.#newestRows()].slice(this.#gone);
  }

  /** Puts a sample behind the ones that are not packed yet; those are packed first where it is of another kind. */
  #take(run: string, measurement: Measurement, seq: number, atMs: number): void {
    const [newest] = this.#kinds;
    const begin = this.#unpacked * (newest?.columns ?? 0);
    if (newest?.run !== run || takeNumbers(newest.shape, measurement, this.#rows, begin + HEAD) === -1) {
      this.#pack();
      this.#begin(run, measurement);
      this.#take(run, measurement, seq, atMs);
      return;
    }
    this.#rows[begin] = seq;
    this.#rows[begin + 1] = atMs;
    this.#unpacked += 1;
  }

  /** Makes the kind of this measurement the first. */
  #begin(run: string, measurement: Measurement): void {
    const shape = shapeOf(measurement);
    const columns = HEAD + numbersIn(shape);
    const room = new Float64Array(columns);
    const kind = this.#kinds.find(
      (each) => each.run === run && takeNumbers(each.shape, measurement, room, 0) !== -1,
    ) ?? {
      ...{ run, shape, columns },
    };
    this.#kinds = [kind, ...this.#kinds.filter((each) => each !== kind)].slice(0, MOST_SHAPES);
    this.#rows = new Float64Array(columns * PACKED_TOGETHER);
  }

  #pack(): void {
    const [kind] = this.#kinds;
    if (kind === undefined || this.#unpacked === 0) return;
    const samples = this.#unpacked;
    this.#packed.push({ kind, data: packColumns(this.#rows, kind.columns, samples), samples });
    this.#unpacked = 0;
  }

  #samplesOf(packed: Packed | undefined): NodeSample[] {
    if (packed === undefined) return [];
    const { kind, data, samples } = packed;
    return this.#fromRows(kind, unpackColumns(data, kind.columns, samples), samples);
  }

  #newestRows(): NodeSample[] {
    const [kind] = this.#kinds;
    return kind === undefined ? [] : this.#fromRows(kind, this.#rows, this.#unpacked);
  }

  #fromRows({ run, shape, columns }: Kind, rows: Float64Array, count: number): NodeSample[] {
    return Array.from({ length: count }, (_, row) => {
      const [seq = 0, atMs = 0, ...numbers] = rows.subarray(row * columns, (row + 1) * columns);
      // What is put together here is what it was when it was checked.
      const measurement = withNumbers(shape, numbers.values()) as Measurement;
      return { nodeId: this.nodeId, run, seq, at: new Date(atMs).toISOString(), measurement };
    });
  }

  #forgetFirst(): void {
    this.#atMs.shift();
    this.#bytes -= this.#sizes.shift() ?? 0;
    this.#gone += 1;
    const oldest = this.#packed[0]?.samples ?? this.#unpacked;
    if (this.#gone < oldest) return;
    if (this.#packed.shift() === undefined) this.#unpacked = 0;
    this.#gone = 0;
  }
}
