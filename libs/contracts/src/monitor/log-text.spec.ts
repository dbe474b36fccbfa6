import fc from 'fast-check';
import { LOG_LINE_MAX_BYTES } from './log-entry.js';
import { readableLine, readableText } from './log-text.js';

describe('text from outside', () => {
  it('loses its colours and keeps its words', () => {
    expect(readableText('\u001b[1;31mfailed\u001b[0m to \u009b32mload')).toBe('failed to load');
  });

  it('shows a sequence that would set the title or move the cursor instead of obeying it', () => {
    expect(readableText('\u001b]0;owned\u0007')).toBe('␛]0;owned␇');
    expect(readableText('\u001b[2J')).toBe('␛[2J');
  });

  it('shows NUL, DEL, C1, line breaks and what turns the reading direction', () => {
    expect(readableText('a\u0000b\u007fc\u0085d\ne\u202ef\u2066g\u2028h')).toBe(
      'a␀b␡c<U+0085>d␊e<U+202E>f<U+2066>g<U+2028>h',
    );
  });

  it('leaves tabs, accents, other scripts and emoji alone', () => {
    const text = 'one\ttwo é שלום 你好 🚀';
    expect(readableText(text)).toBe(text);
  });

  it('is the same when done twice', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), (text) => readableText(readableText(text)) === readableText(text)),
    );
  });
});

describe('a line of a log', () => {
  it('is whole up to 8 KiB', () => {
    expect(readableLine('x'.repeat(LOG_LINE_MAX_BYTES))).toEqual({ message: 'x'.repeat(LOG_LINE_MAX_BYTES) });
  });

  it('is cut beyond, between characters, and says by how many bytes', () => {
    const { message, cutBytes } = readableLine('🚀'.repeat(3_000));
    expect(message).toBe('🚀'.repeat(LOG_LINE_MAX_BYTES / 4));
    expect(cutBytes).toBe(12_000 - LOG_LINE_MAX_BYTES);
  });

  it('never exceeds 8 KiB, whatever it is made of', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary', minLength: 2_000, maxLength: 12_000 }), (text) => {
        const { message, cutBytes = 0 } = readableLine(text);
        const whole = Buffer.byteLength(readableText(text));
        return Buffer.byteLength(message) <= LOG_LINE_MAX_BYTES && Buffer.byteLength(message) + cutBytes === whole;
      }),
      { numRuns: 30 },
    );
  });
});
