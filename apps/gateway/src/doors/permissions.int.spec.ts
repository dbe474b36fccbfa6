import { randomUUID } from 'node:crypto';
import {
  allKeyPermissions,
  allPermissions,
  INTEGRATION_MARK,
  type KeyPermission,
  type Permission,
  prefixOfSecret,
  Problem,
  type Route,
  routes,
  socketPolicy,
} from '@muster/contracts';
import { everySort, testNats, type TestNats, until } from '@muster/testing';
import { AT } from '../fleet/fleet.examples.js';
import { RegistryStandIn, testGateway, type TestGateway, type TestSocket } from '../gateway.examples.js';
import { hashOf } from '../integrations/known-integrations.js';
import { ConsoleDoor } from '../live/console-door.js';

/** Every door that the running gateway has, tried by everybody there can be. Nothing here names a route or an event. */

let nats: TestNats;
let registry: RegistryStandIn;
let gateway: TestGateway;

const tokens = new Map<string, string>();

beforeAll(async () => {
  nats = await testNats();
  registry = await RegistryStandIn.open(nats.url);
  gateway = await testGateway(nats.url);
  for (const { who, may } of everySort) tokens.set(who, registry.open(may).token);
});
afterAll(async () => {
  await gateway.stop();
  await registry.stop();
  await nats.stop();
});

/** What Express serves in the running application, as `POST /api/nodes`. */
function served(): string[] {
  interface Layer {
    route?: { path: string; methods: Record<string, boolean> };
  }
  const express = gateway.service.app.getHttpAdapter().getInstance() as unknown as { router: { stack: Layer[] } };
  return express.router.stack.flatMap(({ route }) =>
    route === undefined || route.path === '{/*splat}'
      ? []
      : Object.keys(route.methods).map((method) => `${method.toUpperCase()} ${route.path}`),
  );
}

/** Who the table lets in; nobody where it says nothing. */
const allowedAt = (at: string): Route['allowed'] | undefined =>
  Object.values<Route>(routes).find(({ method, path }) => `${method} ${path}` === at)?.allowed;

const mayPass = (allowed: Route['allowed'], may: readonly Permission[] | undefined): boolean =>
  allowed === 'anyone' || (may !== undefined && (allowed === 'signed-in' || may.includes(allowed)));

describe('every route of the running gateway', () => {
  it('lets in whom the table lets in, and nobody else', async () => {
    const found: string[] = [];
    const tried = new Set<string>();
    for (const at of served()) {
      if (/^GET \/health\/(?:live|ready)$/.test(at)) continue;
      const allowed = allowedAt(at);
      if (allowed === undefined) {
        found.push(`${at} is served and stands in no table`);
        continue;
      }
      const [method = '', path = ''] = at.split(' ');
      for (const { who, may } of [{ who: 'no session', may: undefined }, ...everySort]) {
        // Nobody signs out here, or there would be no session to go on with; a session of its own does.
        const token = at === 'DELETE /api/session' && may ? registry.open(may).token : tokens.get(who);
        const filled = path.replace(/:[a-zA-Z]+/g, () => randomUUID());
        // A field that no body has: whoever is let in is refused for it, or for the outage behind, before anything is done.
        const body = method === 'GET' || method === 'DELETE' ? undefined : { nothing: 'of that name' };
        const signal = AbortSignal.timeout(5_000);
        const response = await gateway.call(method, filled, { token, body, signal });
        const code = response.ok ? 'ok' : Problem.parse(await response.json()).code;
        const expected = mayPass(allowed, may) ? 'in' : may === undefined ? 'not-signed-in' : 'not-permitted';
        const was = code === 'not-signed-in' || code === 'not-permitted' ? code : 'in';
        if (was !== expected) found.push(`${at} by ${who}: ${code}, not ${expected}`);
        tried.add(at);
      }
    }
    expect(found).toEqual([]);
    expect([...tried].sort()).toEqual(
      Object.values<Route>(routes)
        .map(({ method, path }) => `${method} ${path}`)
        .sort(),
    );
  }, 60_000);
});

/** Which permissions of a key let it in where a route needs that; nowhere else is any key let in. */
const letInByKey: Partial<Record<Route['allowed'], readonly KeyPermission[]>> = {
  'fleet:view': ['fleet:read', 'manage'],
  'nodes:manage': ['manage'],
  'executors:manage': ['manage'],
};

describe('every route of the running gateway, called with an API key', () => {
  const everyKey: { who: string; given: readonly KeyPermission[]; owner: readonly Permission[] }[] = [
    ...allKeyPermissions.map((each) => ({ who: `${each} alone`, given: [each], owner: allPermissions })),
    ...allKeyPermissions.map((each) => ({
      who: `all but ${each}`,
      given: allKeyPermissions.filter((other) => other !== each),
      owner: allPermissions,
    })),
    ...everySort.map(({ who, may }) => ({ who: `all, of ${who}`, given: allKeyPermissions, owner: may })),
  ];

  it('lets in keys for what they and their owner may, and nothing about people, keys and settings', async () => {
    const found: string[] = [];
    const headers = (key: string) => ({ origin: undefined, authorization: `Bearer ${key}` });
    const keys: ((typeof everyKey)[number] & { key: string })[] = [];
    for (const each of everyKey) keys.push({ ...each, key: (await registry.makeKey(each.given, each)).key });
    const isKnown = async ({ key }: { key: string }) =>
      (await gateway.call('GET', '/api/nodes', { headers: headers(key) })).status !== 401;
    await until(async () => (await Promise.all(keys.map(isKnown))).every(Boolean), undefined, { withinMs: 10_000 });
    for (const { method, path, allowed } of Object.values<Route>(routes)) {
      if (allowed === 'anyone') continue;
      const filled = path.replace(/:[a-zA-Z]+/g, () => randomUUID());
      const body = method === 'GET' || method === 'DELETE' ? undefined : { nothing: 'of that name' };
      for (const { who, given, owner, key } of keys) {
        const signal = AbortSignal.timeout(5_000);
        const response = await gateway.call(method, filled, { body, headers: headers(key), signal });
        const code = response.ok ? 'ok' : Problem.parse(await response.json()).code;
        const asked = letInByKey[allowed]?.some((each) => given.includes(each)) === true;
        const expected = asked && allowed !== 'signed-in' && owner.includes(allowed) ? 'in' : 'not-permitted';
        const was = ['not-signed-in', 'key-refused', 'not-permitted'].includes(code) ? code : 'in';
        if (was !== expected) found.push(`${method} ${path} by ${who}: ${code}, not ${expected}`);
      }
    }
    expect(found).toEqual([]);
  }, 120_000);
});

describe('every route of the running gateway, called with the secret of an integration', () => {
  it('lets it in where the table says so, and nowhere else', async () => {
    const integrationId = randomUUID();
    const secret = `${INTEGRATION_MARK}${'m'.repeat(43)}`;
    const hashes = { prefix: prefixOfSecret(secret), natsHash: `$2b$06$${'x'.repeat(53)}`, hash: hashOf(secret) };
    await registry.told(`integration-${integrationId}`, {
      type: 'IntegrationCreated',
      data: { integrationId, name: 'Desk', streams: ['FLEET'], doors: ['nats', 'http'], ...hashes, at: AT },
    });
    const headers = { origin: undefined, authorization: `Bearer ${secret}` };
    await until(async () => (await gateway.call('GET', '/api/events', { headers })).ok, undefined, {
      withinMs: 10_000,
    });
    const found: string[] = [];
    for (const { method, path, allowed, integrations } of Object.values<Route>(routes)) {
      if (allowed === 'anyone') continue;
      const own = path.replace(':integrationId', integrationId).replace(':stream', 'FLEET');
      const filled = own.replace(/:[a-zA-Z]+/g, () => randomUUID());
      const body = method === 'GET' || method === 'DELETE' ? undefined : { nothing: 'of that name' };
      const signal = AbortSignal.timeout(5_000);
      const response = await gateway.call(method, filled, { body, headers, signal });
      const code = response.ok ? 'ok' : Problem.parse(await response.json()).code;
      const was = ['not-signed-in', 'key-refused', 'not-permitted', 'origin-refused'].includes(code) ? 'out' : 'in';
      if (was !== (integrations === true ? 'in' : 'out')) found.push(`${method} ${path}: ${code}`);
    }
    expect(found).toEqual([]);
  }, 60_000);
});

describe('every event of the running gateway', () => {
  const connected = async (token: string | undefined): Promise<TestSocket> => {
    const socket = gateway.socket(token);
    await until(() => socket.connected, undefined, { withinMs: 3_000 });
    return socket;
  };

  it('is one that the policy knows, and the policy knows no other', async () => {
    const socket = await connected(tokens.get('an administrator'));
    const { sockets } = gateway.service.app.get(ConsoleDoor).server.of('/');
    const heard = [...sockets.values()]
      .flatMap((open) => open.eventNames().map(String))
      // What a client cannot send: socket.io keeps these names for itself.
      .filter((name) => name !== 'disconnect' && name !== 'error');
    expect([...new Set(heard)].sort()).toEqual(Object.keys(socketPolicy).sort());
    socket.disconnect();
  });

  it('is refused to whoever lacks what the policy asks for, and to nobody else', async () => {
    const found: string[] = [];
    for (const { who, may } of everySort) {
      const socket = await connected(tokens.get(who));
      for (const [event, needed] of Object.entries(socketPolicy)) {
        const code = await codeOf(socket, event);
        const expected = needed === 'open' || may.includes(needed) ? 'in' : 'not-permitted';
        const was = code === 'not-permitted' ? code : 'in';
        if (was !== expected) found.push(`${event} by ${who}: ${code}, not ${expected}`);
      }
      socket.disconnect();
    }
    expect(found).toEqual([]);
  }, 60_000);

  it('is refused without a session, and so is an event that there is not', async () => {
    const stranger = gateway.socket(undefined);
    await until(() => !stranger.active, undefined, { withinMs: 3_000 });
    expect(stranger.connected).toBe(false);
    const socket = await connected(tokens.get('an administrator'));
    expect(await codeOf(socket, 'accounts:join')).toBe('not-found');
    socket.disconnect();
  });
});

/** The code that an event is refused with; `in` when it is not. What has no answer is over when the next event is answered. */
async function codeOf(socket: TestSocket, event: string): Promise<string> {
  const emit = socket.timeout(5_000).emitWithAck.bind(socket.timeout(5_000)) as (
    event: string,
    ...values: unknown[]
  ) => Promise<unknown>;
  const ofANode = event.startsWith('metrics:') || event.startsWith('log:');
  const request = ofANode ? [{ nodeId: randomUUID() }] : [];
  const answered = emit(event, ...request).then(
    (answer) => (answer as { code?: string } | undefined)?.code ?? 'in',
    () => 'in',
  );
  const next = event.endsWith(':leave') ? emit('console:ping').then(() => 'in') : answered;
  return Promise.race([answered, next]);
}
