import 'reflect-metadata';
import { randomUUID } from 'node:crypto';
import { PassThrough } from 'node:stream';
import { type Bus, type Call, connectBus } from '@muster/bus';
import { type Caller, type Fact, factFamilies, type NodeEvent, type Order, Outage, Refusal } from '@muster/contracts';
import { type TestNats, testNats, until } from '@muster/testing';
import { Controller, Get, Inject, Module, Param } from '@nestjs/common';
import * as z from 'zod/mini';
import {
  Answers,
  Clock,
  ConfigProblem,
  Health,
  Logger,
  OnFact,
  type RunningService,
  ServiceConfig,
  Shutdown,
  startService,
} from './index.js';

jest.setTimeout(60_000);

const Greet = {
  subject: 'muster.ask.registry.greet',
  request: z.object({ name: z.string('The name must be text'), password: z.optional(z.string()) }),
  reply: z.object({ words: z.string() }),
  allowed: 'fleet:view',
  deadlineMs: 15_000,
  answers: 'once',
} as const satisfies Order;
const Spell = {
  ...Greet,
  subject: 'muster.ask.registry.spell',
  reply: z.object({ letter: z.string() }),
  answers: 'stream',
} as const satisfies Order;

const uuid = (n: number): string => `00000000-0000-4000-8000-${String(n).padStart(12, '0')}`;
const caller: Caller = {
  actor: { kind: 'account', id: uuid(1), name: 'Zoë' },
  permissions: ['fleet:view'],
  commandId: uuid(2),
  correlationId: uuid(3),
};
const factAt = (position: number): Fact<NodeEvent> => ({
  type: 'NodeActivated',
  data: { nodeId: uuid(900), at: '2026-11-23T12:00:00.000Z' },
  id: uuid(position),
  stream: `node-${uuid(900)}`,
  version: position,
  position,
  at: '2026-11-23T12:00:00.000Z',
  meta: { actor: caller.actor, commandId: uuid(50), correlationId: uuid(51) },
});

/** What the test holds in its hand: when slow work may end, what was seen, what was closed. */
class Strings {
  release: () => void = () => undefined;
  begun = 0;
  readonly facts: number[] = [];
  readonly closed: string[] = [];
  database: 'up' | 'down' = 'up';
}
const strings = new Strings();

@Controller()
class Greetings {
  constructor(
    @Inject(Logger) private readonly log: Logger,
    @Inject(Clock) private readonly clock: Clock,
  ) {}

  @Answers(Greet)
  async greet({ name, password }: { name: string; password?: string | undefined }) {
    this.log.log({ msg: 'greeting', password, inner: { accessKey: 'hunter2' } });
    if (name === 'refused') throw new Refusal('node-unknown');
    if (name === 'away') throw new Outage('database', 'The database is away');
    if (name === 'bug') throw new TypeError('a bug with its cause', { cause: new Error('the cause') });
    if (name === 'slow') {
      strings.begun += 1;
      await new Promise<void>((resolve) => (strings.release = resolve));
    }
    return { words: `Hello ${name}, it is ${this.clock.now().slice(0, 2)}xx` };
  }

  @Answers(Spell)
  async *spell({ name }: { name: string }, { signal }: Call) {
    for (const letter of name) {
      if (signal.aborted) return;
      this.log.log({ msg: `letter ${letter}` });
      yield await Promise.resolve({ letter });
    }
    if (name === 'xx') throw new Refusal('verification-failed');
  }

  @OnFact(factFamilies.node, { durable: 'greetings' })
  async onNode(fact: Fact<NodeEvent>) {
    this.log.log({ msg: `fact ${fact.position}` });
    strings.facts.push(fact.position);
    return Promise.resolve();
  }

  @Get('slow/:name')
  async slow(@Param('name') name: string) {
    strings.begun += 1;
    await new Promise<void>((resolve) => (strings.release = resolve));
    return { name };
  }
}

@Module({ controllers: [Greetings] })
class GreetingsModule {
  constructor(@Inject(Health) health: Health, @Inject(Shutdown) shutdown: Shutdown) {
    health.add('database', () => ({ state: strings.database }));
    shutdown.at('database', () => void strings.closed.push('database'));
    shutdown.at('work', () => void strings.closed.push('work'));
  }
}

const registry = {
  name: 'registry',
  config: z.extend(ServiceConfig, { GREETING: z.string('must be set') }),
  module: () => GreetingsModule,
} as const;

describe('a service', () => {
  let nats: TestNats;
  let service: RunningService;
  let bus: Bus;
  let lines: Record<string, unknown>[];

  beforeEach(async () => {
    nats = await testNats();
    lines = [];
    const logTo = new PassThrough();
    logTo.on('data', (chunk: Buffer) => {
      for (const line of chunk.toString().split('\n'))
        if (line) lines.push(JSON.parse(line) as Record<string, unknown>);
    });
    Object.assign(strings, new Strings());
    service = await startService(registry, {
      env: { NATS_URL: nats.url, GREETING: 'hello', LOG_LEVEL: 'debug' },
      logTo,
      finishMs: 3_000,
    });
    bus = await connectBus({ servers: nats.url, name: 'test' });
  });

  afterEach(async () => {
    strings.release();
    await bus.close();
    await service.stop();
    await nats.stop();
  });

  const get = (path: string) => fetch(`http://127.0.0.1:${service.port}${path}`);
  const ready = async (): Promise<{ code: number; status?: string }> => {
    const response = await get('/health/ready');
    return { code: response.status, ...((await response.json()) as object) };
  };
  const publish = async (to: number) => {
    for (let position = 1; position <= to; position += 1)
      await bus.publishFact(factAt(position), { after: position === 1 ? undefined : uuid(position - 1) });
  };

  it('answers orders with the method that is marked for them', async () => {
    expect(await bus.ask(Greet, { name: 'Ada' }, caller)).toEqual({ words: 'Hello Ada, it is 20xx' });
  });

  it('answers with a stream, item by item', async () => {
    const letters: string[] = [];
    for await (const { letter } of bus.askStream(Spell, { name: 'abc' }, caller)) letters.push(letter);
    expect(letters).toEqual(['a', 'b', 'c']);
    const broken = (async () => {
      for await (const { letter } of bus.askStream(Spell, { name: 'xx' }, caller)) letters.push(letter);
    })();
    await expect(broken).rejects.toEqual(new Refusal('verification-failed'));
  });

  it('tells refusals, outages and bugs apart, and keeps what a bug is to its own log', async () => {
    await expect(bus.ask(Greet, { name: 'refused' }, caller)).rejects.toEqual(new Refusal('node-unknown'));
    await expect(bus.ask(Greet, { name: 'away' }, caller)).rejects.toMatchObject({ problem: 'away', part: 'database' });
    const bug = await bus.ask(Greet, { name: 'bug' }, caller).catch((error: unknown) => error);
    expect(bug).toMatchObject({ problem: 'failed', part: 'registry' });
    expect(String(bug)).not.toContain('a bug');
    const line = await until(() => lines.find(({ level }) => level === 50));
    expect(line).toMatchObject({ correlationId: caller.correlationId, subject: Greet.subject });
    expect(JSON.stringify(line)).toContain('the cause');
    expect(lines.filter(({ level }) => level === 50)).toHaveLength(1);
  });

  it('refuses input of another shape and callers without the permission before the method', async () => {
    const odd = { name: 7 } as unknown as { name: string };
    await expect(bus.ask(Greet, odd, caller)).rejects.toMatchObject({ code: 'bad-input', detail: { field: 'name' } });
    const stranger = { ...caller, permissions: [] };
    await expect(bus.ask(Greet, { name: 'Ada' }, stranger)).rejects.toMatchObject({ code: 'not-permitted' });
    expect(lines.filter(({ msg }) => msg === 'greeting')).toEqual([]);
  });

  it('writes the ids of the order into every line of its handler, and no secret', async () => {
    await bus.ask(Greet, { name: 'Ada', password: 'correct horse' }, caller);
    for await (const { letter } of bus.askStream(Spell, { name: 'ab' }, { ...caller, correlationId: uuid(4) }))
      expect(letter).toMatch(/[ab]/);
    const greeting = await until(() => lines.find(({ msg }) => msg === 'greeting'));
    expect(greeting).toMatchObject({ requestId: caller.commandId, correlationId: caller.correlationId });
    expect(greeting).toMatchObject({ password: '[hidden]', inner: { accessKey: '[hidden]' } });
    expect(JSON.stringify(lines)).not.toMatch(/correct horse|hunter2/);
    const letters = lines.filter(({ msg }) => /^letter/.test(String(msg)));
    expect(letters.map(({ correlationId }) => correlationId)).toEqual([uuid(4), uuid(4)]);
  });

  it('takes every fact in order, with its ids in the log, and goes on after a restart where it was', async () => {
    await publish(3);
    await until(() => strings.facts.length === 3, undefined, { withinMs: 10_000 });
    const line = lines.find(({ msg }) => msg === 'fact 2');
    expect(line).toMatchObject({ position: 2, fact: uuid(2), requestId: uuid(50), correlationId: uuid(51) });
    await service.stop();
    await bus.publishFact(factAt(4), { after: uuid(3) });
    service = await startService(registry, { env: { NATS_URL: nats.url, GREETING: 'x', LOG_LEVEL: 'silent' } });
    await until(() => strings.facts.length === 4, undefined, { withinMs: 10_000 });
    expect(strings.facts).toEqual([1, 2, 3, 4]);
  });

  it('gives every HTTP request an id, or keeps the one it came with', async () => {
    expect((await get('/nothing?code=secret')).headers.get('x-request-id')).toMatch(/^[0-9a-f-]{36}$/);
    const given = randomUUID();
    const response = await fetch(`http://127.0.0.1:${service.port}/nothing`, {
      headers: { 'x-request-id': given, authorization: 'Bearer hunter2', cookie: 'session=hunter2' },
    });
    expect(response.headers.get('x-request-id')).toBe(given);
    const line = await until(() => lines.find(({ requestId }) => requestId === given));
    expect(line).toMatchObject({ correlationId: given });
    expect(JSON.stringify(lines)).not.toMatch(/hunter2|secret/);
  });

  describe('tells how it is:', () => {
    it('up', async () => {
      expect(await (await get('/health/live')).json()).toEqual({ status: 'up' });
      const checks = { bus: { state: 'up' }, database: { state: 'up' } };
      expect(await ready()).toEqual({ code: 200, status: 'up', checks });
    });

    it('degraded while the bus is away, and up when it is back', async () => {
      await nats.kill();
      const away = await until(ready, ({ status }) => status === 'degraded');
      expect(away).toMatchObject({ code: 200, checks: { bus: { state: 'degraded' } } });
      expect((await get('/health/live')).status).toBe(200);
      await nats.restart();
      await until(ready, ({ status }) => status === 'up', { withinMs: 10_000 });
    });

    it('down without the database', async () => {
      strings.database = 'down';
      expect(await ready()).toMatchObject({ code: 503, status: 'down', checks: { database: { state: 'down' } } });
    });
  });

  describe('that stops', () => {
    it('answers the orders and requests at hand, takes no new ones, and closes the database last', async () => {
      const asked = bus.ask(Greet, { name: 'slow' }, caller);
      await until(() => strings.begun === 1);
      const releaseOrder = strings.release;
      const requested = get('/slow/ada');
      await until(() => strings.begun === 2);
      const stopped = service.stop();
      await until(() =>
        bus.ask(Greet, { name: 'Ada' }, caller).then(
          () => false,
          () => true,
        ),
      );
      await expect(get('/health/live')).rejects.toThrow();
      releaseOrder();
      strings.release();
      expect(await asked).toMatchObject({ words: expect.stringContaining('slow') as string });
      expect(await (await requested).json()).toEqual({ name: 'ada' });
      await stopped;
      expect(strings.closed).toEqual(['work', 'database']);
    });

    it('gives up what does not end within its bound', async () => {
      const asked = bus.ask(Greet, { name: 'slow' }, caller).catch((error: unknown) => error);
      await until(() => strings.begun === 1);
      const began = performance.now();
      await service.stop();
      expect(performance.now() - began).toBeLessThan(8_000);
      expect(lines.some(({ msg }) => String(msg).includes('given up'))).toBe(true);
      await bus.close();
      expect(await asked).toBeInstanceOf(Outage);
    });

    it('may be told twice', async () => {
      await Promise.all([service.stop(), service.stop()]);
      expect(strings.closed).toEqual(['work', 'database']);
    });
  });

  describe('that can not start', () => {
    it('names the variable and its rule', async () => {
      const env = { NATS_URL: nats.url, LOG_LEVEL: 'loud' };
      const words = 'LOG_LEVEL: must be trace, debug, info, warn, error, fatal or silent\nGREETING: must be set';
      await expect(startService(registry, { env })).rejects.toEqual(new ConfigProblem(words));
    });

    it('leaves nothing open', async () => {
      const broken = { ...registry, module: () => ({ module: GreetingsModule, providers: [failing] }) };
      const env = { NATS_URL: nats.url, GREETING: 'x', LOG_LEVEL: 'silent' };
      await expect(startService(broken, { env })).rejects.toThrow('no database');
    });
  });
});

const failing = {
  provide: 'failing',
  useFactory: () => {
    throw new Error('no database');
  },
};
