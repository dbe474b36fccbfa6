import { randomUUID } from 'node:crypto';
import {
  INTEGRATION_MARK,
  type IntegrationDoor,
  ListReadings,
  prefixOfSecret,
  Problem,
  Refusal,
  type RequestOf,
  SetOwnReading,
  type StreamName,
} from '@muster/contracts';
import { testNats, type TestNats, until } from '@muster/testing';
import { AT } from '../fleet/fleet.examples.js';
import { RegistryStandIn, testGateway, type TestGateway } from '../gateway.examples.js';
import { hashOf } from './known-integrations.js';
import { OWN_CALLS } from './own-consumers.js';

describe('an integration over HTTP, about its consumers', () => {
  let nats: TestNats;
  let registry: RegistryStandIn;
  let gateway: TestGateway;
  const asked: RequestOf<typeof SetOwnReading>[] = [];

  beforeAll(async () => {
    nats = await testNats();
    registry = await RegistryStandIn.open(nats.url);
    gateway = await testGateway(nats.url);
    await registry.answer(SetOwnReading, (request) => {
      asked.push(request);
      if (request.from === 1) throw new Refusal('position-too-old', { field: 'from', words: 'The oldest is at 7' });
      if (request.from === 99) throw new Refusal('position-ahead', { field: 'from', words: 'The newest is at 9' });
      return Promise.resolve({ consumer: `integration-${request.integrationId}` });
    });
    const reading = { stream: 'FLEET', consumer: 'integration-x', waiting: 3, unacknowledged: 0, repeated: 0 } as const;
    await registry.answer(ListReadings, () => Promise.resolve({ readings: [{ ...reading, acknowledged: 4 }] }));
  });
  afterAll(async () => {
    await gateway.stop();
    await registry.stop();
    await nats.stop();
  });

  const make = async (doors: IntegrationDoor[] = ['nats', 'http'], streams: StreamName[] = ['FLEET']) => {
    const integrationId = randomUUID();
    const secret = `${INTEGRATION_MARK}${`${integrationId.replaceAll('-', '')}${'s'.repeat(43)}`.slice(0, 43)}`;
    const hashes = { prefix: prefixOfSecret(secret), natsHash: `$2b$06$${'x'.repeat(53)}`, hash: hashOf(secret) };
    await registry.told(`integration-${integrationId}`, {
      type: 'IntegrationCreated',
      data: { integrationId, name: 'Desk', streams, doors, ...hashes, at: AT },
    });
    const call = async (method: 'GET' | 'PUT', path: string, body?: unknown) => {
      const headers = { authorization: `Bearer ${secret}`, origin: undefined, 'muster-command-id': undefined };
      const response = await gateway.call(method, path, { body, headers });
      const answer: unknown = await response.json();
      return { status: response.status, media: response.headers.get('content-type'), answer };
    };
    const set = (from: unknown, stream = 'FLEET', id = integrationId) =>
      call('PUT', `/api/integrations/${id}/consumers/${stream}`, { from });
    const see = (id = integrationId) => call('GET', `/api/integrations/${id}/consumers`);
    // Told of another's consumers it is refused as soon as it is known, and nothing is counted.
    await until(
      () => see(randomUUID()),
      ({ status }) => status === 403,
    );
    return { integrationId, set, see };
  };

  it('has its own begin where it says, and sees how far it has read', async () => {
    const { integrationId, set, see } = await make();
    const answer = await set(5);
    expect(answer).toMatchObject({ status: 200, answer: { consumer: `integration-${integrationId}` } });
    expect(asked.at(-1)).toEqual({ integrationId, stream: 'FLEET', from: 5 });
    expect(await see()).toMatchObject({ status: 200, answer: { readings: [{ stream: 'FLEET', waiting: 3 }] } });
  });

  it('is told at the field that a position is not kept any more, or in the future', async () => {
    const { set } = await make();
    for (const [from, status, code] of [
      [1, 410, 'position-too-old'],
      [99, 400, 'position-ahead'],
      ['then', 400, 'bad-input'],
    ] as const) {
      const refused = await set(from);
      expect(refused).toMatchObject({ status, media: expect.stringMatching(/^application\/problem\+json/) as string });
      expect(Problem.parse(refused.answer)).toMatchObject({ code, fields: [{ field: 'from' }] });
    }
  });

  it('is refused the consumers of others, streams that it may not read, and a door that is closed', async () => {
    const [one, other] = [await make(), await make(['http'])];
    const before = asked.length;
    expect(await one.set('start', 'FLEET', other.integrationId)).toMatchObject({
      status: 403,
      answer: { code: 'not-permitted' },
    });
    expect(await one.see(other.integrationId)).toMatchObject({ status: 403, answer: { code: 'not-permitted' } });
    expect(await one.set('start', 'ACCESS')).toMatchObject({ status: 403, answer: { code: 'stream-not-permitted' } });
    expect(await other.set('start')).toMatchObject({ status: 403, answer: { code: 'door-closed' } });
    expect(asked.length).toBe(before);
  });

  it('is asked to wait when it calls too often, and no other one is', async () => {
    const [one, other] = [await make(), await make()];
    const answers = await Promise.all(Array.from({ length: OWN_CALLS.atOnce * 3 }, () => one.set('now')));
    const refused = answers.filter(({ status }) => status === 429);
    expect(refused.length).toBeGreaterThan(0);
    expect(refused[0]?.answer).toMatchObject({ code: 'too-many-tries', retryAfterMs: expect.any(Number) as number });
    expect(answers.filter(({ status }) => status === 200).length).toBeGreaterThanOrEqual(OWN_CALLS.atOnce);
    expect(await other.set('now')).toMatchObject({ status: 200 });
  });
});
