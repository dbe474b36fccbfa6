import { open } from 'node:fs/promises';

/** What NATS refused to a user, by its log. */
export interface Violation {
  readonly user: string;
  readonly words: string;
}

/** nats-server 2.9 to 2.12: `… - Publish Violation - User "integration-…", Subject "muster.fleet.x"`, and after a subscription its SID. */
const VIOLATION = /.* - (Publish|Subscription) Violation - User "(integration-[0-9a-f-]{36})", Subject "([^"]{1,256})"/;

const WORDS: Record<string, string> = { Publish: 'Publishing refused', Subscription: 'Subscription refused' };

/** The violation that a line of the log tells; undefined for every other line. Pure. */
export function violationIn(line: string): Violation | undefined {
  const [, what, user, subject] = VIOLATION.exec(line) ?? [];
  if (what === undefined || user === undefined || subject === undefined) return undefined;
  return { user, words: `${WORDS[what]}: ${subject}` };
}

/** So much of the log is read at one look; what was written before that in the same time is passed over. */
const MOST_BYTES = 1024 * 1024;

/** Reads what a log has grown by since the look before. One that was begun anew is read from its beginning. */
export class GrowingLog {
  #inode: number | undefined;
  #read = 0;
  #rest = '';

  constructor(private readonly path: string) {}

  /** The whole lines that have come. Rejects when the log can not be read. */
  async lines(): Promise<string[]> {
    const file = await open(this.path, 'r');
    try {
      const { ino, size } = await file.stat();
      // What was there before the first look is of an earlier life.
      if (this.#inode === undefined) this.#read = size;
      else if (ino !== this.#inode || size < this.#read) [this.#read, this.#rest] = [0, ''];
      this.#inode = ino;
      const from = Math.max(this.#read, size - MOST_BYTES);
      if (from > this.#read) this.#rest = '';
      const { bytesRead, buffer } = await file.read(Buffer.alloc(size - from), 0, size - from, from);
      this.#read = from + bytesRead;
      const lines = (this.#rest + buffer.toString('utf8', 0, bytesRead)).split('\n');
      this.#rest = (lines.pop() ?? '').slice(0, 4_096);
      return lines;
    } finally {
      await file.close();
    }
  }
}
