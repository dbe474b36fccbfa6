import fc from 'fast-check';
import { sseData } from './sse.js';

async function* inPieces(text: string, cuts: readonly number[]): AsyncGenerator<Uint8Array> {
  const bytes = Buffer.from(text);
  let from = 0;
  for (const cut of [...cuts, bytes.length].sort((a, b) => a - b)) {
    yield await Promise.resolve(bytes.subarray(from, cut));
    from = Math.max(from, cut);
  }
}
const all = async (text: string, cuts: readonly number[] = []): Promise<string[]> => {
  const found: string[] = [];
  for await (const data of sseData(inPieces(text, cuts))) found.push(data);
  return found;
};

describe('the events of a stream', () => {
  it('end with [DONE], and comments are none', async () => {
    expect(await all(': waiting\n\ndata: {"a":1}\n\ndata: [DONE]\n\ndata: late\n\n')).toEqual(['{"a":1}']);
  });

  it('are the same however the bytes arrive', async () => {
    const text = 'data: {"text":"grün 🌲"}\r\n\r\ndata: two\n\nevent: x\ndata: three\n\n';
    await fc.assert(
      fc.asyncProperty(fc.array(fc.integer({ min: 0, max: Buffer.byteLength(text) })), async (cuts) => {
        expect(await all(text, cuts)).toEqual(['{"text":"grün 🌲"}', 'two', 'three']);
      }),
    );
  });

  it('break off when a line has no end', async () => {
    await expect(all(`data: ${'x'.repeat(2_000_000)}`)).rejects.toThrow('no end');
  });
});
