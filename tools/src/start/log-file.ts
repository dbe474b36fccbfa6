import { closeSync, existsSync, openSync, renameSync, statSync, writeSync } from 'node:fs';

const DEFAULT_MAX_BYTES = 8 * 1024 * 1024;
const LAST_LINES = 40;

/**
 * A log on disk with a bound: past `maxBytes` the file becomes `<name>.1`, which replaces the one before, so at most twice
 * that is kept. Remembers the last lines, for saying why a part has ended. What the disk does not take is left out and
 * counted in a line of its own once there is room again: no log is worth the part that writes it.
 */
export class LogFile {
  private file: number | undefined;
  private bytes: number;
  private leftOut = 0;
  private readonly last: string[] = [];
  private open = '';

  constructor(
    readonly path: string,
    private readonly maxBytes = DEFAULT_MAX_BYTES,
  ) {
    this.file = openSync(path, 'a', 0o600);
    this.bytes = statSync(path).size;
  }

  /** Never throws. */
  write(chunk: Buffer | string): void {
    const bytes = Buffer.from(chunk);
    this.remember(bytes.toString('utf8'));
    try {
      if (this.leftOut > 0) this.append(Buffer.from(`… ${this.leftOut} bytes are missing here: the disk took none.\n`));
      this.leftOut = 0;
      this.append(bytes);
    } catch {
      this.leftOut += bytes.length;
    }
  }

  lastLines(): readonly string[] {
    return this.open === '' ? this.last : [...this.last, this.open];
  }

  forget(): void {
    this.last.length = 0;
    this.open = '';
  }

  /** What is written after this is only remembered: a process may still speak while its log is put away. */
  close(): void {
    if (this.file !== undefined) closeSync(this.file);
    this.file = undefined;
  }

  private append(bytes: Buffer): void {
    if (this.file === undefined) return;
    if (this.bytes + bytes.length > this.maxBytes && this.bytes > 0) this.turn(this.file);
    writeSync(this.file, bytes);
    this.bytes += bytes.length;
  }

  private turn(before: number): void {
    if (existsSync(this.path)) renameSync(this.path, `${this.path}.1`);
    // Opened before the other is closed: without room for a new one the old one goes on under its other name.
    this.file = openSync(this.path, 'a', 0o600);
    this.bytes = 0;
    closeSync(before);
  }

  private remember(text: string): void {
    const lines = (this.open + text).split('\n');
    this.open = (lines.pop() ?? '').slice(-4_000);
    this.last.push(...lines.filter((line) => line.trim() !== ''));
    this.last.splice(0, Math.max(0, this.last.length - LAST_LINES));
  }
}
