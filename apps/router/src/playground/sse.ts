/** A longer line than this is no event of ours. */
const MOST_LINE_CHARACTERS = 1024 * 1024;

/**
 * The data of each event of a stream of server-sent events (WHATWG HTML 9.2), up to `[DONE]`. Comments are left out. The router
 * writes each event's data in one line. Throws when a line has no end.
 */
export async function* sseData(body: AsyncIterable<Uint8Array>): AsyncGenerator<string> {
  const decoder = new TextDecoder();
  let rest = '';
  for await (const part of body) {
    rest += decoder.decode(part, { stream: true });
    const lines = rest.split(/\r\n|\n|\r(?!$)/);
    rest = lines.pop() ?? '';
    if (rest.length > MOST_LINE_CHARACTERS) throw new Error('A line of the stream has no end');
    for (const line of lines) {
      if (!line.startsWith('data:')) continue;
      const data = line.slice('data:'.length).trim();
      if (data === '[DONE]') return;
      yield data;
    }
  }
}
