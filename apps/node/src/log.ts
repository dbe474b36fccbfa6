import { logLevels, type LogLevel, type LogLine, readableLine } from '@muster/contracts';
import type { LogBuffer } from '@muster/node-link';

/** Where lines go beside the ring: the terminal, or whatever collects its output. */
export type LogSink = (line: LogLine) => void;

/** A line belongs to one run of one executor. */
export type LogSpan = Pick<LogLine, 'executorId' | 'executorRun'>;

/** More lines than this of one message are left out, and the last one says how many. */
const LINES_OF_ONE_MESSAGE = 100;

/**
 * The node's own log. Each line is numbered, made inert (no control, no escape sequence, nothing that turns the reading
 * direction) and cut to 8 KiB before anybody gets it; the last 10,000 wait in the ring for whoever links.
 */
export class Log {
  constructor(
    readonly ring: LogBuffer,
    private readonly sink: LogSink,
    private readonly now: () => string,
  ) {}

  /** Writes a message; one with several lines becomes as many lines of the log. Never with a secret in it. */
  write(level: LogLevel, source: string, message: string, span: LogSpan = {}): void {
    const lines = message.split(/\r?\n/);
    for (const line of lines.slice(0, LINES_OF_ONE_MESSAGE)) this.#line(level, source, line, span);
    const left = lines.length - LINES_OF_ONE_MESSAGE;
    if (left > 0) this.#line(level, source, `(${left} more lines of this message left out)`, span);
  }

  #line(level: LogLevel, source: string, text: string, span: LogSpan): void {
    const line = { at: this.now(), level, source: source.slice(0, 64), ...span, ...readableLine(text) };
    this.sink({ seq: this.ring.add(line), ...line });
  }
}

/** Lets through what is at least as grave as `lowest`. */
export const atLeast =
  (lowest: LogLevel, sink: LogSink): LogSink =>
  (line) => {
    if (logLevels.indexOf(line.level) >= logLevels.indexOf(lowest)) sink(line);
  };

/** One line of JSON, as programs read it. */
export const jsonLine = ({ at, level, source, seq, message, ...rest }: LogLine): string =>
  JSON.stringify({ time: at, level, source, seq, message, ...rest });

/** One line for a person, with the time of day. */
export const prettyLine = ({ at, level, source, message, cutBytes }: LogLine): string => {
  const cut = cutBytes === undefined ? '' : ` (${cutBytes} bytes cut)`;
  return `${at.slice(11, 19)}  ${level.padEnd(8)} ${source.padEnd(8)} ${message}${cut}`;
};
