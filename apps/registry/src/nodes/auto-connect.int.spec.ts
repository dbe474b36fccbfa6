import { randomUUID } from 'node:crypto';
import { type Bus, connectBus, type Stoppable } from '@muster/bus';
import { RegisterNode, RemoveNode, type VerifyStep } from '@muster/contracts';
import { EventStore } from '@muster/event-store';
import { RandomIds, SystemClock } from '@muster/service';
import { testDatabase, type TestDatabase, testNats, type TestNats, until } from '@muster/testing';
import type { DataSource } from 'typeorm';
import { openRegistryDatabase } from '../database.js';
import { Asker, machine, newSecret, startRegistry } from '../registry.fixture.js';
import { AutoConnect } from './auto-connect.js';
import { Nodes } from './nodes.js';

const nobodyThere: VerifyStep = {
  outcome: 'failed',
  stage: 'port',
  tookMs: 3,
  cause: 'refused',
  words: 'Nothing listens on that port',
  remedy: '',
};

describe('looking for a first node', () => {
  let test: TestDatabase;
  let nats: TestNats;
  let database: DataSource;
  let bus: Bus;
  let asker: Asker;
  let monitor: Stoppable;
  let there: VerifyStep[] | (() => Promise<VerifyStep[]>);
  let looks: number;
  let told: string[];
  const running: AutoConnect[] = [];

  beforeAll(async () => {
    nats = await testNats();
    bus = await connectBus({ servers: nats.url, name: 'registry' });
    await bus.assertStreams();
    asker = await Asker.open({ natsUrl: nats.url });
    monitor = await asker.verifyAnswers(async () => {
      looks += 1;
      return typeof there === 'function' ? there() : there;
    });
  }, 30_000);
  afterAll(async () => {
    await monitor.stop();
    await asker.close();
    await bus.close();
    await nats.stop();
  });
  beforeEach(async () => {
    test = await testDatabase();
    database = await openRegistryDatabase(test.url, () => undefined);
    there = [nobodyThere];
    looks = 0;
    told = [];
  });
  afterEach(async () => {
    await Promise.all(running.splice(0).map((one) => one.stop()));
    await database.destroy();
    await test.drop();
  });

  /** One that does not wait long between two looks, and remembers how long it was asked to. */
  function start(pauses: number[] = []): AutoConnect {
    const nodes = new Nodes(new EventStore(database), bus);
    const autoConnect = new AutoConnect({
      address: { host: 'localhost', port: 8022 },
      database,
      bus,
      nodes,
      clock: new SystemClock(),
      ids: new RandomIds(),
      tell: (words) => void told.push(words),
      pause: (ms) => {
        pauses.push(ms);
        return new Promise((resolve) => setTimeout(resolve, 5));
      },
    });
    running.push(autoConnect);
    return autoConnect;
  }
  const registered = () =>
    test.query<{ data: { name: string; found: string }; meta: { actor: unknown } }>(
      `select data, meta from registry.events where type = 'NodeRegistered'`,
    );

  it('registers the node of this machine when one verifies there, as the Gateway', async () => {
    there = machine().steps;
    await start().done;
    expect(await registered()).toMatchObject([
      {
        data: { name: 'Local Node', found: 'on-this-machine', host: 'localhost', port: 8022 },
        meta: { actor: { kind: 'gateway', id: 'registry', name: 'Gateway' } },
      },
    ]);
    const types = await test.query<{ type: string }>('select type from registry.events order by pos');
    expect(types.map(({ type }) => type)).toEqual(['NodeRegistered', 'NodeCertificatePinned', 'NodeActivated']);
  });

  it('looks a few times soon, then waits about ten seconds between two looks, says once that there is nobody, and finds who comes', async () => {
    const pauses: number[] = [];
    const autoConnect = start(pauses);
    await until(
      () => pauses.length,
      (count) => count >= 15,
    );
    const [soon, later] = [pauses.slice(0, 5), pauses.slice(5)];
    for (const [index, aboutMs] of [1_000, 1_000, 2_000, 3_000, 5_000].entries())
      expect(Math.abs((soon[index] ?? 0) - aboutMs)).toBeLessThanOrEqual(aboutMs / 5);
    expect(later.every((ms) => ms >= 8_000 && ms <= 12_000)).toBe(true);
    expect(new Set(later).size).toBeGreaterThan(5);
    expect(told).toEqual(['No first node at localhost:8022 yet: Nothing listens on that port']);
    expect(await registered()).toEqual([]);
    there = machine().steps;
    await autoConnect.done;
    expect(await registered()).toHaveLength(1);
  });

  it('registers it once when two registries find it at the same moment', async () => {
    there = machine().steps;
    await Promise.all([start().done, start().done, start().done]);
    expect(await registered()).toHaveLength(1);
  });

  it('gives way to a node that a person registers while it looks', async () => {
    let finish: (steps: VerifyStep[]) => void = () => undefined;
    there = () => new Promise((resolve) => (finish = resolve));
    const autoConnect = start();
    await until(() => looks > 0);
    const nodes = new Nodes(new EventStore(database), bus);
    await nodes.obey(
      {
        type: 'register',
        nodeId: randomUUID(),
        name: 'by hand',
        host: 'gpu-04.lab',
        port: 8022,
        certificate: machine().certificate,
        found: 'by-hand',
        at: new Date().toISOString(),
      },
      {
        actor: { kind: 'account', id: randomUUID(), name: 'Ada' },
        commandId: randomUUID(),
        correlationId: randomUUID(),
      },
    );
    finish(machine().steps);
    await autoConnect.done;
    expect((await registered()).map(({ data }) => data.name)).toEqual(['by hand']);
  });

  it('never looks again once there was a node, even when that was removed', async () => {
    const places = { databaseUrl: test.url, natsUrl: nats.url, secret: newSecret() };
    const registry = await startRegistry(places);
    const found = machine();
    there = found.steps;
    const node = { nodeId: randomUUID(), name: 'once', host: 'gpu-04.lab', port: 8022, fingerprint: found.fingerprint };
    await asker.ask(RegisterNode, node);
    await asker.ask(RemoveNode, { nodeId: node.nodeId });
    await registry.stop();
    looks = 0;
    await start().done;
    expect(looks).toBe(0);
    expect(await registered()).toHaveLength(1);
  });

  it('is quiet while the monitor is away', async () => {
    await monitor.stop();
    const pauses: number[] = [];
    start(pauses);
    await until(
      () => pauses.length,
      (count) => count >= 5,
    );
    expect(told).toEqual(['Nobody answers this order at the moment']);
    monitor = await asker.verifyAnswers(async () => {
      looks += 1;
      return typeof there === 'function' ? there() : there;
    });
  });

  it('runs in the registry itself', async () => {
    there = machine().steps;
    const places = { databaseUrl: test.url, natsUrl: nats.url, secret: newSecret() };
    const registries = await Promise.all(
      [1, 2].map(() => startRegistry(places, { MUSTER_LOCAL_NODE: 'localhost:8022' })),
    );
    await until(registered, (rows) => rows.length > 0);
    await Promise.all(registries.map((one) => one.stop()));
    expect(await registered()).toHaveLength(1);
    for (const { log } of registries)
      expect(log.filter((line) => (JSON.parse(line) as { level: number }).level > 30)).toEqual([]);
  });
});
