import { randomUUID } from 'node:crypto';
import { connect } from 'node:net';
import {
  allPermissions,
  ChangeSettings,
  type FleetSnapshot,
  type Joined,
  Refusal,
  SettingsState,
} from '@muster/contracts';
import { testNats, type TestNats, until } from '@muster/testing';
import { RegistryStandIn, testGateway, type TestGateway, type TestSocket } from '../gateway.examples.js';

const OTHER = 'https://other.example';

let nats: TestNats;
let registry: RegistryStandIn;
let gateway: TestGateway;
let admin: string;

beforeAll(async () => {
  nats = await testNats();
  registry = await RegistryStandIn.open(nats.url);
  gateway = await testGateway(nats.url, { MUSTER_ALLOWED_ORIGINS: 'https://env.example' });
  admin = registry.open(allPermissions).token;
});
afterAll(async () => {
  await gateway.stop();
  await registry.stop();
  await nats.stop();
});

const sealed = { algorithm: 'A256GCM', keyId: '0a0b0c0d', nonce: 'AAAA', ciphertext: 'AAAA', tag: 'AAAA' } as const;
const say = (settings: Partial<SettingsState>) =>
  registry.bus
    .bucket('SETTINGS', SettingsState)
    .put('gateway', { accessKey: { keyId: '0a0b0c0d', sealed }, ...settings });

const callFrom = async (origin: string): Promise<number> => {
  const response = await gateway.call('DELETE', `/api/account/sessions/${randomUUID()}`, {
    token: admin,
    headers: { origin },
  });
  await response.body?.cancel();
  return response.status;
};
const refused = (status: number) => status === 403;
const connected = (socket: TestSocket): Promise<boolean> =>
  new Promise((resolve) => {
    socket.once('connect', () => resolve(true));
    socket.once('connect_error', () => resolve(false));
  });

describe('allowed origins', () => {
  it('are those of the environment until the settings are known, and then those of the settings, at once', async () => {
    expect(refused(await callFrom('https://env.example'))).toBe(false);
    expect(refused(await callFrom(OTHER))).toBe(true);
    await say({ allowedOrigins: [OTHER] });
    await until(async () => !refused(await callFrom(OTHER)));
    expect(refused(await callFrom('https://env.example'))).toBe(true);
    // The console's own address is not a matter of settings: nobody can lock everybody out.
    expect(refused(await callFrom('http://localhost:8000'))).toBe(false);
    const page = await gateway.call('GET', '/api/session');
    expect(page.headers.get('content-security-policy')).toContain('wss://other.example');
    await page.body?.cancel();
  });

  it('hold for sockets: one whose origin is not allowed any more is closed', async () => {
    await say({ allowedOrigins: [OTHER] });
    await until(async () => !refused(await callFrom(OTHER)));
    const [socket, own] = [gateway.socket(admin, { origin: OTHER }), gateway.socket(admin)];
    expect(await Promise.all([connected(socket), connected(own)])).toEqual([true, true]);
    await say({ allowedOrigins: [] });
    await until(() => !socket.connected);
    expect(own.connected).toBe(true);
    expect(await connected(gateway.socket(admin, { origin: OTHER }))).toBe(false);
  });
});

describe('the settings in the fleet', () => {
  it('are told to every page: their version, and that inference is open', async () => {
    await say({ version: 7, inferenceOpen: true });
    const socket = gateway.socket(admin);
    const view = async () => (await socket.timeout(5_000).emitWithAck('fleet:join')) as Joined<FleetSnapshot>;
    const joined = await until(view, (each) => each.ok && each.snapshot.gateway.settingsVersion === 7);
    expect(joined).toMatchObject({ snapshot: { gateway: { notices: ['inference-open'] } } });
  });
});

describe('a change of the settings', () => {
  it('carries the version that it was decided on, and tells the one that won', async () => {
    const seen: unknown[] = [];
    const answering = await registry.bus.answer(ChangeSettings, (request) => {
      seen.push(request);
      throw new Refusal('version-conflict', { currentVersion: 9 });
    });
    const response = await gateway.call('PATCH', '/api/settings', {
      token: admin,
      body: { delayedThresholdMs: 5_000 },
      headers: { 'if-match': '"8"' },
    });
    expect(response.status).toBe(409);
    expect(await response.json()).toMatchObject({ code: 'version-conflict', currentVersion: 9 });
    expect(seen).toEqual([{ delayedThresholdMs: 5_000, expectedVersion: 8 }]);
    await answering.stop();
  });

  it.each([
    ['delayedThresholdMs', { delayedThresholdMs: 0 }],
    ['dial.ports.to', { dial: { loopback: true, private: true, ports: { from: 2, to: 1 } } }],
    ['dial.ports.form', { dial: { loopback: true, private: true, ports: { form: 2, from: 1, to: 2 } } }],
    ['allowedOrigins.0', { allowedOrigins: ['https://a.example/path'] }],
    ['alowedOrigins', { alowedOrigins: [] }],
  ])('that is wrong at %s is refused by that name', async (field, body) => {
    const response = await gateway.call('PATCH', '/api/settings', { token: admin, body });
    expect(response.status).toBe(400);
    expect(await response.json()).toMatchObject({ code: 'bad-input', fields: [{ field }] });
  });
});

describe('a request whose headers do not come', () => {
  it('is told that it is too slow a moment after the bound of 5 s, and others go on', async () => {
    const startedMs = performance.now();
    const answer = new Promise<string>((resolve) => {
      let text = '';
      const socket = connect(gateway.service.port, '127.0.0.1', () => socket.write('GET / HTTP/1.1\r\nhost: a\r\n'));
      socket.on('data', (data) => (text += String(data)));
      socket.once('close', () => resolve(text));
    });
    expect((await gateway.call('GET', '/api/session')).status).toBe(200);
    expect(await answer).toMatch(/^HTTP\/1\.1 408 [^]*"code":"too-slow"/);
    const tookMs = performance.now() - startedMs;
    expect(tookMs).toBeGreaterThan(4_500);
    // One look a second; the rest is room for a slow machine.
    expect(tookMs).toBeLessThan(15_000);
  }, 30_000);
});
