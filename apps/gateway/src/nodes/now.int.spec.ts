import { randomUUID } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { Script } from 'node:vm';
import { MusterClient, ProblemError } from '@muster/client';
import { ChangeNode, commandSubject, NodeState, ReadSamples } from '@muster/contracts';
import { testNats, type TestNats, until } from '@muster/testing';
import { activated, healthy, pulse, registered, sample } from '../fleet/fleet.examples.js';
import { RegistryStandIn, testGateway, type TestGateway } from '../gateway.examples.js';

let nats: TestNats;
let registry: RegistryStandIn;
let gateway: TestGateway;
let telling: NodeJS.Timeout;
const nodeId = randomUUID();
const kept = [sample(nodeId, 1), sample(nodeId, 2, 40)];

beforeAll(async () => {
  nats = await testNats();
  registry = await RegistryStandIn.open(nats.url);
  await registry.publish(registered(nodeId, 'gpu-01'));
  await registry.publish(activated(nodeId));
  gateway = await testGateway(nats.url);
  await registry.bus.bucket('NODES', NodeState).put(nodeId, healthy(nodeId));
  await registry.answer(ReadSamples, () => Promise.resolve({ samples: kept }), commandSubject(ReadSamples, nodeId));
  let seq = 2;
  telling = setInterval(() => {
    registry.bus.publishPulse(pulse());
    registry.bus.publishSample(sample(nodeId, ++seq, 70));
  }, 200);
});
afterAll(async () => {
  clearInterval(telling);
  await gateway.stop();
  await registry.stop();
  await nats.stop();
});

/** A program with a key that may read the fleet, and nothing else. */
async function program(): Promise<MusterClient> {
  const { key } = await registry.makeKey(['fleet:read']);
  const client = new MusterClient({ address: gateway.url, apiKey: key });
  await until(() =>
    client.call('listNodes').then(
      () => true,
      () => false,
    ),
  );
  return client;
}

describe('the example in docs/api.md', () => {
  it('runs as it is written, with a key that may manage nodes', async () => {
    const page = readFileSync(join(import.meta.dirname, '../../../../docs/api.md'), 'utf8');
    const [, code = ''] = /```ts\n(import \{ MusterClient[\s\S]*?)```/.exec(page) ?? [];
    const asked: unknown[] = [];
    const answering = await registry.answer(ChangeNode, (request) => {
      asked.push(request);
      return Promise.resolve({ version: 3 });
    });
    const { key } = await registry.makeKey(['manage']);
    const client = new MusterClient({ address: gateway.url, apiKey: key });
    await until(() => client.call('listNodes').then(Boolean, () => false));
    const body = code.replace(/^import .*$/m, '').replace('http://localhost:8000', gateway.url);
    const run = new Script(`(async (MusterClient, ProblemError, process) => {${body}})`).runInThisContext() as (
      ...given: unknown[]
    ) => Promise<void>;
    await run(MusterClient, ProblemError, { env: { MUSTER_KEY: key } });
    expect(asked).toEqual([{ nodeId, name: 'lab gpu-01', expectedVersion: 2 }]);
    await answering.stop();
  });
});

describe('what the page has over its socket, by REST', () => {
  it('is the fleet of this moment with its loads, and what the Gateway has to say', async () => {
    const client = await program();
    const now = await until(
      () => client.call('readFleetNow'),
      ({ loads }) => loads[nodeId] !== undefined,
      { withinMs: 10_000 },
    );
    expect(now).toMatchObject({
      nodes: [{ nodeId, name: 'gpu-01', status: { colour: 'green' } }],
      loads: { [nodeId]: { cpuPercent: 70, memoryPercent: 25 } },
      gateway: { notices: [] },
    });
  });

  it('is the samples of a node, of the last five minutes', async () => {
    const client = await program();
    expect(await client.call('readSamples', { params: { nodeId } })).toEqual({ samples: kept });
    await expect(client.call('readSamples', { params: { nodeId: randomUUID() } })).rejects.toMatchObject({
      code: 'node-unknown',
      status: 404,
    });
  });

  it('is refused to a key that may not see the fleet', async () => {
    const { key } = await registry.makeKey(['inference']);
    const client = new MusterClient({ address: gateway.url, apiKey: key });
    const codeOf = () =>
      client.call('readSamples', { params: { nodeId } }).then(
        () => 'none',
        ({ code }: { code: string }) => code,
      );
    expect(await until(codeOf, (code) => code !== 'key-refused')).toBe('not-permitted');
  });
});
