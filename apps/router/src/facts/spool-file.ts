import { appendFileSync, mkdirSync, readdirSync, readFileSync, rmSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { RequestEvent } from '@muster/contracts';

/** One file is read into memory at a time. */
const FILE_BYTES = 2 * 1024 * 1024;
const NAME = /^(\d{8})\.ndjson$/;

/**
 * Facts on disk, while they can not be told: files of one fact a line, oldest first. Up to its bound; what comes then is not
 * taken, and whoever gave it counts it. A line that was half written when the machine fell is passed over.
 */
export class SpoolFile {
  /** Numbers and sizes, oldest first. */
  readonly #files: { number: number; bytes: number; facts: number }[] = [];
  #bytes = 0;

  constructor(
    private readonly folder: string,
    private readonly mostBytes: number,
  ) {
    mkdirSync(folder, { recursive: true, mode: 0o700 });
    for (const name of readdirSync(folder).sort()) {
      const number = Number(NAME.exec(name)?.[1] ?? Number.NaN);
      if (Number.isNaN(number)) continue;
      const { size: bytes } = statSync(join(folder, name));
      this.#files.push({ number, bytes, facts: linesOf(readFileSync(join(folder, name), 'utf8')).length });
      this.#bytes += bytes;
    }
  }

  get facts(): number {
    return this.#files.reduce((sum, { facts }) => sum + facts, 0);
  }

  /** Writes facts behind those that are there. How many found room; throws when the disk refuses. */
  append(events: readonly RequestEvent[]): number {
    let taken = 0;
    while (taken < events.length) {
      let text = '';
      const before = taken;
      for (; taken < events.length && text.length < FILE_BYTES / 4; taken += 1) {
        const line = `${JSON.stringify(events[taken])}\n`;
        if (this.#bytes + text.length + line.length > this.mostBytes) break;
        text += line;
      }
      if (text === '') break;
      const file = this.#last();
      appendFileSync(this.#path(file.number), text, { mode: 0o600 });
      const bytes = Buffer.byteLength(text);
      file.bytes += bytes;
      file.facts += taken - before;
      this.#bytes += bytes;
    }
    return taken;
  }

  /** The facts of the oldest file, and what removes it once they are told. undefined when there is none. */
  oldest(): { readonly events: readonly RequestEvent[]; remove(): void } | undefined {
    const [file] = this.#files;
    if (file === undefined) return undefined;
    // What is written from now on goes into the next file.
    this.#closed = Math.max(this.#closed, file.number);
    const events = linesOf(readFileSync(this.#path(file.number), 'utf8'));
    return {
      events,
      remove: () => {
        rmSync(this.#path(file.number), { force: true });
        this.#files.shift();
        this.#bytes -= file.bytes;
      },
    };
  }

  #closed = 0;

  #last(): { number: number; bytes: number; facts: number } {
    const last = this.#files.at(-1);
    if (last !== undefined && last.bytes < FILE_BYTES && last.number > this.#closed) return last;
    const file = { number: Math.max(last?.number ?? 0, this.#closed) + 1, bytes: 0, facts: 0 };
    this.#files.push(file);
    return file;
  }

  #path(number: number): string {
    return join(this.folder, `${String(number).padStart(8, '0')}.ndjson`);
  }
}

function linesOf(text: string): RequestEvent[] {
  return text.split('\n').flatMap((line) => {
    try {
      const parsed = RequestEvent.safeParse(JSON.parse(line));
      return parsed.success ? [parsed.data] : [];
    } catch {
      return [];
    }
  });
}
