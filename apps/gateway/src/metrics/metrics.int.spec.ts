import { randomUUID } from 'node:crypto';
import { gzipSync } from 'node:zlib';
import { type Bus, connectBus, type Stoppable } from '@muster/bus';
import { ReadServiceMetrics } from '@muster/contracts';
import { promtool, testNats, type TestNats, until } from '@muster/testing';
import { RegistryStandIn, testGateway, type TestGateway } from '../gateway.examples.js';
import { registered, sample } from '../fleet/fleet.examples.js';

jest.setTimeout(60_000);

/** A process that answers as every service does. */
async function answering(bus: Bus, service: string, instance: string, text: string): Promise<Stoppable> {
  const gzipped = gzipSync(text).toString('base64');
  return bus.answer(ReadServiceMetrics, () => Promise.resolve({ service, instance, gzipped }), { queue: randomUUID() });
}

const counted = (value: number) =>
  `# HELP muster_facts_total Facts\n# TYPE muster_facts_total counter\nmuster_facts_total{of="x"} ${value}\n`;

describe('the metrics of the whole installation', () => {
  let nats: TestNats;
  let registry: RegistryStandIn;
  let others: Bus;
  let gateway: TestGateway;
  let token: string;

  beforeAll(async () => {
    nats = await testNats();
    registry = await RegistryStandIn.open(nats.url);
    others = await connectBus({ servers: nats.url, name: 'others' });
    gateway = await testGateway(nats.url);
    ({ token } = registry.open(['fleet:view']));
  });
  afterAll(async () => {
    await gateway.stop();
    await others.close();
    await registry.stop();
    await nats.stop();
  });

  const read = async (query = ''): Promise<string> => {
    const answer = await gateway.call('GET', `/metrics${query}`, { token });
    expect(answer.status).toBe(200);
    return answer.text();
  };
  const upOf = (text: string, service: string): string[] =>
    text.split('\n').filter((line) => line.startsWith(`muster_service_up{service="${service}"`));

  it('are for those who may see the fleet', async () => {
    expect((await gateway.call('GET', '/metrics')).status).toBe(401);
    const { token: other } = registry.open(['keys:manage']);
    expect((await gateway.call('GET', '/metrics', { token: other })).status).toBe(403);
    expect((await gateway.call('GET', '/api/metrics/targets', { token: other })).status).toBe(403);
    expect((await gateway.call('GET', '/metrics?nodes=some', { token })).status).toBe(400);
  });

  it('tell each process of a service by its instance, and who does not answer', async () => {
    const one = await answering(others, 'monitor', 'a:1', counted(7));
    const two = await answering(others, 'monitor', 'b:1', counted(8));
    const text = await until(read, (page) => upOf(page, 'monitor').length === 2);
    expect(text).toContain('muster_facts_total{service="monitor",instance="a:1",of="x"} 7');
    expect(text).toContain('muster_facts_total{service="monitor",instance="b:1",of="x"} 8');
    expect(text.match(/# TYPE muster_facts_total/g)).toHaveLength(1);
    expect(upOf(text, 'stats')).toEqual(['muster_service_up{service="stats",instance=""} 0']);
    expect(upOf(text, 'gateway').join()).toMatch(/ 1$/);
    expect(await promtool(['check', 'metrics'], text)).toEqual({ code: 0, said: '' });
    await two.stop();
    const after = await until(read, (page) => upOf(page, 'monitor').some((line) => line.endsWith(' 0')));
    expect(upOf(after, 'monitor').sort()).toEqual([
      'muster_service_up{service="monitor",instance="a:1"} 1',
      'muster_service_up{service="monitor",instance="b:1"} 0',
    ]);
    expect(after).not.toContain('instance="b:1",of="x"');
    await one.stop();
  });

  it('come in time and without those who say something that is not in the format, or too much', async () => {
    const broken = await answering(others, 'router', 'broken:1', 'no metrics at all');
    const bomb = await answering(others, 'router', 'bomb:1', counted(1) + '#'.repeat(64 * 1024 * 1024));
    const beganMs = performance.now();
    const text = await read();
    expect(performance.now() - beganMs).toBeLessThan(5_000);
    expect(upOf(text, 'router')).toEqual(['muster_service_up{service="router",instance=""} 0']);
    await broken.stop();
    await bomb.stop();
  });

  it('have each node with its newest sample, and as a target of its own', async () => {
    const nodeId = randomUUID();
    await registry.publish(registered(nodeId, 'Nörd "7"'));
    let seq = 0;
    const telling = setInterval(() => {
      seq += 1;
      others.publishSample(sample(nodeId, seq, 50));
    }, 200);
    try {
      const of = `node="Nörd \\"7\\"",node_id="${nodeId}"`;
      const text = await until(read, (page) => page.includes(`muster_node_cpu_usage_ratio{${of}} 0.5`));
      expect(text).toContain(`muster_node_up{${of}} 0`);
      expect(await promtool(['check', 'metrics'], text)).toEqual({ code: 0, said: '' });
      expect(await read('?nodes=off')).not.toContain('muster_node_cpu_usage_ratio{');
      const targets = await gateway.call('GET', '/api/metrics/targets', { token });
      const host = new URL(gateway.url).host;
      expect(await targets.json()).toEqual([
        {
          targets: [host],
          labels: {
            ...{ __metrics_path__: `/metrics/nodes/${nodeId}`, instance: 'Nörd "7"' },
            ...{ node: 'Nörd "7"', node_id: nodeId },
          },
        },
      ]);
      const alone = await (await gateway.call('GET', `/metrics/nodes/${nodeId}`, { token })).text();
      expect(alone).toContain('\nmuster_node_cpu_usage_ratio 0.5\n');
      expect(await promtool(['check', 'metrics'], alone)).toEqual({ code: 0, said: '' });
    } finally {
      clearInterval(telling);
    }
    const unknown = await gateway.call('GET', `/metrics/nodes/${randomUUID()}`, { token });
    expect(unknown.status).toBe(404);
  });

  it('are told by this process alone while the bus is away', async () => {
    await nats.kill();
    const text = await until(read, (page) => page.includes('muster_bus_connected{service="gateway"'), {
      withinMs: 20_000,
    });
    expect(upOf(text, 'registry')).toEqual(['muster_service_up{service="registry",instance=""} 0']);
    await nats.restart();
  });
});
