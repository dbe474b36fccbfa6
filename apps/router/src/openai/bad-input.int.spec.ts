import { connect } from 'node:net';
import { until } from '@muster/testing';
import { World, type WorldNode } from '../router.fixture.js';

/** What the server says to these bytes until it closes, and after how long. */
function raw(port: number, ...parts: readonly (string | Buffer)[]): Promise<{ said: string; ms: number }> {
  const sentMs = performance.now();
  return new Promise((resolve) => {
    let said = '';
    const socket = connect(port, '127.0.0.1');
    socket.on('data', (chunk) => (said += chunk.toString()));
    socket.on('error', () => undefined);
    socket.on('close', () => resolve({ said, ms: performance.now() - sentMs }));
    for (const part of parts) socket.write(part);
  });
}

describe('what is no request', () => {
  let world: World;
  let node: WorldNode;
  let head = '';
  const post = (...headers: string[]) =>
    [`POST /v1/chat/completions HTTP/1.1`, 'host: x', ...headers, '', ''].join('\r\n');
  const errorOf = (said: string) => (JSON.parse(said.slice(said.indexOf('\r\n\r\n') + 4)) as { error: object }).error;

  beforeAll(async () => {
    world = await World.open({ MUSTER_ROUTER_BODY_MIB: '4' });
    node = await world.addNode('gpu-1');
    head = `authorization: Bearer ${world.key}`;
  });
  afterAll(() => world.close());
  afterEach(async () => {
    // Whatever was sent, the next one is served.
    expect((await world.chat()).status).toBe(200);
  });

  it.each([
    ['bad JSON', '{"model": "tiny", ', 'application/json', 400, 'invalid_json'],
    ['a list', '[]', 'application/json', 400, 'invalid_json'],
    ['nothing', '', 'application/json', 400, 'invalid_json'],
    [
      'bytes that are no UTF-8',
      Buffer.from([0x7b, 0xff, 0xfe, 0x7d]).toString('latin1'),
      'application/json',
      400,
      'invalid_json',
    ],
    ['depth without end', '['.repeat(100_000), 'application/json', 400, 'invalid_json'],
    ['no model', '{"messages":[]}', 'application/json', 400, 'invalid_value'],
    ['a model that is no text', '{"model":7}', 'application/json', 400, 'invalid_value'],
    ['a stream that is neither', '{"model":"tiny","stream":"yes"}', 'application/json', 400, 'invalid_value'],
    ['a form', 'model=tiny', 'application/x-www-form-urlencoded', 415, 'unsupported_media_type'],
    ['text', '{"model":"tiny"}', 'text/plain', 415, 'unsupported_media_type'],
  ])('is told so: %s', async (_words, body, type, status, code) => {
    const answer = await world.post('/v1/chat/completions', body, { headers: { 'content-type': type } });
    expect(answer.status).toBe(status);
    expect(await answer.json()).toMatchObject({
      error: { code, type: 'invalid_request_error', message: expect.any(String) },
    });
  });

  it('is told so: a body that is compressed, another method, another path', async () => {
    const packed = await world.post('/v1/chat/completions', '{}', { headers: { 'content-encoding': 'gzip' } });
    expect(packed.status).toBe(415);
    const got = await fetch(`${world.url}/v1/chat/completions`, { headers: { authorization: `Bearer ${world.key}` } });
    expect(got.status).toBe(405);
    const lost = await world.post('/v1/images/generations', {});
    expect(await lost.json()).toMatchObject({ error: { code: 'unknown_url' } });
    expect(lost.status).toBe(404);
    expect(await (await fetch(`${world.url}/`)).json()).toMatchObject({ error: { code: 'unknown_url' } });
  });

  it('a body of 64 MB is refused before it is read, and in parts as soon as it is too much', async () => {
    const before = process.memoryUsage().rss;
    const told = await raw(world.router.port, post(head, 'content-type: application/json', 'content-length: 67108864'));
    expect(told.said).toMatch(/^HTTP\/1\.1 413 /);
    expect(errorOf(told.said)).toMatchObject({ code: 'request_too_large' });
    const part = `10000\r\n${'x'.repeat(65_536)}\r\n`;
    const chunked = await raw(
      world.router.port,
      post(head, 'content-type: application/json', 'transfer-encoding: chunked'),
      ...Array.from({ length: 1_024 }, () => part),
    );
    expect(chunked.said).toMatch(/^HTTP\/1\.1 413 /);
    expect(process.memoryUsage().rss - before).toBeLessThan(300 * 1024 * 1024);
  });

  it('a length and chunks together are refused: one of them is a lie', async () => {
    const { said } = await raw(
      world.router.port,
      post(head, 'content-type: application/json', 'content-length: 5', 'transfer-encoding: chunked'),
      '0\r\n\r\nGET /v1/models HTTP/1.1\r\nhost: x\r\n\r\n',
    );
    expect(said).toMatch(/^HTTP\/1\.1 400 /);
    expect(errorOf(said)).toMatchObject({ code: 'bad_request' });
    expect(said.match(/HTTP\/1\.1/g)).toHaveLength(1);
  });

  it.each([
    ['two lengths', ['content-length: 5', 'content-length: 6']],
    ['a length that is none', ['content-length: 5x']],
    ['a header with a line inside', ['x: a\rb']],
  ])('%s are refused', async (_words, headers) => {
    const { said } = await raw(world.router.port, post(head, 'content-type: application/json', ...headers), 'hello');
    expect(said).toMatch(/^HTTP\/1\.1 400 /);
    expect(errorOf(said)).toMatchObject({ code: 'bad_request' });
  });

  it('is refused when it is no HTTP at all, or its headers have no end', async () => {
    const noise = await raw(world.router.port, Buffer.from([0x16, 0x03, 0x01, 0x02, 0x00, 0x01]), '\r\n\r\n');
    expect(noise.said).toMatch(/^HTTP\/1\.1 400 /);
    const long = await raw(world.router.port, post(head, `x: ${'y'.repeat(40_000)}`));
    expect(long.said).toMatch(/^HTTP\/1\.1 431 /);
    expect(errorOf(long.said)).toMatchObject({ code: 'headers_too_large' });
  });

  it('slow headers are given up, and hold up nobody', async () => {
    const slow = Array.from({ length: 50 }, () =>
      raw(world.router.port, 'POST /v1/chat/completions HTTP/1.1\r\nhost: '),
    );
    await until(async () => (await world.chat()).status === 200);
    const all = await Promise.all(slow);
    for (const { said, ms } of all) {
      expect(said).toMatch(/^HTTP\/1\.1 408 /);
      expect(errorOf(said)).toMatchObject({ code: 'request_timeout' });
      expect(ms).toBeGreaterThan(5_000);
    }
  }, 60_000);

  it('a client that goes in the middle of its body leaves nothing behind', async () => {
    await world.finished((await world.chat()).headers.get('x-request-id') ?? '');
    const accepted = world.told.length;
    for (let n = 0; n < 20; n += 1) {
      const socket = connect(world.router.port, '127.0.0.1');
      socket.write(`${post(head, 'content-type: application/json', 'content-length: 500')}{"model":`, () =>
        socket.destroy(),
      );
    }
    expect((await world.chat()).status).toBe(200);
    await until(() => world.told.length === accepted + 2);
    expect(node.scripted.inFlight).toBe(0);
  });

  it('nothing of it is an error of ours', () => {
    expect(world.log).not.toContain('"level":50');
    expect(world.log).not.toContain('"level":60');
  });
});
