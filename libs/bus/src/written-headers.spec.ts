import { headers } from '@nats-io/transport-node';
import fc from 'fast-check';
import { WrittenHeaders } from './written-headers.js';

const name = fc.stringMatching(/^[a-z][a-z-]{0,20}$/);
const value = fc.stringMatching(/^[!-~]([ -~]{0,40}[!-~])?$/);

describe('headers that are written at once', () => {
  it('are the bytes that the client itself makes of them', () => {
    fc.assert(
      fc.property(fc.dictionary(name, value, { minKeys: 1, maxKeys: 12, noNullPrototype: true }), (attributes) => {
        const own = headers();
        for (const [key, text] of Object.entries(attributes)) own.set(key, text);
        expect(new WrittenHeaders(attributes).toString()).toBe(own.toString());
      }),
    );
  });

  it.each(['a\nb', 'a\r\nNats-Msg-Id: b'])('hold no line end: %j', (text) => {
    expect(() => new WrittenHeaders({ name: text })).toThrow('line end');
  });
});
