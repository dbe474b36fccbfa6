import type { NodeSample } from '@muster/contracts';

/** How far back a node's page looks at once. */
export const WINDOW_MS = 5 * 60_000;

/** All samples of a window go in one message of the bus, which may have 1 MiB. */
const MAX_BYTES = 768 * 1024;
const MAX_SAMPLES = 600;

interface Kept {
  readonly sample: NodeSample;
  readonly atMs: number;
  readonly bytes: number;
}

/** The samples of the last five minutes of one node; fewer when they are so large that they would not fit into one message. */
export class SampleWindow {
  readonly #kept: Kept[] = [];
  #bytes = 0;

  /** `atMs`: when it was measured, in monotonic milliseconds of the monitor. */
  add(sample: NodeSample, atMs: number): void {
    const bytes = Buffer.byteLength(JSON.stringify(sample)) + 1;
    this.#kept.push({ sample, atMs, bytes });
    this.#bytes += bytes;
    while (this.#kept.length > MAX_SAMPLES || this.#bytes > MAX_BYTES) this.#forgetFirst();
  }

  /** The newest one, when it is no older than this. */
  newest(nowMs: number, withinMs: number): NodeSample | undefined {
    const last = this.#kept.at(-1);
    return last !== undefined && nowMs - last.atMs <= withinMs ? last.sample : undefined;
  }

  /** Oldest first. */
  read(nowMs: number): NodeSample[] {
    for (let first = this.#kept[0]; first !== undefined && nowMs - first.atMs > WINDOW_MS; first = this.#kept[0])
      this.#forgetFirst();
    return this.#kept.map(({ sample }) => sample);
  }

  #forgetFirst(): void {
    this.#bytes -= this.#kept.shift()?.bytes ?? 0;
  }
}
