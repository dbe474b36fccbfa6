import fc from 'fast-check';
import { linesOf } from './lines.js';

const streamOf = (chunks: Uint8Array[]): ReadableStream<Uint8Array> =>
  new ReadableStream({
    start(controller) {
      for (const chunk of chunks) controller.enqueue(chunk);
      controller.close();
    },
  });

async function read(stream: ReadableStream<Uint8Array>): Promise<string[]> {
  const lines: string[] = [];
  for await (const line of linesOf(stream)) lines.push(line);
  return lines;
}

describe('linesOf', () => {
  it('gives the same lines however the bytes are cut, even within a character', async () => {
    const line = fc
      .string({ unit: 'grapheme', minLength: 1 })
      .filter((text) => !/[\r\n]/.test(text) && text.isWellFormed());
    await fc.assert(
      fc.asyncProperty(fc.array(line), fc.array(fc.nat({ max: 200 })), async (lines, cuts) => {
        const bytes = new TextEncoder().encode(lines.map((text) => `${text}\n`).join(''));
        const at = [0, ...cuts.filter((cut) => cut < bytes.length).sort((a, b) => a - b), bytes.length];
        const chunks = at.slice(1).map((end, index) => bytes.slice(at[index], end));
        expect(await read(streamOf(chunks))).toEqual(lines);
      }),
      { numRuns: 50 },
    );
  });

  it('counts a last line without an end', async () => {
    expect(await read(streamOf([new TextEncoder().encode('{"a":1}\n\n{"b":2}')]))).toEqual(['{"a":1}', '{"b":2}']);
  });

  it('refuses a line that never ends', async () => {
    const endless = streamOf(Array.from({ length: 5 }, () => new Uint8Array(64 * 1024).fill(0x61)));
    await expect(read(endless)).rejects.toThrow('too long');
  });

  it('cancels the stream when nobody reads on', async () => {
    const cancelled = jest.fn();
    const stream = new ReadableStream<Uint8Array>({
      pull(controller) {
        controller.enqueue(new TextEncoder().encode('line\n'));
      },
      cancel: cancelled,
    });
    for await (const line of linesOf(stream)) {
      expect(line).toBe('line');
      break;
    }
    expect(cancelled).toHaveBeenCalled();
  });
});
