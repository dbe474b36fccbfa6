import { appendFileSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { RequestEvent } from '@muster/contracts';

/** One file is read into memory at a time. */
const FILE_BYTES = 2 * 1024 * 1024;
const NAME = /\.ndjson$/;

/**
 * Facts on disk, while they can not be told: files of one fact a line, oldest first. Up to its bound; what comes then is not
 * taken, and whoever gave it counts it. A line that was half written when the machine fell is passed over.
 *
 * Several routers may share a folder: each writes files of its own name. Whoever starts takes over all that are there: those of
 * a router that is gone, which nobody else would tell, and those of one that is not, which goes on in a new file. Should
 * both tell a fact, it takes effect once by its id.
 */
export class SpoolFile {
  /** Numbers and sizes, oldest first. */
  readonly #files: { number: number; bytes: number; facts: number }[] = [];
  #bytes = 0;

  /** `life` names the files of this process: letters and digits, another one for each. */
  constructor(
    private readonly folder: string,
    private readonly mostBytes: number,
    private readonly life: string,
  ) {
    mkdirSync(folder, { recursive: true, mode: 0o700 });
    for (const name of readdirSync(folder).sort()) {
      if (!NAME.test(name)) continue;
      const number = this.#files.length + 1;
      const taken = unlessGone(() => {
        renameSync(join(folder, name), this.#path(number));
        return readFileSync(this.#path(number), 'utf8');
      });
      if (taken === undefined) continue;
      const { size: bytes } = statSync(this.#path(number));
      this.#files.push({ number, bytes, facts: linesOf(taken).length });
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
    const forget = () => {
      this.#files.shift();
      this.#bytes -= file.bytes;
    };
    const text = unlessGone(() => readFileSync(this.#path(file.number), 'utf8'));
    if (text === undefined) {
      forget();
      return this.oldest();
    }
    return {
      events: linesOf(text),
      remove: () => {
        rmSync(this.#path(file.number), { force: true });
        forget();
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
    return join(this.folder, `${String(number).padStart(8, '0')}.${this.life}.ndjson`);
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

/** Undefined when another router has taken the file over. */
function unlessGone<T>(read: () => T): T | undefined {
  try {
    return read();
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  }
}
