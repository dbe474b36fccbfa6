import { type ChildProcess, spawn } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { ChangeNode, Outage, ReadSettings, RegisterNode, RemoveNode } from '@muster/contracts';
import { endWithTestRun, testDatabase, type TestDatabase, testNats, type TestNats, until } from '@muster/testing';
import { GATEWAY } from './gateway.js';
import { Settings } from './settings/settings.js';
import { Asker, envOf, followAll, machine, newSecret, type Places, startRegistry } from './registry.fixture.js';

const MAIN = join(import.meta.dirname, '../dist/main.js');

/** The registry as its own process, as it runs in earnest. */
class RegistryProcess {
  output = '';
  readonly ended: Promise<number | null>;
  readonly #child: ChildProcess;

  constructor(env: Record<string, string>) {
    if (!existsSync(MAIN)) throw new Error(`${MAIN} is missing: build the registry before this test`);
    this.#child = spawn(process.execPath, [MAIN], { env, stdio: ['ignore', 'pipe', 'pipe'] });
    const letGo = endWithTestRun(this.#child.pid as number);
    for (const stream of [this.#child.stdout, this.#child.stderr])
      stream?.on('data', (chunk: Buffer) => (this.output += chunk.toString()));
    this.ended = once(this.#child, 'close').then(([code]: unknown[]) => {
      letGo();
      return code as number | null;
    });
  }

  async end(signal: NodeJS.Signals): Promise<number | null> {
    this.#child.kill(signal);
    return this.ended;
  }
}

describe('the registry as a process', () => {
  let database: TestDatabase;
  let nats: TestNats;
  let places: Places;
  let asker: Asker;

  beforeEach(async () => {
    [database, nats] = await Promise.all([testDatabase(), testNats()]);
    places = { databaseUrl: database.url, natsUrl: nats.url, secret: newSecret() };
    asker = await Asker.open(places);
  }, 30_000);
  afterEach(async () => {
    await asker.close();
    await nats.stop();
    await database.drop();
  });

  const answers = () => until(() => asker.ask(ReadSettings, {}), Boolean, { withinMs: 20_000, everyMs: 50 });

  it('starts, answers, tells its health, and ends in order', async () => {
    const registry = new RegistryProcess(envOf(places));
    await answers();
    const { port } = await until(() => {
      const line = registry.output.split('\n').find((one) => one.includes('serves on'));
      return line === undefined ? undefined : (JSON.parse(line) as { port: number });
    }).then((found) => found ?? { port: 0 });
    const response = await fetch(`http://127.0.0.1:${port}/health/ready`);
    expect(await response.json()).toMatchObject({
      status: 'up',
      checks: { database: { state: 'up' }, bus: { state: 'up' }, relay: { state: 'up' }, parked: { state: 'up' } },
    });
    expect(await registry.end('SIGTERM')).toBe(0);
  }, 40_000);

  it.each([
    ['MUSTER_SECRET', { MUSTER_SECRET: 'short' }],
    ['DATABASE_URL', { DATABASE_URL: 'http://somewhere' }],
    ['MUSTER_LOCAL_NODE', { MUSTER_LOCAL_NODE: 'https://localhost' }],
  ])(
    'ends at once with the name and the rule of a wrong %s',
    async (name, wrong) => {
      const registry = new RegistryProcess({ ...envOf(places), ...wrong });
      expect(await registry.ended).toBe(78);
      expect(registry.output.trim().split('\n')).toEqual([expect.stringContaining(`${name}: must be`)]);
    },
    20_000,
  );

  it('ends with one clear line when the secret does not open the access key', async () => {
    await (await startRegistry(places)).stop();
    const registry = new RegistryProcess(envOf({ ...places, secret: newSecret() }, { LOG_LEVEL: 'silent' }));
    expect(await registry.ended).toBe(78);
    expect(registry.output.trim().split('\n')).toEqual([
      expect.stringContaining('MUSTER_SECRET: does not open the access key that is stored.'),
    ]);
  }, 20_000);

  it('loses no acknowledged fact and makes none twice when it is killed in the middle of orders', async () => {
    const following = await followAll(asker.bus);
    const machines = new Map<string, ReturnType<typeof machine>>();
    const monitor = await asker.verifyAnswers(({ host }) => machines.get(host)?.steps ?? []);
    let registry = new RegistryProcess(envOf(places));
    await answers();

    /** Gives one order until it has an answer, always under the same id: what came of it is known by then. */
    async function give(order: () => Promise<{ version: number }>): Promise<number> {
      for (;;) {
        try {
          return (await order()).version;
        } catch (error) {
          if (!(error instanceof Outage)) throw error;
        }
      }
    }
    const acknowledged = new Map<string, number>();
    let going = true;
    const person = async (number: number) => {
      for (let turn = 0; going; turn += 1) {
        const [nodeId, host, found] = [randomUUID(), `gpu-${number}-${turn}.lab`, machine()];
        machines.set(host, found);
        const node = { nodeId, name: host, host, port: 8022, fingerprint: found.fingerprint };
        const ids = [randomUUID(), randomUUID(), randomUUID()];
        const as = (index: number) => ({ commandId: ids[index] as string, withinMs: 2_000 });
        const versions = [
          await give(() => asker.ask(RegisterNode, node, as(0))),
          await give(() => asker.ask(ChangeNode, { nodeId, name: `renamed ${host}` }, as(1))),
          await give(() => asker.ask(RemoveNode, { nodeId }, as(2))),
        ];
        expect(versions).toEqual([3, 4, 5]);
        acknowledged.set(nodeId, 5);
      }
    };
    const people = Promise.all(Array.from({ length: 4 }, (_, number) => person(number)));
    for (let kill = 0; kill < 3; kill += 1) {
      const before = acknowledged.size;
      await until(
        () => acknowledged.size,
        (count) => count >= before + 5,
        { withinMs: 20_000, everyMs: 1 },
      );
      await registry.end('SIGKILL');
      registry = new RegistryProcess(envOf(places));
      await answers();
    }
    going = false;
    await people;

    const stored = await database.query<{ stream_id: string; types: string[]; positions: string[] }>(
      `select stream_id, array_agg(type order by version) as types from registry.events
        where stream_id like 'node-%' group by stream_id`,
    );
    const life = ['NodeRegistered', 'NodeCertificatePinned', 'NodeActivated', 'NodeRenamed', 'NodeRemoved'];
    expect(new Set(stored.map(({ stream_id }) => stream_id))).toEqual(
      new Set([...acknowledged.keys()].map((nodeId) => `node-${nodeId}`)),
    );
    for (const { types } of stored) expect(types).toEqual(life);

    // And all of it on the bus, each once, in the order of the positions.
    const onBus = () => following.facts.filter(({ stream }) => stream.startsWith('node-'));
    await until(onBus, (facts) => facts.length === 5 * acknowledged.size, { withinMs: 10_000 });
    expect(new Set(onBus().map(({ id }) => id)).size).toBe(5 * acknowledged.size);
    const positions = onBus().map(({ position }) => position);
    expect(positions).toEqual([...positions].sort((one, other) => one - other));
    expect(await database.query('select kind, key from registry.reservations')).toEqual([]);

    await monitor.stop();
    await following.stop();
    await registry.end('SIGKILL');
  }, 90_000);
});

describe('the registry while something is away', () => {
  let database: TestDatabase;
  let nats: TestNats;

  beforeEach(async () => {
    [database, nats] = await Promise.all([testDatabase(), testNats()]);
  }, 30_000);
  afterEach(async () => {
    await nats.stop();
    await database.drop();
  });

  it('says that the database is away, and works again without a restart when it is back', async () => {
    const places = { databaseUrl: database.url, natsUrl: nats.url, secret: newSecret() };
    const registry = await startRegistry(places);
    const asker = await Asker.open(places);
    await database.refuseConnections(true);
    await database.cutConnections();
    await until(
      () => asker.ask(ReadSettings, {}).catch((error: unknown) => error),
      (answer) => answer instanceof Outage && answer.part === 'database',
    );
    const health = await fetch(`http://127.0.0.1:${registry.port}/health/ready`);
    expect(health.status).toBe(503);
    await database.refuseConnections(false);
    await until(() => asker.ask(ReadSettings, {}));
    await asker.close();
    await registry.stop();
  }, 30_000);

  it('is degraded and not down while the bus is away, and publishes afterwards what was decided meanwhile', async () => {
    const places = { databaseUrl: database.url, natsUrl: nats.url, secret: newSecret() };
    const registry = await startRegistry(places);
    const asker = await Asker.open(places);
    const following = await followAll(asker.bus);
    await until(() => following.facts.length === 1);
    await nats.kill();
    const ready = async () => {
      const response = await fetch(`http://127.0.0.1:${registry.port}/health/ready`);
      return { code: response.status, ...((await response.json()) as { status: string }) };
    };
    await until(ready, ({ code, status }) => code === 200 && status === 'degraded', { withinMs: 10_000 });
    const meta = { actor: GATEWAY, commandId: randomUUID(), correlationId: randomUUID() };
    const { keyId } = await registry.app.get(Settings).changeKey(undefined, meta);
    await nats.restart();
    await until(ready, ({ status }) => status === 'up', { withinMs: 20_000 });
    await until(() => following.facts.length >= 2, undefined, { withinMs: 10_000 });
    expect(following.facts[1]).toMatchObject({ type: 'AccessKeyChanged', data: { keyId } });
    await following.stop();
    await asker.close();
    await registry.stop();
  }, 40_000);

  it('fills a bus that has lost everything again', async () => {
    const places = { databaseUrl: database.url, natsUrl: nats.url, secret: newSecret() };
    const registry = await startRegistry(places);
    const meta = { actor: GATEWAY, commandId: randomUUID(), correlationId: randomUUID() };
    await registry.app.get(Settings).show(meta);
    await nats.wipe();
    const asker = await Asker.open(places);
    const following = await followAll(asker.bus);
    await until(() => following.facts.length === 2, undefined, { withinMs: 20_000 });
    expect(following.facts.map(({ type }) => type)).toEqual(['AccessKeyChanged', 'AccessKeyShown']);
    await following.stop();
    await asker.close();
    await registry.stop();
  }, 40_000);
});
