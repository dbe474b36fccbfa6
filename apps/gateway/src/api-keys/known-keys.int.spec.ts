import { randomUUID } from 'node:crypto';
import { ActivateNode, type ApiKeyUsed, type Caller, Problem, ReadHistory } from '@muster/contracts';
import { testNats, type TestNats, until } from '@muster/testing';
import { RegistryStandIn, testGateway, type TestGateway } from '../gateway.examples.js';
import { AT } from '../fleet/fleet.examples.js';

/** How soon a key that does not hold any more has to be refused. */
const WITHIN = { withinMs: 2_000 };

let nats: TestNats;
let registry: RegistryStandIn;
let gateway: TestGateway;
const nodeId = randomUUID();

beforeAll(async () => {
  nats = await testNats();
  registry = await RegistryStandIn.open(nats.url);
  gateway = await testGateway(nats.url);
});
afterAll(async () => {
  await gateway.stop();
  await registry.stop();
  await nats.stop();
});

/** A call as a program makes it: no page, no cookie. */
const call = (key: string, method = 'GET', path = '/api/nodes', headers: Record<string, string | undefined> = {}) =>
  gateway.call(method, path, { headers: { origin: undefined, authorization: `Bearer ${key}`, ...headers } });
const statusOf = async (key: string) => (await call(key)).status;
const codeOf = async (response: Response) => Problem.parse(await response.json()).code;
const made = async (...how: Parameters<RegistryStandIn['makeKey']>) => {
  const one = await registry.makeKey(...how);
  await until(async () => (await statusOf(one.key)) !== 401, undefined, { withinMs: 10_000 });
  return one;
};

describe('a call with an API key', () => {
  it.each([
    ['authorization', 'Bearer '],
    ['authorization', 'ApiKey '],
    ['x-api-key', ''],
  ])('is let in by %s: %s<key>', async (header, before) => {
    const { key } = await made(['fleet:read']);
    const headers = { authorization: undefined, [header]: `${before}${key}` };
    expect((await call(key, 'GET', '/api/nodes', headers)).status).toBe(200);
  });

  it('is told apart from one without, and challenged for a token', async () => {
    const unknown = await call(`msk_${'a'.repeat(43)}`);
    expect(unknown.status).toBe(401);
    expect(unknown.headers.get('www-authenticate')).toBe('Bearer error="invalid_token"');
    expect(await codeOf(unknown)).toBe('key-refused');
    expect(await codeOf(await call('no-key-of-ours'))).toBe('not-signed-in');
  });

  it('is asked for no page, but for the id of its order', async () => {
    const { key } = await made(['manage']);
    const activate = `/api/nodes/${nodeId}/activate`;
    const without = await call(key, 'POST', activate, { 'muster-command-id': undefined });
    expect(without.status).toBe(400);
    expect(Problem.parse(await without.json()).fields?.[0]?.field).toBe('muster-command-id');
    const wrong = await call(key, 'POST', activate, { 'muster-command-id': '7' });
    expect(await codeOf(wrong)).toBe('bad-input');
  });

  it('orders in the name of the key and of its owner, as far as both may', async () => {
    const callers: Caller[] = [];
    const answering = await registry.answer(ActivateNode, (_request, { caller }) => {
      callers.push(caller);
      return Promise.resolve({ version: 3 });
    });
    const { key, keyId, ownerId } = await made(['manage'], { owner: ['nodes:manage', 'accounts:manage'] });
    const commandId = randomUUID();
    const headers = { 'muster-command-id': commandId };
    expect((await call(key, 'POST', `/api/nodes/${nodeId}/activate`, headers)).status).toBe(200);
    expect(callers).toMatchObject([
      {
        actor: { kind: 'key', id: keyId, name: 'Search', owner: { id: ownerId, name: 'grace' } },
        permissions: ['nodes:manage'],
        commandId,
      },
    ]);
    await answering.stop();
  });

  it('reads of the history what its owner may, and never the facts of accounts', async () => {
    const asked: Caller[] = [];
    const answering = await registry.answer(ReadHistory, (_request, { caller }) => {
      asked.push(caller);
      return Promise.resolve({ entries: [], older: null });
    });
    const { key } = await made(['fleet:read', 'manage']);
    expect((await call(key, 'GET', '/api/history')).status).toBe(200);
    expect(asked[0]?.permissions).toEqual(['fleet:view', 'nodes:manage', 'executors:manage']);
    await answering.stop();
  });

  it('does not bring a session in, whatever cookie comes with it', async () => {
    const { token } = registry.open(['accounts:manage', 'fleet:view']);
    const { key } = await made(['fleet:read']);
    const headers = { authorization: `Bearer ${key}`, origin: 'https://elsewhere.example' };
    expect((await gateway.call('GET', '/api/accounts', { token, headers })).status).toBe(403);
    expect((await gateway.call('GET', '/api/nodes', { token, headers })).status).toBe(200);
  });

  it('opens no socket', async () => {
    const { key } = await made(['fleet:read', 'manage']);
    const socket = gateway.socket(undefined, { authorization: `Bearer ${key}`, 'x-api-key': key });
    const refused = new Promise<Error>((resolve) => socket.once('connect_error', resolve));
    expect((await refused).message).toBe('not-signed-in');
  });

  it('is told on the bus once, however often it comes', async () => {
    const uses: ApiKeyUsed[] = [];
    const listening = registry.bus.onKeyUses((use) => uses.push(use));
    await registry.bus.tail('ACCESS');
    const { key, keyId } = await made(['fleet:read']);
    const another = await made(['fleet:read']);
    for (let n = 0; n < 5; n++) await statusOf(key);
    await statusOf(another.key);
    await until(() => uses.some((use) => use.keyId === another.keyId));
    expect(uses.filter((use) => use.keyId === keyId)).toHaveLength(1);
    await listening.stop();
  });

  it('leaves nothing of the key in the log', async () => {
    const { key } = await made(['fleet:read']);
    await call(`${key.slice(0, -1)}x`);
    expect(gateway.log.join('')).not.toContain(key.slice(10, 40));
  });
});

describe('a key that does not hold any more', () => {
  const at = AT;

  it('is refused within two seconds when it is revoked', async () => {
    const { key, keyId, ownerId } = await made(['fleet:read']);
    await registry.told(`key-${keyId}`, { type: 'ApiKeyRevoked', data: { keyId, ownerId, because: 'by-hand', at } });
    await until(
      () => statusOf(key),
      (status) => status === 401,
      WITHIN,
    );
  });

  it('is refused within two seconds while its owner is disabled', async () => {
    const { key, ownerId } = await made(['fleet:read']);
    await registry.told(`account-${ownerId}`, { type: 'AccountDisabled', data: { accountId: ownerId, at } });
    await until(
      () => statusOf(key),
      (status) => status === 401,
      WITHIN,
    );
    await registry.told(`account-${ownerId}`, { type: 'AccountEnabled', data: { accountId: ownerId, at } });
    await until(
      () => statusOf(key),
      (status) => status === 200,
      WITHIN,
    );
  });

  it('is refused within two seconds when its owner is deleted', async () => {
    const { key, ownerId } = await made(['fleet:read']);
    await registry.told(`account-${ownerId}`, { type: 'AccountDeleted', data: { accountId: ownerId, at } });
    await until(
      () => statusOf(key),
      (status) => status === 401,
      WITHIN,
    );
  });

  it('may no more what its owner may no more, within two seconds', async () => {
    const { key, ownerId } = await made(['fleet:read']);
    const taken = { accountId: ownerId, permissions: [], from: [], at };
    await registry.told(`account-${ownerId}`, { type: 'AccountPermissionsChanged', data: taken });
    await until(
      () => statusOf(key),
      (status) => status === 403,
      WITHIN,
    );
  });

  it('is refused from the moment on that it was made for', async () => {
    const expiresAt = new Date(Date.now() + 1_500).toISOString();
    const { key } = await registry.makeKey(['fleet:read'], { expiresAt });
    const answer = await until(
      async () => Problem.safeParse(await (await call(key)).json()).data,
      (problem) => problem?.title === 'This API key has expired.' || problem?.detail === 'This API key has expired.',
      { withinMs: 10_000 },
    );
    expect(answer?.code).toBe('key-refused');
    expect(new Date().toISOString() >= expiresAt).toBe(true);
  });
});
