import pino from 'pino';
import type { NodeConfig } from './command-line.js';
import { atLeast, jsonLine, type LogSink, prettyLine } from './log.js';

/** What waits for a reader of the output that does not keep up; beyond, lines are lost there, never in the ring. */
const WAITING_BYTES = 1024 * 1024;

export interface Terminal {
  readonly sink: LogSink;
  /** Text for the person who started the node, not a line of the log. */
  say(text: string): void;
  /** Writes out what waits. Call it last. */
  flush(): void;
}

/** Standard output: lines for a person on a terminal, JSON elsewhere, or as LOG_FORMAT says. Never holds the node up. */
export function openTerminal(config: Pick<NodeConfig, 'logFormat' | 'logLevel'>): Terminal {
  const output = pino.destination({ dest: 1, sync: false, maxLength: WAITING_BYTES });
  // Whoever read the output is gone: the node goes on without.
  output.on('error', () => undefined);
  const format = config.logFormat ?? (process.stdout.isTTY ? 'pretty' : 'json');
  const write = format === 'pretty' ? prettyLine : jsonLine;
  return {
    sink: atLeast(config.logLevel, (line) => output.write(`${write(line)}\n`)),
    say: (text) => output.write(`${text}\n`),
    flush: () => {
      try {
        output.flushSync();
      } catch {
        // Nothing can be told any more to nobody.
      }
    },
  };
}
