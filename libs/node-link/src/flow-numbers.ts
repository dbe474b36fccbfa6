import { ProtocolFault } from './codec.js';
import type { FromNode } from './frames.js';

/** Follows the numbers of samples and lines: each one more than the last, or told as missing before. */
export class FlowNumbers {
  constructor(
    /** The last number of each that was seen or told as lost. */
    public sample: number,
    public line: number,
  ) {}

  /** Throws ProtocolFault when a number goes backwards or skips, or something flows that nobody asked for. */
  follow(frame: FromNode, flowing: boolean): void {
    switch (frame.type) {
      case 'hello':
        throw new ProtocolFault('out-of-turn');
      case 'samples':
        this.#started(flowing);
        for (const { seq } of frame.items) this.sample = this.#next(this.sample, seq);
        return;
      case 'lines':
        this.#started(flowing);
        for (const { seq } of frame.lines) this.line = this.#next(this.line, seq);
        return;
      case 'gap':
        this.#started(flowing);
        if (frame.of === 'samples') this.sample += frame.lost;
        else this.line += frame.lost;
        return;
      case 'condition':
      case 'executors':
      case 'hardware':
      case 'models':
      case 'ticket':
      case 'outcome':
      case 'pong':
      case 'goodbye':
        return;
    }
  }

  #started(flowing: boolean): void {
    if (!flowing) throw new ProtocolFault('out-of-turn');
  }

  #next(last: number, seq: number): number {
    if (seq !== last + 1) throw new ProtocolFault('wrong-number');
    return seq;
  }
}
