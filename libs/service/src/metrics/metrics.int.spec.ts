import 'reflect-metadata';
import { gunzipSync } from 'node:zlib';
import { type Bus, connectBus } from '@muster/bus';
import { type Caller, type Order, ReadServiceMetrics, Refusal } from '@muster/contracts';
import { promtool, type TestNats, testNats, until } from '@muster/testing';
import { Controller, Get, Inject, Module, Param } from '@nestjs/common';
import * as z from 'zod/mini';
import { Answers } from '../decorators.js';
import { type RunningService, ServiceConfig, startService } from '../index.js';
import { readFamilies } from './families.js';
import { Metrics } from './metrics.js';

jest.setTimeout(60_000);

const Greet = {
  subject: 'muster.ask.registry.greet',
  request: z.object({ name: z.string() }),
  reply: z.object({ words: z.string() }),
  allowed: 'services',
  deadlineMs: 5_000,
  answers: 'once',
} as const satisfies Order;

const uuid = '00000000-0000-4000-8000-000000000001';
const caller: Caller = {
  actor: { kind: 'gateway', id: 'g', name: 'Gateway' },
  permissions: [],
  commandId: uuid,
  correlationId: uuid,
};

@Controller()
class Greetings {
  @Answers(Greet)
  async greet({ name }: { name: string }) {
    if (name === 'refused') throw new Refusal('node-unknown');
    return Promise.resolve({ words: `Hello ${name}` });
  }

  @Get('things/:name')
  async thing(@Param('name') name: string) {
    return Promise.resolve({ name });
  }
}

@Module({ controllers: [Greetings] })
class GreetingsModule {
  constructor(@Inject(Metrics) metrics: Metrics) {
    metrics.gauge('muster_test_answers', 'Something to be read', () => 42);
    metrics.gauge('muster_test_broken', 'Something that cannot be read', () => Promise.reject(new Error('away')));
    metrics.beside(() => [{ name: 'muster_test_own', type: 'gauge', help: 'Its own', lines: ['muster_test_own 1'] }]);
  }
}

describe('the metrics of a service', () => {
  let nats: TestNats;
  let service: RunningService;
  let bus: Bus;

  beforeAll(async () => {
    nats = await testNats();
    const env = { NATS_URL: nats.url, LOG_LEVEL: 'silent' };
    service = await startService({ name: 'registry', config: ServiceConfig, module: () => GreetingsModule }, { env });
    bus = await connectBus({ servers: nats.url, name: 'asks' });
  });

  afterAll(async () => {
    await bus.close();
    await service.stop();
    await nats.stop();
  });

  const read = async (): Promise<string> => (await fetch(`http://127.0.0.1:${service.port}/metrics`)).text();
  const valueOf = (text: string, sample: string): number | undefined => {
    const line = text.split('\n').find((each) => each.startsWith(`${sample} `));
    return line === undefined ? undefined : Number(line.slice(sample.length + 1));
  };

  it('are a page in the text format, with which promtool finds nothing wrong', async () => {
    await bus.ask(Greet, { name: 'Ada' }, caller);
    await bus.ask(Greet, { name: 'refused' }, caller).catch(() => undefined);
    await fetch(`http://127.0.0.1:${service.port}/things/secret-name`);
    await fetch(`http://127.0.0.1:${service.port}/nothing/secret-name`);
    const text = await until(read, (page) => page.includes('route="/things/:name"'));
    expect(await promtool(['check', 'metrics'], text)).toEqual({ code: 0, said: '' });
    expect((await fetch(`http://127.0.0.1:${service.port}/metrics`)).headers.get('content-type')).toBe(
      'text/plain; version=0.0.4; charset=utf-8',
    );
  });

  it('count orders by outcome and calls by the pattern of their route, and never name what was asked for', async () => {
    const text = await read();
    expect(valueOf(text, 'muster_orders_total{order="registry.greet",outcome="replied"}')).toBe(1);
    expect(valueOf(text, 'muster_orders_total{order="registry.greet",outcome="refused"}')).toBe(1);
    expect(valueOf(text, 'muster_order_duration_seconds_count{order="registry.greet"}')).toBe(2);
    expect(valueOf(text, 'muster_http_requests_total{method="GET",route="/things/:name",status="200"}')).toBe(1);
    expect(valueOf(text, 'muster_http_requests_total{method="GET",route="other",status="404"}')).toBe(1);
    expect(text).not.toContain('secret-name');
  });

  it('measure how late the event loop comes', async () => {
    const name = 'muster_event_loop_delay_seconds_bucket{le="0.1"}';
    const late = async () => valueOf(await read(), name.replace('0.1', '+Inf')) ?? 0;
    const punctual = async () => valueOf(await read(), name) ?? 0;
    const before = (await late()) - (await punctual());
    const until300 = performance.now() + 300;
    while (performance.now() < until300);
    await until(async () => (await late()) - (await punctual()) > before);
  });

  it('leave out what cannot be read, and count it', async () => {
    const text = await read();
    expect(valueOf(text, 'muster_test_answers')).toBe(42);
    expect(text).not.toContain('muster_test_broken ');
    expect(valueOf(text, 'muster_metric_read_failures_total{metric="muster_test_broken"}')).toBeGreaterThan(0);
  });

  it('are told over the bus too, but for what stands on the own page alone', async () => {
    const told: string[] = [];
    await bus.askEverybody(ReadServiceMetrics, {}, caller, ({ service: name, instance, gzipped }) => {
      expect(name).toBe('registry');
      expect(instance).toMatch(new RegExp(`:${service.port}$`));
      told.push(gunzipSync(Buffer.from(gzipped, 'base64')).toString());
    });
    expect(told).toHaveLength(1);
    const names = readFamilies(told[0] ?? '').map(({ name }) => name);
    expect(names).toContain('muster_test_answers');
    expect(names).not.toContain('muster_test_own');
    expect(await read()).toContain('muster_test_own 1');
  });

  it('say when the bus is away', async () => {
    expect(valueOf(await read(), 'muster_bus_connected')).toBe(1);
    await nats.kill();
    await until(read, (text) => valueOf(text, 'muster_bus_connected') === 0, { withinMs: 20_000 });
    await nats.restart();
    await until(read, (text) => valueOf(text, 'muster_bus_reconnects_total') === 1, { withinMs: 20_000 });
  });

  it('have names that nobody can take twice', () => {
    const metrics = service.app.get(Metrics);
    expect(() => metrics.gauge('muster_test_answers', 'Again', () => 1)).toThrow('There is a metric');
  });
});
