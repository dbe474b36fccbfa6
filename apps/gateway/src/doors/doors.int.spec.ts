import { randomUUID } from 'node:crypto';
import { connect } from 'node:net';
import {
  ActivateNode,
  allPermissions,
  Problem,
  Refusal,
  RegisterNode,
  type Route,
  routes,
  VerifyNode,
  type VerifyStep,
} from '@muster/contracts';
import { testNats, type TestNats, until } from '@muster/testing';
import { RegistryStandIn, testGateway, type TestGateway } from '../gateway.examples.js';
import { hashOf } from '../sessions/session-cookie.js';

const nodeId = randomUUID();
const fingerprint = Array.from({ length: 32 }, () => 'AB').join(':');
const node = { nodeId, name: 'gpu', host: 'gpu.lab', port: 8022, fingerprint };
const table = Object.entries<Route>(routes);
const pathOf = ({ path }: Route) => path.replace(':nodeId', nodeId);

let nats: TestNats;
let registry: RegistryStandIn;
let gateway: TestGateway;
let admin: string;
let viewer: string;

beforeAll(async () => {
  nats = await testNats();
  registry = await RegistryStandIn.open(nats.url);
  gateway = await testGateway(nats.url);
  admin = registry.open(allPermissions).token;
  viewer = registry.open(['fleet:view']).token;
});
afterAll(async () => {
  await gateway.stop();
  await registry.stop();
  await nats.stop();
});

const problemIn = async (response: Response): Promise<Problem> => {
  expect(response.headers.get('content-type')).toMatch(/^application\/problem\+json/);
  const problem = Problem.parse(await response.json());
  expect(problem.status).toBe(response.status);
  return problem;
};

/** Sends bytes as they are and gives back whatever comes until the other side closes. */
const raw = (bytes: string): Promise<string> =>
  new Promise((resolve, reject) => {
    const socket = connect(gateway.service.port, '127.0.0.1', () => socket.write(bytes));
    let answer = '';
    socket.on('data', (data) => (answer += String(data)));
    socket.once('close', () => resolve(answer));
    socket.once('error', reject);
  });

describe('the running application', () => {
  it('has exactly the routes of the table, and the two that tell its health', () => {
    interface Layer {
      route?: { path: string; methods: Record<string, boolean> };
    }
    // Express keeps its routes where its types do not say.
    const express = gateway.service.app.getHttpAdapter().getInstance() as unknown as { router: { stack: Layer[] } };
    const served = express.router.stack.flatMap(({ route }) =>
      // What stands at every path are the middlewares, as that of the log.
      route === undefined || route.path === '{/*splat}'
        ? []
        : Object.keys(route.methods).map((method) => `${method.toUpperCase()} ${route.path}`),
    );
    const agreed = table.map(([, { method, path }]) => `${method} ${path}`);
    expect(served.sort()).toEqual([...agreed, 'GET /health/live', 'GET /health/ready'].sort());
  });

  it.each(table.filter(([, { allowed }]) => allowed !== 'anyone'))('asks for a session at %s', async (_name, route) => {
    const response = await gateway.call(route.method, pathOf(route));
    expect(response.status).toBe(401);
    expect(response.headers.get('www-authenticate')).toBe('Muster-Session, Bearer');
    expect(await problemIn(response)).toMatchObject({ code: 'not-signed-in' });
  });

  it.each(table.filter(([, { allowed }]) => allowed !== 'anyone' && allowed !== 'signed-in'))(
    'refuses %s to whoever has every permission but the one it needs',
    async (_name, route) => {
      const { token } = registry.open(allPermissions.filter((permission) => permission !== route.allowed));
      const response = await gateway.call(route.method, pathOf(route), { token });
      expect(response.status).toBe(403);
      expect(await problemIn(response)).toMatchObject({ code: 'not-permitted' });
    },
  );

  it.each(table)('refuses %s to a foreign page, whoever is signed in', async (_name, route) => {
    const headers = { origin: 'https://evil.example' };
    const response = await gateway.call(route.method, pathOf(route), { token: admin, headers });
    expect(response.status).toBe(403);
    expect(await problemIn(response)).toMatchObject({ code: 'origin-refused' });
  });

  it.each(table.filter(([, { method }]) => method !== 'GET'))(
    'refuses %s without the header that no form can send',
    async (_name, route) => {
      const headers = { 'muster-command-id': undefined };
      const response = await gateway.call(route.method, pathOf(route), { token: admin, headers });
      expect(response.status).toBe(403);
      expect(await problemIn(response)).toMatchObject({ code: 'origin-refused' });
    },
  );
});

describe('signing in', () => {
  it('sets a cookie that only this host gets back and no script can read', async () => {
    const response = await gateway.call('POST', '/api/session', { body: { name: 'ada', password: 'correct horse' } });
    expect(response.status).toBe(201);
    expect(response.headers.get('set-cookie')).toMatch(
      /^__Host-muster-session=[A-Za-z0-9_-]{43}; Max-Age=\d+; Path=\/; HttpOnly; Secure; SameSite=Strict$/,
    );
    const answer = await response.json();
    expect(answer).toMatchObject({ account: { name: 'ada' }, firstAccountNeeded: false });
    expect(JSON.stringify(answer)).not.toContain('token');
  });

  it('is seen by the next call, and over after signing out', async () => {
    const { token } = registry.open(['fleet:view'], 'bea');
    const before = await (await gateway.call('GET', '/api/session', { token })).json();
    expect(before).toMatchObject({ account: { name: 'bea' } });
    const out = await gateway.call('DELETE', '/api/session', { token });
    expect(out.status).toBe(204);
    expect(out.headers.get('set-cookie')).toMatch(/^__Host-muster-session=; Max-Age=0; /);
    expect((await gateway.call('GET', '/api/nodes', { token })).status).toBe(401);
    expect(await (await gateway.call('GET', '/api/session', { token })).json()).toMatchObject({ account: null });
  });

  it('is over within two seconds when it is ended elsewhere', async () => {
    const { token } = registry.open(['fleet:view']);
    expect((await gateway.call('GET', '/api/nodes', { token })).status).toBe(200);
    await registry.end(hashOf(token));
    await until(
      async () => (await gateway.call('GET', '/api/nodes', { token })).status,
      (status) => status === 401,
      { withinMs: 2_000 },
    );
  });

  it('asks the registry once for many calls at the same time', async () => {
    const { token } = registry.open(['fleet:view']);
    const before = registry.checks;
    await Promise.all(Array.from({ length: 20 }, () => gateway.call('GET', '/api/nodes', { token })));
    expect(registry.checks - before).toBe(1);
  });
});

describe('orders', () => {
  it('go on with who asks, and under which id', async () => {
    const commandId = randomUUID();
    const requestId = randomUUID();
    const heard: unknown[] = [];
    const answering = await registry.answer(RegisterNode, (request, { caller }) => {
      heard.push({ request, caller });
      return Promise.resolve({ version: 3 });
    });
    const headers = { 'muster-command-id': commandId, 'x-request-id': requestId };
    const response = await gateway.call('POST', '/api/nodes', { token: admin, body: node, headers });
    await answering.stop();
    expect(response.status).toBe(201);
    expect(response.headers.get('x-request-id')).toBe(requestId);
    expect(response.headers.get('etag')).toBe('"3"');
    expect(response.headers.get('cache-control')).toBe('no-store');
    expect(await response.json()).toEqual({ version: 3 });
    expect(heard).toEqual([
      {
        request: { ...node, found: 'by-hand' },
        caller: expect.objectContaining({
          actor: { kind: 'account', id: expect.any(String), name: 'ada' },
          commandId,
          correlationId: requestId,
        }),
      },
    ]);
  });

  it('carry the version that they were decided on, and tell the one that won', async () => {
    const answering = await registry.answer(ActivateNode, ({ expectedVersion }) =>
      expectedVersion === 7
        ? Promise.resolve({ version: 8 })
        : Promise.reject(new Refusal('version-conflict', { currentVersion: 7 })),
    );
    const activate = (version: string) =>
      gateway.call('POST', `/api/nodes/${nodeId}/activate`, { token: admin, headers: { 'if-match': version } });
    expect((await activate('"7"')).status).toBe(200);
    const refused = await activate('"6"');
    expect(refused.status).toBe(409);
    expect(await problemIn(refused)).toMatchObject({ code: 'version-conflict', currentVersion: 7 });
    expect(await problemIn(await activate('7'))).toMatchObject({ code: 'bad-input', fields: [{ field: 'If-Match' }] });
    await answering.stop();
  });

  it('that nobody answers are an outage, to be tried again', async () => {
    const response = await gateway.call('POST', `/api/nodes/${nodeId}/activate`, { token: admin });
    expect(response.status).toBe(503);
    expect(Number(response.headers.get('retry-after'))).toBeGreaterThan(0);
    const problem = await problemIn(response);
    expect(problem).toMatchObject({ code: 'outage', requestId: response.headers.get('x-request-id') });
    expect(JSON.stringify(problem)).not.toMatch(/muster\.ask|responders|stack/i);
  });
});

describe('bad input', () => {
  const register = (body: unknown, headers: Record<string, string | undefined> = {}) =>
    gateway.call('POST', '/api/nodes', { token: admin, body, headers });

  it.each([
    ['a port that is none', { ...node, port: 70_000 }, 'port'],
    ['a host with a scheme', { ...node, host: 'http://gpu.lab' }, 'host'],
    ['a name that is missing', { ...node, name: undefined }, 'name'],
    ['a field that does not exist', { ...node, prot: 1 }, 'prot'],
    ['a text for an object', '"text"', ''],
  ])('names the field for %s', async (_what, body, field) => {
    const response = await register(body);
    expect(response.status).toBe(400);
    const { code, fields } = await problemIn(response);
    expect(code).toBe('bad-input');
    if (field !== '') expect(fields?.map((each) => each.field)).toEqual([field]);
  });

  it.each([
    ['broken JSON', '{"name": ', {}],
    ['JSON that is no object', 'null', {}],
    ['no JSON at all', 'name=gpu', { 'content-type': 'application/x-www-form-urlencoded' }],
    ['text', '{}', { 'content-type': 'text/plain' }],
    ['a compression that we do not speak', '{}', { 'content-encoding': 'x-secret' }],
  ])('refuses %s', async (_what, body, headers) => {
    const response = await register(body, headers);
    expect(response.status).toBe(400);
    expect(await problemIn(response)).toMatchObject({ code: 'bad-input' });
  });

  it('refuses a body that is too large', async () => {
    const response = await register({ ...node, name: 'x'.repeat(70_000) });
    expect(response.status).toBe(413);
    expect(await problemIn(response)).toMatchObject({ code: 'too-large' });
  });

  it('refuses an id of a node and of a command that are none, and a query that nobody knows', async () => {
    const get = (path: string) => gateway.call('GET', path, { token: admin });
    expect(await problemIn(await get('/api/nodes/x'))).toMatchObject({ fields: [{ field: 'nodeId' }] });
    expect(await problemIn(await get(`/api/nodes/${nodeId}/log?limit=0`))).toMatchObject({
      fields: [{ field: 'limit' }],
    });
    expect(await problemIn(await get(`/api/nodes/${nodeId}/log?limt=1`))).toMatchObject({
      fields: [{ field: 'limt' }],
    });
    const response = await register(node, { 'muster-command-id': '7' });
    expect(await problemIn(response)).toMatchObject({ code: 'bad-input', fields: [{ field: 'muster-command-id' }] });
  });

  it('says that there is nothing, or not by this method', async () => {
    const nothing = await gateway.call('GET', '/api/nothing', { token: admin });
    expect(nothing.status).toBe(404);
    expect(await problemIn(nothing)).toMatchObject({ code: 'not-found' });
    const method = await gateway.call('PUT', '/api/nodes', { token: admin });
    expect(method.status).toBe(405);
    expect(method.headers.get('allow')).toBe('GET, HEAD, POST');
    expect(await problemIn(method)).toMatchObject({ code: 'method-not-allowed' });
    expect((await gateway.call('GET', '/api/%E0%A4%A', { token: admin })).status).toBe(400);
  });

  it.each([
    ['no HTTP', 'hello\r\n\r\n', 400],
    [
      'a length and chunks together',
      'POST /api/nodes HTTP/1.1\r\nhost: a\r\ncontent-length: 4\r\ntransfer-encoding: chunked\r\n\r\n0\r\n\r\n',
      400,
    ],
    ['headers without end', `GET / HTTP/1.1\r\nhost: a\r\nx: ${'y'.repeat(20_000)}\r\n\r\n`, 431],
  ])('answers %s in the same form', async (_what, bytes, status) => {
    const [head, body] = (await raw(bytes)).split('\r\n\r\n');
    expect(head).toMatch(new RegExp(`^HTTP/1.1 ${status} `));
    expect(head).toMatch(/application\/problem\+json/);
    expect(Problem.parse(JSON.parse(body ?? '')).status).toBe(status);
  });
});

describe('verification', () => {
  const passed = (stage: 'name' | 'port'): VerifyStep => ({ outcome: 'passed', stage, tookMs: 1, words: stage });

  it('is told line by line, as each stage ends', async () => {
    let goOn: () => void = () => undefined;
    const answering = await registry.answer(VerifyNode, async function* () {
      yield passed('name');
      await new Promise<void>((resolve) => (goOn = resolve));
      yield passed('port');
    });
    const response = await gateway.call('POST', '/api/nodes/verify', {
      token: admin,
      body: { host: 'a.lab', port: 8022 },
    });
    expect(response.headers.get('content-type')).toBe('application/x-ndjson');
    const lines = response.body?.pipeThrough(new TextDecoderStream()).getReader();
    expect(await lines?.read()).toEqual({ done: false, value: `${JSON.stringify(passed('name'))}\n` });
    goOn();
    expect(await lines?.read()).toEqual({ done: false, value: `${JSON.stringify(passed('port'))}\n` });
    expect(await lines?.read()).toEqual({ done: true, value: undefined });
    await answering.stop();
  });

  it('is taken back when whoever asked has left', async () => {
    let takenBack = false;
    const answering = await registry.answer(VerifyNode, async function* (_request, { signal }) {
      yield passed('name');
      await new Promise<void>((resolve) => signal.addEventListener('abort', () => resolve()));
      takenBack = signal.aborted;
    });
    const leaving = new AbortController();
    const body = { host: 'a.lab', port: 8022 };
    const response = await gateway.call('POST', '/api/nodes/verify', { token: admin, body, signal: leaving.signal });
    await response.body?.getReader().read();
    leaving.abort();
    await until(() => takenBack, undefined, { withinMs: 2_000 });
    await answering.stop();
  });

  it('has its own status for a refusal before the first line, and a last line for one after it', async () => {
    let steps = 0;
    const answering = await registry.answer(VerifyNode, async function* () {
      if (steps++ > 0) yield passed('name');
      await Promise.resolve();
      throw new Refusal('too-many-tries', { retryAfterMs: 5_000 });
    });
    const verify = () =>
      gateway.call('POST', '/api/nodes/verify', { token: admin, body: { host: 'a.lab', port: 8022 } });
    const refused = await verify();
    expect(refused.status).toBe(429);
    expect(refused.headers.get('retry-after')).toBe('5');
    const begun = await verify();
    expect(begun.status).toBe(200);
    const lines = (await begun.text())
      .trim()
      .split('\n')
      .map((line): unknown => JSON.parse(line));
    expect(lines).toEqual([passed('name'), expect.objectContaining({ code: 'too-many-tries', status: 429 })]);
    await answering.stop();
  });

  it('is for those who manage nodes', async () => {
    const body = { host: 'a.lab', port: 8022 };
    expect((await gateway.call('POST', '/api/nodes/verify', { token: viewer, body })).status).toBe(403);
  });
});

describe('the log of the gateway', () => {
  it('has no token, password or cookie in it', () => {
    const log = gateway.log.join('');
    expect(log).toContain('A call from a foreign page was refused');
    expect(log).not.toContain(admin);
    expect(log).not.toMatch(/correct horse|__Host-muster-session=/);
  });
});
