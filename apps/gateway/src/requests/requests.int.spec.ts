import { randomUUID } from 'node:crypto';
import {
  Figures,
  GatewayStart,
  type Joined,
  type Numbered,
  ReadRequests,
  type RequestPage,
  type RequestView,
} from '@muster/contracts';
import { testNats, type TestNats, until } from '@muster/testing';
import { AT } from '../fleet/fleet.examples.js';
import { RegistryStandIn, testGateway, type TestGateway, type TestSocket } from '../gateway.examples.js';

const within10 = { withinMs: 10_000 };
const router = randomUUID();

const request = (number: number, state: RequestView['state'] = 'running'): RequestView => ({
  requestId: `66666666-6666-4666-8666-${String(number).padStart(12, '0')}`,
  ...{ router, state, model: 'tiny', stream: false },
  acceptedAt: new Date(Date.parse(AT) + number * 1_000).toISOString(),
});

const figuresWith = (handled: number): Figures => ({
  ...{ at: AT, since: AT, pending: 0 },
  handled: { sinceStart: handled, allTime: handled, perSecond: 0, recent: [] },
  delayed: { thresholdMs: 30_000, count: 0, of: handled },
  concurrency: { now: 0, queued: 0, most: 1, nodes: [] },
  conservation: {
    ...{ accepted: handled, completed: handled, failed: 0, cancelled: 0, refused: 0, lost: 0 },
    ...{ inFlight: 0, queued: 0 },
  },
});

describe('what was served, at the gateway', () => {
  let nats: TestNats;
  let bus: RegistryStandIn;
  let gateway: TestGateway;
  let token: string;
  let socket: TestSocket;

  beforeAll(async () => {
    nats = await testNats();
    bus = await RegistryStandIn.open(nats.url);
    await bus.answer(ReadRequests, () => Promise.resolve({ requests: [request(2), request(1)], older: null }));
    gateway = await testGateway(nats.url);
    ({ token } = bus.open(['fleet:view']));
    socket = gateway.socket(token);
    await until(() => socket.connected, undefined, within10);
  });
  afterAll(async () => {
    await gateway.stop();
    await bus.stop();
    await nats.stop();
  });

  const put = (figures: Figures) => bus.bus.bucket('FIGURES', Figures).put('gateway', figures);

  it('says when the Gateway started, for whoever counts from there', async () => {
    const started = await until(() => bus.bus.bucket('GATEWAY', GatewayStart).get('gateway'), undefined, within10);
    expect(Math.abs(Date.now() - Date.parse(started?.at ?? ''))).toBeLessThan(60_000);
  });

  it('is one life with every further gateway, which ends with the last of them', async () => {
    const start = () => bus.bus.bucket('GATEWAY', GatewayStart).get('gateway');
    const first = await until(start, undefined, within10);
    const second = await testGateway(nats.url);
    const joined = await second.socket(token).timeout(5_000).emitWithAck('fleet:join');
    expect(joined).toMatchObject({ ok: true, snapshot: { gateway: { startedAt: first?.at } } });
    expect(await start()).toEqual(first);
    await second.stop();
    // One that began at the same moment and did not hear of the first: the earlier beginning holds.
    await bus.bus
      .bucket('GATEWAY', GatewayStart)
      .put('gateway', { run: randomUUID(), at: new Date(Date.now() + 60_000).toISOString() });
    await until(start, (now) => now?.run === first?.run, within10);
    const earlier = { run: randomUUID(), at: '2026-01-01T00:00:00.000Z' };
    await bus.bus.bucket('GATEWAY', GatewayStart).put('gateway', earlier);
    const startedAt = async () => {
      const reply = await socket.timeout(5_000).emitWithAck('fleet:join');
      return reply.ok ? reply.snapshot.gateway.startedAt : undefined;
    };
    await until(startedAt, (at) => at === earlier.at, within10);
  });

  it('tells the figures by REST and in their room, and each new set of them', async () => {
    const read = async () => (await gateway.call('GET', '/api/figures', { token })).json();
    expect(await read()).toEqual({ figures: null });
    const joined = await socket.timeout(5_000).emitWithAck('figures:join');
    expect(joined).toMatchObject({ ok: true, snapshot: { figures: null } });
    const changes: (Numbered & { figures: Figures })[] = [];
    socket.on('figures:change', (change) => changes.push(change));
    await put(figuresWith(1));
    await put(figuresWith(2));
    await until(
      () => changes.length,
      (count) => count === 2,
      within10,
    );
    expect(changes.map(({ seq, figures }) => [seq, figures.handled.sinceStart])).toEqual([
      [1, 1],
      [2, 2],
    ]);
    expect(await read()).toEqual({ figures: figuresWith(2) });
  });

  it('tells the newest requests in their room, then those that change, and begins anew when some were lost', async () => {
    const joined: Joined<RequestPage> = await socket.timeout(5_000).emitWithAck('requests:join');
    if (!joined.ok) throw new Error(joined.words);
    expect(joined.snapshot.requests).toEqual([request(2), request(1)]);
    const changes: RequestView[][] = [];
    const dirty: string[] = [];
    socket.on('requests:change', ({ changed }) => changes.push(changed));
    socket.on('room:dirty', ({ room }) => dirty.push(room));
    const epoch = randomUUID();
    bus.bus.publishRequests({ epoch, seq: 1, changed: [request(3), request(2, 'completed')] });
    await until(
      () => changes.length,
      (count) => count === 1,
      within10,
    );
    expect(changes).toEqual([[request(3), request(2, 'completed')]]);
    bus.bus.publishRequests({ epoch, seq: 3, changed: [request(4)] });
    await until(() => dirty.includes('requests'), undefined, within10);
    expect(changes).toHaveLength(1);
  });

  it('passes filter and cursor on, and refuses what is none', async () => {
    const refused = await gateway.call('GET', '/api/requests?before=nonsense', { token });
    expect(refused.status).toBe(400);
    const page = await gateway.call('GET', '/api/requests?state=failed&limit=10', { token });
    expect(await page.json()).toEqual({ requests: [request(2), request(1)], older: null });
    const window = await gateway.call('GET', '/api/figures/tomorrow', { token });
    expect(window.status).toBe(400);
  });

  it('says that nobody counts right now where nobody does', async () => {
    const answer = await gateway.call('GET', '/api/figures/5m?by=model', { token });
    expect(answer.status).toBe(503);
  });
});
