import { LAST_LINES, type LastLines, type LogLevel, readableLine } from '@muster/contracts';

type Line = LastLines['lines'][number];

/** The last fifty lines of a run. */
export class LastOfLines {
  readonly #lines: Line[] = [];

  constructor(private readonly now: () => string) {}

  add(level: LogLevel, text: string): void {
    this.#lines.push({ at: this.now(), level, message: readableLine(text).message });
    if (this.#lines.length > LAST_LINES) this.#lines.shift();
  }

  all(): Line[] {
    return [...this.#lines];
  }
}
