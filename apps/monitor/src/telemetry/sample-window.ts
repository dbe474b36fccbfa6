import { deflateRawSync, inflateRawSync } from 'node:zlib';
import type { NodeSample } from '@muster/contracts';

/** How far back a node's page looks at once. */
export const WINDOW_MS = 5 * 60_000;

/** All samples of a window go in one message of the bus, which may have 1 MiB. */
const MAX_BYTES = 768 * 1024;
const MAX_SAMPLES = 600;

/** So many samples are packed together: one like the other, they shrink to a tenth. */
const PACKED_TOGETHER = 30;
/**
 * The quickest, and with a window (8 KiB) that the sample before lies in: a monitor packs those of a thousand nodes, and what zlib
 * needs for it grows with the window.
 */
const packing = { level: 1, windowBits: 13, memLevel: 6 };

interface Packed {
  readonly data: Buffer;
  readonly samples: number;
}

/**
 * The samples of the last five minutes of one node; fewer when they are so large that they would not fit into one message. Kept
 * as text, and packed but for the newest: as objects those of a thousand nodes would fill a gigabyte.
 */
export class SampleWindow {
  readonly #packed: Packed[] = [];
  #newest: string[] = [];
  #last = '';
  /** When each was measured and how long it is, oldest first; `#gone` of the oldest packed ones count no more. */
  readonly #atMs: number[] = [];
  readonly #sizes: number[] = [];
  #gone = 0;
  #bytes = 0;

  /** A NodeSample as JSON. `atMs`: when it was measured, in monotonic milliseconds of the monitor. */
  add(text: string, atMs: number): void {
    const size = Buffer.byteLength(text) + 1;
    this.#newest.push(text);
    this.#last = text;
    this.#atMs.push(atMs);
    this.#sizes.push(size);
    this.#bytes += size;
    if (this.#newest.length === PACKED_TOGETHER) this.#pack();
    while (this.#atMs.length > MAX_SAMPLES || this.#bytes > MAX_BYTES) this.#forgetFirst();
  }

  /** The newest one, when it is no older than this. */
  newest(nowMs: number, withinMs: number): NodeSample | undefined {
    const atMs = this.#atMs.at(-1);
    if (atMs === undefined || nowMs - atMs > withinMs) return undefined;
    return JSON.parse(this.#last) as NodeSample;
  }

  /** Oldest first. */
  read(nowMs: number): NodeSample[] {
    for (let first = this.#atMs[0]; first !== undefined && nowMs - first > WINDOW_MS; first = this.#atMs[0])
      this.#forgetFirst();
    const texts = [...this.#packed.map(({ data }) => inflateRawSync(data).toString('utf8')), ...this.#newest];
    // What was written here is what it was when it was checked.
    return (JSON.parse(`[${texts.join(',')}]`) as NodeSample[]).slice(this.#gone);
  }

  #pack(): void {
    // Copied: what zlib gives is the beginning of a buffer that is larger by far.
    const data = Buffer.from(deflateRawSync(this.#newest.join(','), packing));
    this.#packed.push({ data, samples: this.#newest.length });
    this.#newest = [];
  }

  #forgetFirst(): void {
    this.#atMs.shift();
    this.#bytes -= this.#sizes.shift() ?? 0;
    this.#gone += 1;
    const [oldest] = this.#packed;
    if (oldest === undefined) {
      this.#newest.shift();
      this.#gone -= 1;
    } else if (this.#gone === oldest.samples) {
      this.#packed.shift();
      this.#gone = 0;
    }
  }
}
