import { UnexpectedAnswerError } from './errors.js';

/** A longer line than this is no answer of a Gateway: the largest facts and entries are far below. */
const LONGEST_LINE = 8 * 1024 * 1024;

/** The lines of a body of NDJSON as they come, each parsed. Leaving the loop takes the call back. */
export async function* linesOf(
  body: ReadableStream<Uint8Array>,
  status: number,
): AsyncGenerator<unknown, void, undefined> {
  const reader = body.getReader();
  const decoder = new TextDecoder();
  let rest = '';
  try {
    for (;;) {
      const { done, value } = await reader.read();
      const parts = `${rest}${decoder.decode(value, { stream: !done })}`.split('\n');
      rest = parts.pop() ?? '';
      if (rest.length > LONGEST_LINE) throw new UnexpectedAnswerError('a line is too long', status);
      for (const line of parts) if (line !== '') yield parsed(line, status);
      if (!done) continue;
      if (rest !== '') yield parsed(rest, status);
      return;
    }
  } finally {
    await reader.cancel().catch(() => undefined);
  }
}

function parsed(line: string, status: number): unknown {
  try {
    return JSON.parse(line);
  } catch (cause) {
    throw new UnexpectedAnswerError('a line is not JSON', status, { cause });
  }
}
