/** Longer than any line we expect; a line beyond it means that this is not our stream. */
const LONGEST_LINE = 256 * 1024;

/**
 * The lines of a byte stream as they become whole, without their ends; empty lines are left out and a last line without
 * an end counts. Throws when a line grows beyond 256 KiB characters. Leaving the loop early cancels the stream.
 */
export async function* linesOf(stream: ReadableStream<Uint8Array>): AsyncGenerator<string> {
  const reader = stream.getReader();
  const decoder = new TextDecoder();
  let rest = '';
  try {
    for (;;) {
      const { done, value } = await reader.read();
      rest += done ? decoder.decode() : decoder.decode(value, { stream: true });
      const lines = rest.split(/\r?\n/);
      rest = lines.pop() ?? '';
      for (const line of lines) if (line !== '') yield line;
      if (done) {
        if (rest !== '') yield rest;
        return;
      }
      if (rest.length > LONGEST_LINE) throw new Error('A line of the answer is too long');
    }
  } finally {
    await reader.cancel().catch(() => undefined);
  }
}
