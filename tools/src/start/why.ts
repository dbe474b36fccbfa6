/** The levels of pino from which on a line tells of trouble. */
const ERROR_LEVEL = 50;

/**
 * Why a part has ended, in its own words: of its last log lines the newest that tells of an error, else the newest that is plain
 * text, as a last word beside a log of JSON is, else the newest one. The lines of a stack trace are none of these. One line, cut
 * at 300 characters.
 */
export function whyItEnded(lastLines: readonly string[]): string | undefined {
  const said = lastLines.filter((line) => !/^\s+at /.test(line)).map(readLine);
  const chosen = said.findLast(({ isError }) => isError) ?? said.findLast(({ isPlain }) => isPlain) ?? said.at(-1);
  return chosen?.words.replace(/\s+/g, ' ').trim().slice(0, 300);
}

interface Said {
  readonly words: string;
  readonly isError: boolean;
  readonly isPlain: boolean;
}

function readLine(line: string): Said {
  const json = parseObject(line);
  if (json === undefined) {
    // Also as the head of a stack trace: `TypeError: …`, `AggregateError [ECONNREFUSED]: …`.
    const isError = /\b(error|fatal|panic)\b|^\s*(\[cause\]: )?[\w$]*(Error|Exception)\b/i.test(line);
    return { words: line, isError, isPlain: true };
  }
  const level = json['level'];
  const isError = typeof level === 'number' ? level >= ERROR_LEVEL : /^(error|fatal|critical)$/i.test(String(level));
  const cause = json['err'] ?? json['error'];
  const causeWords =
    typeof cause === 'object' && cause !== null && 'message' in cause ? String(cause.message) : undefined;
  const message = json['msg'] ?? json['message'];
  const words = [message, causeWords].filter((part) => typeof part === 'string' && part !== '');
  return { words: [...new Set(words)].join(': ') || line, isError, isPlain: false };
}

function parseObject(line: string): Record<string, unknown> | undefined {
  if (!line.startsWith('{')) return undefined;
  try {
    return JSON.parse(line) as Record<string, unknown>;
  } catch {
    return undefined;
  }
}
