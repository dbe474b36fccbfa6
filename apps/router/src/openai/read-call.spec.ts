import fc from 'fast-check';
import { readCall } from './read-call.js';

const asked = (body: unknown, text = JSON.stringify(body)) => readCall('chat', Buffer.from(text));
const call = (body: unknown, text?: string) => {
  const read = asked(body, text);
  if (read.outcome === 'bad') throw new Error(read.error.message);
  return read.call;
};
const fields = fc.dictionary(
  fc
    .string()
    .filter((name) => !['model', 'stream', 'stream_options', 'messages', 'prompt', '__proto__'].includes(name)),
  // As it comes back from JSON, which knows no -0.
  fc.jsonValue().map((value) => JSON.parse(JSON.stringify(value)) as unknown),
);

describe('what the router reads of a call', () => {
  it('leaves the bytes of a whole answer’s call as they are, spaces and all', () => {
    fc.assert(
      fc.property(fields, fc.constantFrom(undefined, 1, '\t'), (more, indent) => {
        const text = JSON.stringify({ ...more, model: 'tiny' }, undefined, indent);
        expect(call(undefined, text).body.toString()).toBe(text);
      }),
    );
  });

  it('asks a stream for its usage and changes nothing else of it', () => {
    fc.assert(
      fc.property(fields, fc.constantFrom(undefined, 2), (more, indent) => {
        const body = { ...more, model: 'tiny', stream: true };
        const { body: sent, hideUsage } = call(undefined, JSON.stringify(body, undefined, indent));
        expect(JSON.parse(sent.toString())).toEqual({ ...body, stream_options: { include_usage: true } });
        expect(hideUsage).toBe(true);
      }),
    );
  });

  it('keeps what else a stream asks for', () => {
    const body = { model: 'tiny', stream: true, stream_options: { include_usage: false, chunk_ms: 5 } };
    const { body: sent, hideUsage } = call(body);
    expect(JSON.parse(sent.toString())).toMatchObject({ stream_options: { include_usage: true, chunk_ms: 5 } });
    expect(hideUsage).toBe(true);
    const asking = { ...body, stream_options: { include_usage: true } };
    expect([call(asking).body.toString(), call(asking).hideUsage]).toEqual([JSON.stringify(asking), false]);
  });

  it('knows two conversations that begin alike, and leaves short ones alone', () => {
    const system = { role: 'system', content: 'You are patient. '.repeat(20) };
    const turn = (content: string) => ({ role: 'user', content });
    const prefix = (...messages: object[]) => call({ model: 'tiny', messages }).prefix;
    expect(prefix(system, turn('a'), turn('more'))).toBe(prefix(system, turn('a')));
    expect(prefix(system, turn('a'))).not.toBe(prefix(system, turn('b')));
    expect(prefix(turn('hi'))).toBeUndefined();
    expect(call({ model: 'tiny', prompt: 'x'.repeat(300) }).prefix).toEqual(expect.any(Number));
    expect(prefix({ role: 'user', content: [{ type: 'text', text: 'y'.repeat(300) }] })).toEqual(expect.any(Number));
  });

  it('never throws, whatever the body is', () => {
    fc.assert(
      fc.property(fc.oneof(fc.jsonValue(), fields), (body) => {
        expect(['read', 'bad']).toContain(asked(body).outcome);
      }),
    );
    fc.assert(fc.property(fc.uint8Array(), (bytes) => readCall('chat', Buffer.from(bytes)).outcome === 'bad'));
  });
});
