import type { FileHandle } from 'node:fs/promises';

const PIECE_BYTES = 256 * 1024;

/** Reading goes beyond the file, or beyond what a header may be. */
export class EndOfBytes extends Error {
  override readonly name = 'EndOfBytes';
}

/**
 * A file read from its beginning, piece by piece, forward only and never beyond `limit`. What is skipped is not read. After
 * `await need(n)` the next n bytes are taken without waiting.
 */
export class FileBytes {
  private bytes = Buffer.alloc(0);
  private at = 0;
  /** Where in the file `bytes` begins. */
  private from = 0;

  constructor(
    private readonly file: FileHandle,
    private readonly limit: number,
  ) {}

  get position(): number {
    return this.from + this.at;
  }

  /** How many bytes can be taken now. */
  get ready(): number {
    return this.bytes.length - this.at;
  }

  /** Throws EndOfBytes when so many do not follow. A need is small; what may be long is skipped. */
  async need(length: number): Promise<void> {
    if (this.ready >= length) return;
    if (this.position + length > this.limit) throw new EndOfBytes();
    const kept = this.bytes.subarray(this.at);
    const from = this.position;
    const wanted = Math.min(Math.max(length, PIECE_BYTES), this.limit - from);
    const next = Buffer.allocUnsafe(wanted);
    kept.copy(next);
    let filled = kept.length;
    while (filled < length) {
      const { bytesRead } = await this.file.read(next, filled, wanted - filled, from + filled);
      if (bytesRead === 0) throw new EndOfBytes();
      filled += bytesRead;
    }
    this.bytes = next.subarray(0, filled);
    this.at = 0;
    this.from = from;
  }

  /** Goes on behind the next `length` bytes. Throws EndOfBytes when so many do not follow. */
  skip(length: number): void {
    if (this.position + length > this.limit) throw new EndOfBytes();
    if (length <= this.ready) {
      this.at += length;
      return;
    }
    this.from = this.position + length;
    this.bytes = Buffer.alloc(0);
    this.at = 0;
  }

  take(length: number): Buffer {
    const taken = this.bytes.subarray(this.at, this.at + length);
    if (taken.length < length) throw new EndOfBytes();
    this.at += length;
    return taken;
  }

  u32(): number {
    return this.take(4).readUInt32LE();
  }

  /** A whole number of 64 bits; one beyond 2^53 - 1 is longer than anything can be and ends the reading. */
  u64(): number {
    const value = this.take(8).readBigUInt64LE();
    if (value > BigInt(Number.MAX_SAFE_INTEGER)) throw new EndOfBytes();
    return Number(value);
  }
}
