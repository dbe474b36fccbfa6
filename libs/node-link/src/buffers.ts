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

/** Lines that outlast the process: they are numbered on where an earlier life of the node service left off. */
export interface LogArchive {
  /** Which numbering it is, and which earlier one it goes on from. */
  readonly numbering: LogNumbering;
  /** The number of the oldest line that it has; equal to `next` while it has none. */
  readonly first: number;
  readonly next: number;
  /** Keeps a line before anybody gets it. Never throws: what can not be kept is not here. */
  append(line: LogLine): void;
  /** Lines from number `from` on, at most `most`, oldest first. May give fewer than there are; none when `from` is not here. */
  read(from: number, most: number): LogLine[];
}

/** A numbering of lines. With `continues`, the numbers up to `upTo` name the same lines as in that earlier numbering. */
export interface LogNumbering {
  readonly id: string;
  readonly continues?: { readonly id: string; readonly upTo: number } | undefined;
}

type UnnumberedLine = Omit<LogLine, 'seq'>;

/**
 * The node's log as links read it: the last 10,000 lines in memory (at most 80 MB when every one of them is of the greatest
 * length), and behind them those of an archive, where there is one.
 */
export class LogBuffer extends NumberedBuffer<UnnumberedLine> {
  constructor(private readonly archive?: LogArchive) {
    super(10_000, archive?.next ?? 1);
  }

  /** The numbering of the archive; without one the numbers hold for this life of the node service alone. */
  get numbering(): LogNumbering | undefined {
    return this.archive?.numbering;
  }

  override get first(): number {
    const inMemory = super.first;
    if (this.archive === undefined || this.archive.first === this.archive.next) return inMemory;
    return Math.min(this.archive.first, inMemory);
  }

  /** Where somebody begins who has nothing yet: the last 10,000 lines. */
  get recent(): number {
    return Math.max(this.first, this.next - this.capacity);
  }

  override add(line: UnnumberedLine): number {
    this.archive?.append({ ...line, seq: this.next });
    return super.add(line);
  }

  override read(from: number, most: number): { seq: number; item: UnnumberedLine }[] {
    if (from >= super.first || this.archive === undefined) return super.read(from, most);
    return this.archive.read(from, Math.min(most, super.first - from)).map(({ seq, ...item }) => ({ seq, item }));
  }
}
