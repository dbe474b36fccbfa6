import { randomUUID } from 'node:crypto';
import { type Fact, type HttpReading, INTEGRATION_MARK, prefixOfSecret, type StreamName } from '@muster/contracts';
import { testNats, type TestNats, until } from '@muster/testing';
import { MOST_OPEN } from '../events/open-streams.js';
import { AT } from '../fleet/fleet.examples.js';
import { RegistryStandIn, testGateway, type TestGateway } from '../gateway.examples.js';
import { hashOf } from './known-integrations.js';
import { OWN_CALLS } from './own-consumers.js';

const nodeId = randomUUID();
const renamed = (position: number, at = new Date().toISOString()): Fact => ({
  ...{ type: 'NodeRenamed', data: { nodeId, name: `Node ${position}`, from: 'Node', at } },
  ...{ id: randomUUID(), stream: `node-${nodeId}`, version: position, position, at },
  meta: {
    actor: { kind: 'gateway', id: 'registry', name: 'Registry' },
    ...{ commandId: randomUUID(), correlationId: randomUUID() },
  },
});

const within20 = { withinMs: 20_000 };

describe('what an integration does over HTTP', () => {
  let nats: TestNats;
  let registry: RegistryStandIn;
  let gateway: TestGateway;
  const told: HttpReading[] = [];
  const opened: AbortController[] = [];

  beforeAll(async () => {
    nats = await testNats();
    registry = await RegistryStandIn.open(nats.url);
    registry.bus.onHttpReadings((reading) => void told.push(reading));
    gateway = await testGateway(nats.url);
    for (let position = 1; position <= 3; position += 1) await registry.publish(renamed(position));
  });
  afterEach(() => {
    for (const each of opened.splice(0)) each.abort();
  });
  afterAll(async () => {
    await gateway.stop();
    await registry.stop();
    await nats.stop();
  });

  /** An integration that is let in, and calls as it makes them. */
  const make = async (name: string, streams: StreamName[] = ['FLEET']) => {
    const integrationId = randomUUID();
    const secret = `${INTEGRATION_MARK}${`${integrationId.replaceAll('-', '')}${'s'.repeat(43)}`.slice(0, 43)}`;
    const hashes = { prefix: prefixOfSecret(secret), natsHash: `$2b$06$${'x'.repeat(53)}`, hash: hashOf(secret) };
    await registry.told(`integration-${integrationId}`, {
      type: 'IntegrationCreated',
      data: { integrationId, name, streams, doors: ['http'], ...hashes, at: AT },
    });
    const headers = { authorization: `Bearer ${secret}`, origin: undefined, 'muster-command-id': undefined };
    const read = (query: string) => gateway.call('GET', `/api/events?${query}`, { headers });
    await until(
      async () => (await read('limit=1')).status,
      (status) => status === 200,
    );
    const open = async (query = '') => {
      const leave = new AbortController();
      opened.push(leave);
      const options = { headers: { ...headers, accept: 'text/event-stream' }, signal: leave.signal };
      const response = await gateway.call('GET', `/api/events?${query}`, options);
      // An answer that nobody reads would be closed by the collector of garbage.
      response.text().catch(() => undefined);
      return leave;
    };
    const last = () => told.findLast((reading) => reading.integrationId === integrationId);
    return { integrationId, secret, headers, read, open, last };
  };

  it('is told on the bus while it reads: from where, since when, how far it is and how far behind', async () => {
    const { integrationId, read, open, last } = await make('Desk');
    await open();
    await open('after=0&streams=FLEET');
    const reading = await until(
      last,
      (each) =>
        each?.open === 2 &&
        each.readers.every(({ position, waiting }) => position === 'F3' && waiting === 0) &&
        each.lastCall?.waiting === 0,
      within20,
    );
    const place = { streams: ['FLEET'], position: 'F3', waiting: 0 };
    expect(reading).toMatchObject({
      integrationId,
      readers: [place, place],
      lastCall: { address: expect.stringContaining('127.0.0.1') as string, ...place },
      troubles: [],
    });
    for (const { address, since } of reading?.readers ?? []) {
      expect(address).toContain('127.0.0.1');
      expect(Date.parse(since)).toBeGreaterThan(Date.now() - 60_000);
    }
    expect((await read('after=0&limit=1')).status).toBe(200);
    await until(last, (each) => each?.lastCall?.position === 'F1' && each.lastCall.waiting === 2, within20);
  });

  it('is told once more when nothing is open any more, and then seldom', async () => {
    const { open, last } = await make('Short');
    const leave = await open();
    await until(last, (each) => each?.open === 1, within20);
    leave.abort();
    const over = await until(last, (each) => each?.open === 0, within20);
    expect(over?.readers).toEqual([]);
    const before = told.length;
    await until(
      () => told.slice(before).some(({ integrationId }) => integrationId === over?.integrationId),
      undefined,
      {
        withinMs: 20_000,
      },
    );
    expect(last()).toEqual(over);
  });

  it('is told with what was refused to it, each kind once in the log and counted on the page', async () => {
    const { integrationId, secret, headers, read, open, last } = await make('Trouble');
    expect((await read('streams=HEALTH')).status).toBe(403);
    expect((await read('after=F999999')).status).toBe(400);
    expect((await read('after=F999998')).status).toBe(400);
    expect((await read('after=later')).status).toBe(400);
    for (let n = 0; n < MOST_OPEN.perReader; n += 1) await open();
    expect((await read('')).status).toBe(429);
    const own = `/api/integrations/${integrationId}/consumers`;
    const calls = await Promise.all(
      Array.from({ length: OWN_CALLS.atOnce * 3 }, () => gateway.call('GET', own, { headers })),
    );
    expect(calls.map(({ status }) => status)).toContain(429);
    const tooOften = calls.filter(({ status }) => status === 429).length;
    const countOf = (reading: HttpReading | undefined, words: string) =>
      reading?.troubles.find((trouble) => trouble.words === `Refused over HTTP: ${words}`)?.count;
    const reading = await until(
      last,
      (each) => each?.open === MOST_OPEN.perReader && countOf(each, 'Too many tries. Wait and try again.') === tooOften,
      within20,
    );
    const counts = Object.fromEntries((reading?.troubles ?? []).map(({ words, count }) => [words, count]));
    expect(counts).toMatchObject({
      'Refused over HTTP: This integration may not read this stream.': 1,
      'Refused over HTTP: This position is in the future. It is of another installation, or was never given out.': 2,
      'Refused over HTTP: The input is not valid.': 1,
      'Refused over HTTP: Too many streams of facts are open. Close one, or read fewer at once.': 1,
      'Refused over HTTP: This integration is not let in at this door.': expect.any(Number) as number,
    });
    expect(reading?.readers).toHaveLength(MOST_OPEN.perReader);
    const lines = gateway.log.filter((line) => line.includes(integrationId) && line.includes('in the future'));
    expect(lines).toHaveLength(1);
    expect(JSON.stringify([told, gateway.log])).not.toContain(secret.slice(10));
  });
});
