import { closeSync, existsSync, openSync, renameSync, statSync, writeSync } from 'node:fs';

const DEFAULT_MAX_BYTES = 8 * 1024 * 1024;
const LAST_LINES = 40;

/**
 * A log on disk with a bound: past `maxBytes` the file becomes `<name>.1`, which replaces the one before, so at most twice
 * that is kept. Remembers the last lines, for saying why a part has ended.
 */
export class LogFile {
  private file: number;
  private bytes: number;
  private readonly last: string[] = [];
  private open = '';

  constructor(
    readonly path: string,
    private readonly maxBytes = DEFAULT_MAX_BYTES,
  ) {
    this.file = openSync(path, 'a', 0o600);
    this.bytes = statSync(path).size;
  }

  write(chunk: Buffer | string): void {
    const bytes = Buffer.from(chunk);
    if (this.bytes + bytes.length > this.maxBytes && this.bytes > 0) this.turn();
    writeSync(this.file, bytes);
    this.bytes += bytes.length;
    this.remember(bytes.toString('utf8'));
  }

  lastLines(): readonly string[] {
    return this.open === '' ? this.last : [...this.last, this.open];
  }

  forget(): void {
    this.last.length = 0;
    this.open = '';
  }

  close(): void {
    closeSync(this.file);
  }

  private turn(): void {
    closeSync(this.file);
    if (existsSync(this.path)) renameSync(this.path, `${this.path}.1`);
    this.file = openSync(this.path, 'a', 0o600);
    this.bytes = 0;
  }

  private remember(text: string): void {
    const lines = (this.open + text).split('\n');
    this.open = (lines.pop() ?? '').slice(-4_000);
    this.last.push(...lines.filter((line) => line.trim() !== ''));
    this.last.splice(0, Math.max(0, this.last.length - LAST_LINES));
  }
}
