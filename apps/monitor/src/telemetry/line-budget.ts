import type { LogLine } from '@muster/contracts';
import { fullBucket, take, type TokenBucket, type TokenRate } from '../health/token-bucket.js';

/** More than a whole buffer of a node may come at once after an outage; in the long run a thousand lines a second are a flood. */
const LINES: TokenRate = { perSecond: 1_000, burst: 12_000 };
const BYTES: TokenRate = { perSecond: 1024 * 1024, burst: 16 * 1024 * 1024 };

/** How many lines of one node are taken: a node that floods its log loses lines of its own, and nobody else's. */
export class LineBudget {
  #lines: TokenBucket;
  #bytes: TokenBucket;

  constructor(nowMs: number) {
    this.#lines = fullBucket(LINES, nowMs);
    this.#bytes = fullBucket(BYTES, nowMs);
  }

  /** The first of the lines, as many as there is room for. The rest is to be counted as lost. */
  admit(lines: readonly LogLine[], nowMs: number): readonly LogLine[] {
    const byCount = take(this.#lines, lines.length, LINES, nowMs);
    this.#lines = byCount.bucket;
    const admitted: LogLine[] = [];
    for (const line of lines.slice(0, byCount.taken)) {
      const wanted = Buffer.byteLength(line.message);
      const { bucket, taken } = take(this.#bytes, wanted, BYTES, nowMs);
      if (taken < wanted) break;
      this.#bytes = bucket;
      admitted.push(line);
    }
    return admitted;
  }
}
