import fc from 'fast-check';
import { StreamTap } from './stream-tap.js';
import { AnswerTap, usageIn } from './usage.js';

const token = (content: string) => `data: ${JSON.stringify({ choices: [{ index: 0, delta: { content } }] })}\n\n`;
const usageEvent = (tokensIn: number, tokensOut: number) =>
  `data: ${JSON.stringify({ choices: [], usage: { prompt_tokens: tokensIn, completion_tokens: tokensOut, details: { cached: 1 } } })}\n\n`;

/** Cuts bytes at these places, in any order and number. */
const cut = (bytes: Buffer, places: readonly number[]): Buffer[] => {
  const at = [...new Set(places.map((place) => place % (bytes.length + 1)))].sort((one, other) => one - other);
  return [...at, bytes.length].map((end, n) => bytes.subarray(n === 0 ? 0 : at[n - 1], end));
};
const through = (tap: StreamTap, parts: readonly Buffer[]): string =>
  Buffer.concat([...parts.map((part) => tap.take(part)), tap.end()]).toString();

const text = fc.oneof(
  fc.string({ unit: 'grapheme' }),
  fc.constantFrom('"usage":{"prompt_tokens":9}', '[DONE]', 'error', '\n\n'),
);
const contents = fc.array(text, { maxLength: 12 });
const places = fc.array(fc.nat(), { maxLength: 30 });

describe('the tap on a stream', () => {
  it('lets every byte pass, in order, however it is cut', () => {
    fc.assert(
      fc.property(contents, places, fc.constantFrom('\n', '\r\n'), (said, at, lineEnd) => {
        const stream = `: hello\n\n${said.map(token).join('')}${usageEvent(3, 4)}data: [DONE]\n\n`.replaceAll(
          '\n',
          lineEnd,
        );
        const tap = new StreamTap(false);
        expect(through(tap, cut(Buffer.from(stream), at))).toBe(stream);
        expect([tap.usage, tap.done, tap.failed]).toEqual([{ tokensIn: 3, tokensOut: 4 }, true, false]);
      }),
    );
  });

  it('leaves out the usage that nobody asked for, and nothing else', () => {
    fc.assert(
      fc.property(contents, places, fc.nat(1_000), (said, at, tokensOut) => {
        const [before, after] = [said.map(token).join(''), 'data: [DONE]\n\n'];
        const tap = new StreamTap(true);
        const passed = through(tap, cut(Buffer.from(before + usageEvent(7, tokensOut) + after), at));
        expect(passed).toBe(before + after);
        expect(tap.usage).toEqual({ tokensIn: 7, tokensOut });
        expect(tap.done).toBe(true);
      }),
    );
  });

  it('holds nothing back that is whole', () => {
    const tap = new StreamTap(true);
    expect(tap.take(Buffer.from(token('a'))).toString()).toBe(token('a'));
    expect(tap.take(Buffer.from(`${token('b')}data: {"ch`)).toString()).toBe(token('b'));
    expect(tap.take(Buffer.from('oices":[]}\n')).toString()).toBe('');
    expect(tap.take(Buffer.from('\n')).toString()).toBe('data: {"choices":[]}\n\n');
  });

  it('keeps a usage that comes with the last words', () => {
    const last = `data: ${JSON.stringify({ choices: [{ delta: { content: 'x' } }], usage: { prompt_tokens: 1, completion_tokens: 2 } })}\n\n`;
    const tap = new StreamTap(true);
    expect(through(tap, [Buffer.from(last)])).toBe(last);
    expect(tap.usage).toEqual({ tokensIn: 1, tokensOut: 2 });
  });

  it('sees a stream that ends without its end, and one that tells of an error', () => {
    const broken = new StreamTap(false);
    expect(through(broken, [Buffer.from(`${token('a')}data: {"choi`)])).toBe(`${token('a')}data: {"choi`);
    expect([broken.done, broken.failed]).toEqual([false, false]);
    const failed = new StreamTap(false);
    through(failed, [Buffer.from('data: {"error":{"message":"out of memory"}}\n\ndata: [DONE]\n\n')]);
    expect(failed.failed).toBe(true);
  });

  it('passes on an event that never ends, and holds no more of it than its bound', () => {
    const tap = new StreamTap(true);
    const part = Buffer.alloc(64 * 1024, 0x61);
    let passed = 0;
    for (let n = 0; n < 32; n += 1) passed += tap.take(part).length;
    expect(32 * part.length - passed).toBeLessThanOrEqual(256 * 1024);
    expect(passed + tap.take(Buffer.from(`\n\n${token('a')}`)).length + tap.end().length).toBe(
      32 * part.length + Buffer.byteLength(`\n\n${token('a')}`),
    );
  });
});

describe('the usage of an answer', () => {
  const answer = (content: string) =>
    JSON.stringify({ choices: [{ message: { content } }], usage: { prompt_tokens: 5, completion_tokens: 6 } });

  it('is read whatever was said and however it came', () => {
    fc.assert(
      fc.property(text, places, (content, at) => {
        const tap = new AnswerTap();
        for (const part of cut(Buffer.from(answer(content)), at)) tap.take(part);
        expect(tap.usage()).toEqual({ tokensIn: 5, tokensOut: 6 });
      }),
    );
  });

  it('is found at either end of an answer that is longer than what is kept', () => {
    const long = 'x'.repeat(100_000);
    const usage = '"usage":{"prompt_tokens":5,"total_tokens":5}';
    for (const whole of [`{${usage},"data":"${long}"}`, `{"data":"${long}",${usage}}`]) {
      const tap = new AnswerTap();
      for (const part of cut(Buffer.from(whole), [10, 50_000])) tap.take(part);
      expect(tap.usage()).toEqual({ tokensIn: 5 });
    }
  });

  it('is not what somebody only said', () => {
    expect(usageIn(JSON.stringify({ content: '"usage":{"prompt_tokens":9}' }))).toBeUndefined();
    expect(usageIn('{"usage":null}')).toBeUndefined();
    expect(usageIn('{"usage":{"prompt_tokens":-1}}')).toEqual({});
    expect(usageIn('{"usage":{"prompt_tokens":')).toBeUndefined();
  });
});
