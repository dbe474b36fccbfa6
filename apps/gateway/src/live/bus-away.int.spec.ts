import { randomUUID } from 'node:crypto';
import {
  commandSubject,
  type FleetChange,
  type FleetSnapshot,
  type Joined,
  NodeState,
  type NodeSample,
  type Numbered,
  ReadSamples,
} from '@muster/contracts';
import { testNats, type TestNats, until } from '@muster/testing';
import { activated, AT, healthy, nodeFact, pulse, registered, sample } from '../fleet/fleet.examples.js';
import { RegistryStandIn, testGateway, type TestGateway } from '../gateway.examples.js';

let nats: TestNats;
let registry: RegistryStandIn;
let gateway: TestGateway;
let pulses: NodeJS.Timeout;
const nodeId = randomUUID();

beforeAll(async () => {
  nats = await testNats();
  registry = await RegistryStandIn.open(nats.url);
  await registry.publish(registered(nodeId, 'gpu-01'));
  await registry.publish(activated(nodeId));
  await registry.bus.bucket('NODES', NodeState).put(nodeId, healthy(nodeId));
  pulses = setInterval(() => registry.bus.publishPulse(pulse()), 500);
  gateway = await testGateway(nats.url);
});
afterAll(async () => {
  clearInterval(pulses);
  await gateway.stop();
  await registry.stop();
  await nats.stop();
});

it('says that the bus is away, alarms about no node, and heals when it is back', async () => {
  const kept = [sample(nodeId, 1)];
  await registry.answer(ReadSamples, () => Promise.resolve({ samples: kept }), commandSubject(ReadSamples, nodeId));
  const { token } = registry.open(['fleet:view']);
  const socket = gateway.socket(token);
  const changes: (Numbered & FleetChange)[] = [];
  const dirty: unknown[] = [];
  socket.on('fleet:change', (change) => changes.push(change));
  socket.on('room:dirty', (room) => dirty.push(room));
  await until(() => socket.connected);
  const joined = await until<Joined<FleetSnapshot>>(
    () => socket.timeout(5_000).emitWithAck('fleet:join'),
    (each) => each.ok && each.snapshot.nodes[0]?.status.colour === 'green',
  );
  const join = (): Promise<Joined<{ samples: NodeSample[] }>> =>
    socket.timeout(5_000).emitWithAck('metrics:join', { nodeId });
  expect(await join()).toMatchObject({ ok: true, snapshot: { samples: kept } });

  await nats.kill();
  await until(() => changes.find(({ gateway: view }) => view?.notices.includes('bus-away')), undefined, {
    withinMs: 15_000,
  });
  expect(socket.connected).toBe(true);
  expect((await gateway.call('GET', '/health/ready')).status).toBe(200);
  const read = await gateway.call('GET', '/api/nodes', { token });
  expect(await read.json()).toMatchObject({ nodes: [{ nodeId, status: { colour: 'green' } }] });
  expect((await gateway.call('POST', `/api/nodes/${nodeId}/activate`, { token })).status).toBe(403);
  expect((await gateway.call('POST', '/api/session', { body: { name: 'a', password: 'b' } })).status).toBe(503);

  kept.push(sample(nodeId, 2), sample(nodeId, 3));
  await nats.restart();
  await until(() => changes.at(-1)?.gateway?.notices.length === 0, undefined, { withinMs: 15_000 });
  // What was measured meanwhile is with the monitor alone: the room is entered anew, and shows it.
  await until(() => dirty.length > 0, undefined, { withinMs: 10_000 });
  expect(dirty[0]).toEqual({ room: 'metrics', nodeId });
  const again = await until(join, (each) => each.ok && each.snapshot.samples.length > 0, { withinMs: 10_000 });
  expect(again).toMatchObject({ snapshot: { samples: [{ seq: 1 }, { seq: 2 }, { seq: 3 }] } });

  await until(
    () =>
      registry
        .publish(nodeFact({ type: 'NodeRenamed', data: { nodeId, name: 'gpu-02', from: 'gpu-01', at: AT } }, 3))
        .then(() => true),
    undefined,
    { withinMs: 10_000 },
  );
  await until(() => changes.flatMap(({ changed }) => changed).find(({ name }) => name === 'gpu-02'), undefined, {
    withinMs: 10_000,
  });
  const epochs = new Set(changes.map(({ epoch }) => epoch));
  expect(epochs.size).toBe(1);
  expect(joined.ok && epochs.has(joined.epoch)).toBe(true);
  expect(changes.flatMap(({ changed }) => changed).every(({ status }) => status.colour === 'green')).toBe(true);
}, 60_000);
