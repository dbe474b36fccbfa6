import { readTraceparent, writeTraceparent } from './traceparent.js';

const TRACE = '0af7651916cd43dd8448eb211c80319c';
const SPAN = 'b7ad6b7169203331';

describe('a traceparent', () => {
  it('is read as it was written', () => {
    for (const flags of ['00', '01']) {
      const text = `00-${TRACE}-${SPAN}-${flags}`;
      const read = readTraceparent(text);
      expect(read).toEqual({ traceId: TRACE, spanId: SPAN, traceFlags: Number(flags), isRemote: true });
      expect(read && writeTraceparent(read)).toBe(text);
    }
  });

  it('of a later version is read as far as it is known', () => {
    expect(readTraceparent(`cc-${TRACE}-${SPAN}-01-what-comes`)).toMatchObject({ traceId: TRACE, spanId: SPAN });
  });

  it.each([
    ['nothing', undefined],
    ['no text', 7],
    ['other words', 'hello'],
    ['capital letters', `00-${TRACE.toUpperCase()}-${SPAN}-01`],
    ['a trace of zeros', `00-${'0'.repeat(32)}-${SPAN}-01`],
    ['a span of zeros', `00-${TRACE}-${'0'.repeat(16)}-01`],
    ['the version that there is never', `ff-${TRACE}-${SPAN}-01`],
    ['more than version 00 has', `00-${TRACE}-${SPAN}-01-more`],
    ['a line that does not end', `00-${TRACE}-${SPAN}-01${'-'.repeat(1_000)}`],
  ])('is none: %s', (_what, text) => {
    expect(readTraceparent(text)).toBeUndefined();
  });
});
