import { answering, promtool, until } from '@muster/testing';
import { World, type WorldNode } from '../router.fixture.js';

describe('a key', () => {
  let world: World;
  let node: WorldNode;

  beforeAll(async () => {
    world = await World.open();
    node = await world.addNode('gpu-1', [{ slots: 8 }, { model: 'secret' }]);
  });
  afterAll(() => world.close());

  const known = async (key: string) => {
    await until(async () => (await world.post('/v1/models', '', { key, method: 'POST' })).status !== 401);
    return key;
  };
  const errorOf = async (answer: Response) => {
    const { error } = (await answer.json()) as { error: { code: string } };
    return [answer.status, error.code];
  };

  it('is needed', async () => {
    const bare = await fetch(`${world.url}/v1/models`);
    expect(bare.headers.get('www-authenticate')).toBe('Bearer');
    expect(await errorOf(bare)).toEqual([401, 'missing_api_key']);
    expect(await errorOf(await world.chat({}, { key: 'sk-of-somebody-else' }))).toEqual([401, 'invalid_api_key']);
    expect(await errorOf(await world.chat({}, { key: `msk_${'A'.repeat(43)}` }))).toEqual([401, 'invalid_api_key']);
    expect(node.scripted.calls).toHaveLength(0);
  });

  it('may come in any of three headers', async () => {
    const url = `${world.url}/v1/models`;
    for (const headers of [
      { authorization: `Bearer ${world.key}` },
      { authorization: `ApiKey ${world.key}` },
      { 'x-api-key': world.key },
    ])
      expect((await fetch(url, { headers: headers as Record<string, string> })).status).toBe(200);
  });

  it('never reaches a node, nor the log, nor a fact', async () => {
    await world.chat();
    const { authorization } = node.scripted.calls.at(-1)?.headers ?? {};
    expect(authorization).toBe(`Bearer ${node.scripted.ticket}`);
    expect(JSON.stringify(node.scripted.calls.map(({ headers }) => headers))).not.toContain(world.key);
    await until(() => world.ends().length > 0);
    expect(JSON.stringify(world.told) + world.log).not.toContain(world.key);
    expect(JSON.stringify(world.told) + world.log).not.toContain(node.scripted.ticket);
  });

  it('is refused once it is revoked, and after its date', async () => {
    const { key, keyId } = await world.addKey();
    await known(key);
    expect((await world.chat({}, { key })).status).toBe(200);
    await world.revoke(keyId);
    await until(async () => (await world.chat({}, { key })).status === 401);
    const old = await world.addKey({ expiresAt: '2026-01-01T00:00:00.000Z' });
    await until(async () => (await errorOf(await world.chat({}, { key: old.key }))).join() === '401,expired_api_key');
  });

  it('for something else than inference sends nothing', async () => {
    const { key } = await world.addKey({ permissions: ['fleet:read'] });
    await until(async () => (await errorOf(await world.chat({}, { key }))).join() === '403,not_permitted');
  });

  it('opens the metrics where it may see the fleet', async () => {
    const url = `${world.url}/metrics`;
    const read = (key: string) => fetch(url, { headers: { authorization: `Bearer ${key}` } });
    expect(await errorOf(await fetch(url))).toEqual([401, 'missing_api_key']);
    expect(await errorOf(await read(`msk_${'A'.repeat(43)}`))).toEqual([401, 'invalid_api_key']);
    expect(await errorOf(await read(world.key))).toEqual([403, 'not_permitted']);
    const { key } = await world.addKey({ permissions: ['fleet:read'] });
    await world.chat();
    await until(async () => (await read(key)).status === 200);
    const text = await until(
      async () => (await read(key)).text(),
      (page) => /muster_requests_total\{model="tiny",endpoint="chat",outcome="completed"\} \d/.test(page),
    );
    expect(await promtool(['check', 'metrics'], text)).toEqual({ code: 0, said: '' });
    expect(await errorOf(await world.post('/metrics', '', { key, method: 'POST' }))).toEqual([
      405,
      'method_not_allowed',
    ]);
  });

  it('bounded to models sees and uses these alone', async () => {
    const { key } = await world.addKey({ models: ['tiny'] });
    await known(key);
    const list = await fetch(`${world.url}/v1/models`, { headers: { 'x-api-key': key } });
    expect(((await list.json()) as { data: { id: string }[] }).data.map(({ id }) => id)).toEqual(['tiny']);
    expect(await errorOf(await world.chat({ model: 'secret' }, { key }))).toEqual([403, 'model_not_allowed']);
    const unknown = await fetch(`${world.url}/v1/models/secret`, { headers: { 'x-api-key': key } });
    expect(unknown.status).toBe(404);
    expect(await unknown.text()).toContain('There is: \\"tiny\\".');
    expect(
      await world.finished((await world.chat({ model: 'secret' }, { key })).headers.get('x-request-id') ?? ''),
    ).toMatchObject({ outcome: 'refused', error: 'model-not-permitted', attempts: 0 });
  });

  it('with limits is told what is left, and when to come again', async () => {
    const { key } = await world.addKey({ limits: { requestsPerMinute: 2, tokensPerMinute: 1_000 } });
    await known(key);
    const first = await world.chat({}, { key });
    expect([first.status, first.headers.get('x-ratelimit-remaining-requests')]).toEqual([200, '1']);
    expect(first.headers.get('x-ratelimit-limit-tokens')).toBe('1000');
    expect((await world.chat({}, { key })).status).toBe(200);
    const third = await world.chat({}, { key });
    expect(await errorOf(third)).toEqual([429, 'rate_limit_exceeded']);
    expect(Number(third.headers.get('retry-after'))).toBeGreaterThan(50);
    expect(third.headers.get('x-ratelimit-remaining-requests')).toBe('0');
    const end = await world.finished(third.headers.get('x-request-id') ?? '');
    expect(end).toMatchObject({ outcome: 'refused', error: 'limit-requests', status: 429 });
  });

  it('has its tokens counted when they are known, and waits once they are used up', async () => {
    const { key } = await world.addKey({ limits: { tokensPerMinute: 30 } });
    await known(key);
    expect((await world.chat({ max_tokens: 20 }, { key })).status).toBe(200);
    const second = await world.chat({ max_tokens: 20 }, { key });
    expect(await errorOf(second)).toEqual([429, 'rate_limit_exceeded']);
  });

  it('has no more at once than it may', async () => {
    const { key } = await world.addKey({ limits: { concurrent: 2 } });
    await known(key);
    node.scripted.script = answering({ firstTokenMs: 1_500 });
    const two = [world.chat({}, { key }), world.chat({}, { key })];
    await until(() => node.scripted.inFlight === 2);
    expect((await world.chat({}, { key })).status).toBe(429);
    expect((await Promise.all(two)).map(({ status }) => status)).toEqual([200, 200]);
    node.scripted.script = answering();
    expect((await world.chat({}, { key })).status).toBe(200);
  });

  it('is not needed where inference is open, and pages of allowed origins may call', async () => {
    await world.settings({ inferenceOpen: true, allowedOrigins: ['https://app.example'] });
    const open = () =>
      fetch(`${world.url}/v1/chat/completions`, {
        method: 'POST',
        headers: { 'content-type': 'application/json', origin: 'https://app.example' },
        body: JSON.stringify({ model: 'tiny', messages: [] }),
      });
    await until(async () => (await open()).status === 200);
    expect((await open()).headers.get('access-control-allow-origin')).toBe('https://app.example');
    expect((await open()).headers.get('access-control-expose-headers')).toContain('x-muster-node');
    const asked = (origin: string) =>
      fetch(`${world.url}/v1/chat/completions`, {
        method: 'OPTIONS',
        headers: { origin, 'access-control-request-method': 'POST', 'access-control-request-headers': 'authorization' },
      });
    expect((await asked('https://app.example')).headers.get('access-control-allow-headers')).toBe('authorization');
    expect((await asked('https://evil.example')).headers.get('access-control-allow-origin')).toBeNull();
    await world.settings({ inferenceOpen: false });
    await until(async () => (await open()).status === 401);
  });
});
