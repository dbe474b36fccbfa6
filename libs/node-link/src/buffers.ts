import type { LogLine, Measurement } from '@muster/contracts';
import { NumberedBuffer } from './numbered-buffer.js';

/** A measurement and when it was taken, in monotonic milliseconds of the node. */
export interface TimedMeasurement {
  readonly measurement: Measurement;
  readonly takenMs: number;
}

/** The samples of the last 30 minutes at one a second. */
export class SampleBuffer extends NumberedBuffer<TimedMeasurement> {
  constructor() {
    super(30 * 60);
  }
}

/** The last 10,000 lines of the log: at most 80 MB when every one of them is of the greatest length. */
export class LogBuffer extends NumberedBuffer<Omit<LogLine, 'seq'>> {
  constructor() {
    super(10_000);
  }
}
