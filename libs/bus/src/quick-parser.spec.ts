import { type Dispatcher, Kind, Parser, type ParserEvent } from '@nats-io/nats-core/internal';
import fc from 'fast-check';
import { QuickParser } from './quick-parser.js';

const word = fc.stringMatching(/^[a-zA-Z0-9._$-]{1,60}$/);
const payload = fc.oneof(
  fc.string({ maxLength: 200 }),
  fc.constantFrom('', 'MSG a 1 2\r\nhi\r\n', '\r\n', 'PING\r\n'),
  fc.integer({ min: 60_000, max: 140_000 }).map((length) => 'x'.repeat(length)),
);
const message = fc
  .record({
    subject: word,
    sid: fc.nat(9_999),
    reply: fc.option(word, { nil: undefined }),
    body: payload,
    head: fc.option(payload, { nil: undefined }),
  })
  .map(({ subject, sid, reply, body, head }) => {
    const [bytes, before] = [Buffer.from(body), Buffer.from(head ?? '')];
    const words = [subject, sid, ...(reply === undefined ? [] : [reply])];
    const sizes = head === undefined ? [bytes.length] : [before.length, before.length + bytes.length];
    const line = `${head === undefined ? 'MSG' : 'HMSG'} ${[...words, ...sizes].join(' ')}\r\n`;
    return Buffer.concat([Buffer.from(line), before, bytes, Buffer.from('\r\n')]);
  });
const other = fc
  .constantFrom(
    ...['PING\r\n', 'PONG\r\n', '+OK\r\n', "-ERR 'Slow'\r\n", 'INFO {"server_id":"A"}\r\n'],
    ...['MSG  a.b   7\t2\r\nhi\r\n', 'msg a 7 0\r\n\r\n', 'hmsg a 7 4 6\r\nheadhi\r\n'],
  )
  .map((text) => Buffer.from(text));
const wrong = fc
  .constantFrom(
    'MSG a\r\n',
    'MSG a x 2\r\nhi\r\n',
    'HMSG a 1 9 2\r\nhi\r\n',
    'MSG a 1 -2\r\n',
    'NO\r\n',
    'MSG a 1 b 2 3\r\n',
  )
  .map((text) => Buffer.from(text));

interface Read {
  readonly events: readonly unknown[];
  readonly error: boolean;
}

function read(make: (dispatcher: Dispatcher<ParserEvent>) => Parser, chunks: readonly Uint8Array[]): Read {
  const events: unknown[] = [];
  const text = (bytes?: Uint8Array) => bytes && Buffer.from(bytes).toString('latin1');
  const parser = make({
    push: (event) => {
      if (typeof event === 'function') return;
      const { kind, msg, data } = event;
      const told = msg && [msg.sid, msg.hdr, msg.size, text(msg.subject), text(msg.reply)];
      events.push({ kind, told, data: text(data) });
    },
  });
  try {
    for (const chunk of chunks) parser.parse(chunk);
    return { events, error: false };
  } catch {
    return { events, error: true };
  }
}

const cutAt = (bytes: Uint8Array, places: readonly number[]): Uint8Array[] => {
  const at = [...new Set(places.map((place) => Math.floor(place * bytes.length)))].sort((one, next) => one - next);
  return [0, ...at].map((from, n) => bytes.subarray(from, at[n] ?? bytes.length));
};
const places = fc.array(fc.double({ min: 0, max: 1, noNaN: true }), { maxLength: 30 });

describe('the quick parser', () => {
  it('reads what the client’s own reads, wherever the bytes are cut', () => {
    fc.assert(
      fc.property(
        fc.array(fc.oneof({ arbitrary: message, weight: 5 }, other), { maxLength: 20 }),
        places,
        (frames, cuts) => {
          const chunks = cutAt(Buffer.concat(frames), cuts);
          const quick = read((dispatcher) => new QuickParser(dispatcher), chunks);
          expect(quick).toEqual(read((dispatcher) => new Parser(dispatcher), chunks));
          expect(quick.error).toBe(false);
          expect(quick.events.filter((event) => (event as ParserEvent).kind === Kind.MSG)).toHaveLength(
            frames.filter((frame) => /^h?msg/i.test(frame.toString('latin1', 0, 4))).length,
          );
        },
      ),
    );
  });

  it('refuses what the client’s own refuses, after what came before', () => {
    fc.assert(
      fc.property(fc.array(message, { maxLength: 5 }), wrong, places, (frames, last, cuts) => {
        const chunks = cutAt(Buffer.concat([...frames, last]), cuts);
        const quick = read((dispatcher) => new QuickParser(dispatcher), chunks);
        expect(quick.error).toBe(true);
        expect(quick).toEqual(read((dispatcher) => new Parser(dispatcher), chunks));
      }),
    );
  });
});
