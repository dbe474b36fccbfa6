import { randomUUID } from 'node:crypto';
import { unseal } from '@muster/bus';
import {
  ChangeAccessKey,
  ChangeSettings,
  EndKeyRotation,
  type Link,
  NodeState,
  ReadSettings,
  RegisterNode,
  SettingsState,
  shippedSettings,
  ShowAccessKey,
  statusOf,
} from '@muster/contracts';
import type { RunningService } from '@muster/service';
import { testDatabase, type TestDatabase, testNats, type TestNats, until } from '@muster/testing';
import { Asker, followAll, machine, newSecret, type Places, refusalOf, startRegistry } from '../registry.fixture.js';
import { accessKeyId, newAccessKey } from './access-key.js';
import { KeyRotation } from './key-rotation.js';

describe('the access key', () => {
  let database: TestDatabase;
  let nats: TestNats;
  let places: Places;
  let registry: RunningService;
  let asker: Asker;

  beforeEach(async () => {
    [database, nats] = await Promise.all([testDatabase(), testNats()]);
    places = { databaseUrl: database.url, natsUrl: nats.url, secret: newSecret() };
    registry = await startRegistry(places);
    asker = await Asker.open(places);
  }, 30_000);
  afterEach(async () => {
    await asker.close();
    await registry.stop();
    await nats.stop();
    await database.drop();
  });

  /** What whoever watches the bucket would open it to. */
  const inBucket = async (): Promise<string | undefined> => {
    const state = await asker.bus.bucket('SETTINGS', SettingsState).get('gateway');
    return state && unseal(places.secret, state.accessKey.sealed);
  };

  /** Until the former key is given up. */
  const rotationOver = () =>
    until(
      () => asker.ask(ReadSettings, {}),
      ({ rotation }) => rotation === undefined,
      { withinMs: 20_000 },
    );

  it('is made at the first start, shown by order, and known by its id alone otherwise', async () => {
    const settings = await asker.ask(ReadSettings, {});
    expect(settings).toMatchObject({ version: 1, ...shippedSettings });
    const { accessKey, keyId } = await asker.ask(ShowAccessKey, {});
    expect(accessKey).toMatch(/^[A-Za-z0-9_-]{43}$/);
    expect(keyId).toBe(settings.accessKey.keyId);
    expect(keyId).toBe(accessKeyId(accessKey));
    expect(JSON.stringify(settings)).not.toContain(accessKey);
    await until(inBucket, (key) => key === accessKey);
  });

  it('is the given one at the first start, and a later one in the environment changes nothing', async () => {
    const fresh = await testDatabase();
    const given = newAccessKey();
    for (const MUSTER_ACCESS_KEY of [given, newAccessKey()]) {
      const started = await startRegistry({ ...places, databaseUrl: fresh.url }, { MUSTER_ACCESS_KEY });
      expect(await fresh.query('select key_id from registry.secrets')).toEqual([{ key_id: accessKeyId(given) }]);
      await started.stop();
    }
    await fresh.drop();
  });

  it('survives a restart', async () => {
    const { accessKey } = await asker.ask(ShowAccessKey, {});
    await registry.stop();
    registry = await startRegistry(places);
    expect((await asker.ask(ShowAccessKey, {})).accessKey).toBe(accessKey);
  });

  it('is made once when two registries start for the first time together', async () => {
    const fresh = await testDatabase();
    const starting = { ...places, databaseUrl: fresh.url };
    const registries = await Promise.all([startRegistry(starting), startRegistry(starting), startRegistry(starting)]);
    await Promise.all(registries.map((one) => one.stop()));
    const facts = await fresh.query('select type from registry.events');
    expect(facts).toEqual([{ type: 'AccessKeyChanged' }]);
    await fresh.drop();
  });

  it('changes to the one given or to a new random one, and whoever watches the bucket learns it', async () => {
    const given = newAccessKey();
    const commandId = randomUUID();
    const changed = await asker.ask(ChangeAccessKey, { accessKey: given }, { commandId });
    expect(changed).toMatchObject({ keyId: accessKeyId(given) });
    await until(inBucket, (key) => key === given);
    expect(await asker.ask(ChangeAccessKey, { accessKey: given }, { commandId })).toMatchObject({
      keyId: changed.keyId,
    });
    await rotationOver();

    const random = await asker.ask(ChangeAccessKey, {});
    const { accessKey } = await asker.ask(ShowAccessKey, {});
    expect(accessKeyId(accessKey)).toBe(random.keyId);
    await until(inBucket, (key) => key === accessKey);
  });

  it('leaves facts that say who saw and who changed it, and never what it is', async () => {
    const following = await followAll(asker.bus);
    const { accessKey } = await asker.ask(ShowAccessKey, {});
    await asker.ask(ChangeAccessKey, {});
    const facts = await until(
      () => following.facts,
      (all) => all.length === 4,
    );
    expect(facts.map(({ type, meta }) => [type, meta.actor.name])).toEqual([
      ['AccessKeyChanged', 'Gateway'],
      ['AccessKeyShown', 'Ada'],
      ['AccessKeyChanged', 'Ada'],
      // There is no node that could still have the former one.
      ['AccessKeyRotationEnded', 'Gateway'],
    ]);
    const stored = await database.query('select data, meta from registry.events');
    expect(JSON.stringify([facts, stored])).not.toContain(accessKey);
    await following.stop();
  });

  it('is sealed at rest', async () => {
    const { accessKey } = await asker.ask(ShowAccessKey, {});
    const rows = JSON.stringify(await database.query('select * from registry.secrets'));
    expect(rows).toContain('A256GCM');
    expect(rows).not.toContain(accessKey);
  });

  it('is in the bucket again after the bus has lost everything', async () => {
    const { accessKey } = await asker.ask(ShowAccessKey, {});
    await until(inBucket, (key) => key === accessKey);
    await nats.wipe();
    await until(inBucket, (key) => key === accessKey, { withinMs: 20_000 });
  }, 30_000);

  it('is brought up to date in the bucket when another registry changed it', async () => {
    const other = await startRegistry(places);
    await registry.stop();
    const given = newAccessKey();
    await asker.ask(ChangeAccessKey, { accessKey: given });
    registry = await startRegistry(places);
    await other.stop();
    await until(inBucket, (key) => key === given);
  });

  it('ends the start with one clear line when MUSTER_SECRET is another one', async () => {
    await registry.stop();
    await expect(startRegistry({ ...places, secret: newSecret() })).rejects.toThrow(
      /^MUSTER_SECRET: does not open the access key that is stored\..*$/,
    );
    registry = await startRegistry(places);
  });

  it('is shown and changed for nobody without the permission', async () => {
    const permissions = ['fleet:view', 'nodes:manage', 'accounts:manage'] as const;
    for (const give of [
      () => asker.ask(ShowAccessKey, {}, { permissions }),
      () => asker.ask(ChangeAccessKey, {}, { permissions }),
      () => asker.ask(ReadSettings, {}, { permissions }),
    ])
      expect((await refusalOf(give())).code).toBe('not-permitted');
  });

  describe('with nodes', () => {
    const nodes: string[] = [];
    const states = () => asker.bus.bucket('NODES', NodeState).keep();
    let keeper: ReturnType<typeof states>;

    beforeEach(async () => {
      keeper = states();
      const machines = [machine(), machine()];
      const answering = await asker.verifyAnswers(({ port }) => machines[port - 8_000]?.steps ?? []);
      nodes.splice(0);
      for (const [index, { fingerprint }] of machines.entries()) {
        const nodeId = randomUUID();
        const address = { host: 'gpu.lab', port: 8_000 + index, fingerprint, found: 'by-hand' } as const;
        await asker.ask(RegisterNode, { nodeId, name: `gpu-${index}`, ...address });
        nodes.push(nodeId);
      }
      await answering.stop();
    });
    afterEach(() => keeper.stop());

    /** Says what a monitor would: the node is linked under this key, or not at all. */
    const see = (nodeId: string, keyId: string | undefined) => {
      const since = '2026-11-23T12:00:00.000Z';
      const link: Link = keyId
        ? { phase: 'up', since, frames: 'in-time', keyId }
        : { phase: 'down', cause: 'refused', since };
      const status = statusOf({ activated: true, link, condition: undefined, executors: [] }, undefined, since);
      keeper.set(nodeId, { nodeId, monitorId: 'spec', token: 1, status, link, executors: [] });
      return keeper.settled();
    };

    it('is accepted beside the former one until every activated node has it, and not a moment less', async () => {
      const [one = '', two = ''] = nodes;
      const { accessKey: former } = await asker.ask(ReadSettings, {});
      await Promise.all([see(one, former.keyId), see(two, undefined)]);
      const { keyId } = await asker.ask(ChangeAccessKey, {});
      const { rotation } = await asker.ask(ReadSettings, {});
      expect(rotation).toMatchObject({ formerKeyId: former.keyId });
      const state = await asker.bus.bucket('SETTINGS', SettingsState).get('gateway');
      expect(state?.previousAccessKey?.keyId).toBe(former.keyId);

      await see(one, keyId);
      expect((await refusalOf(asker.ask(ChangeAccessKey, {}))).code).toBe('rotation-running');
      await see(two, keyId);
      await rotationOver();
      await until(
        () => asker.bus.bucket('SETTINGS', SettingsState).get('gateway'),
        (now) => now !== undefined && now.previousAccessKey === undefined,
      );
      expect(await database.query('select name from registry.secrets')).toEqual([{ name: 'access-key' }]);
    }, 60_000);

    it('is the only one at the word of a person, and the fact names who is left behind', async () => {
      const [one = '', two = ''] = nodes;
      const { keyId } = await asker.ask(ChangeAccessKey, {});
      await Promise.all([see(one, keyId), see(two, undefined)]);
      const following = await followAll(asker.bus);
      // The registry sees what it recorded and what a monitor told a moment later, each in its own time.
      await until(
        () => registry.app.get(KeyRotation).holders(),
        (holders) => holders.current.length === 1 && holders.unknown.length === 1,
      );
      const { version } = await asker.ask(EndKeyRotation, {});
      expect(await asker.ask(EndKeyRotation, {})).toEqual({ version });
      // Facts of nodes and of settings come side by side, in no order among them.
      const ended = await until(() => following.facts.find(({ type }) => type === 'AccessKeyRotationEnded'));
      expect(ended).toMatchObject({ data: { keyId, left: [two] }, meta: { actor: { name: 'Ada' } } });
      await following.stop();
    }, 60_000);
  });
});

describe('the other settings', () => {
  let database: TestDatabase;
  let nats: TestNats;
  let places: Places;
  let registry: RunningService;
  let asker: Asker;

  beforeAll(async () => {
    [database, nats] = await Promise.all([testDatabase(), testNats()]);
    places = { databaseUrl: database.url, natsUrl: nats.url, secret: newSecret() };
    registry = await startRegistry(places, {
      MUSTER_DIAL_LOOPBACK: 'on',
      MUSTER_ALLOWED_ORIGINS: 'https://env.example',
    });
    asker = await Asker.open(places);
  }, 30_000);
  afterAll(async () => {
    await asker.close();
    await registry.stop();
    await nats.stop();
    await database.drop();
  });

  it('are first as the environment says, then as a person says, and the bucket tells', async () => {
    const before = await asker.ask(ReadSettings, {});
    expect(before).toMatchObject({ dial: { loopback: true }, allowedOrigins: ['https://env.example'] });
    const dial = { ...before.dial, loopback: false };
    const { version } = await asker.ask(ChangeSettings, { dial, expectedVersion: before.version });
    expect(version).toBe(before.version + 1);
    await until(
      () => asker.bus.bucket('SETTINGS', SettingsState).get('gateway'),
      (state) => state?.dial.loopback === false && state.version === version,
    );
    // The environment still says otherwise, and a person has the last word.
    const other = await startRegistry(places, { MUSTER_DIAL_LOOPBACK: 'on' });
    await other.stop();
    expect((await asker.ask(ReadSettings, {})).dial).toEqual(dial);
  });

  it('are changed by one of two who saw the same version', async () => {
    const { version } = await asker.ask(ReadSettings, {});
    const [one, two] = await Promise.allSettled([
      asker.ask(ChangeSettings, { delayedThresholdMs: 1_000, expectedVersion: version }),
      asker.ask(ChangeSettings, { delayedThresholdMs: 2_000, expectedVersion: version }),
    ]);
    const lost = [one, two].flatMap((each) => (each.status === 'rejected' ? [each.reason as unknown] : []));
    expect(lost).toEqual([
      expect.objectContaining({ code: 'version-conflict', detail: { currentVersion: version + 1 } }),
    ]);
  });

  it('give a retried command its first answer and no second fact', async () => {
    const commandId = randomUUID();
    const { version: expectedVersion } = await asker.ask(ReadSettings, {});
    const order = { inferenceOpen: true, expectedVersion };
    const first = await asker.ask(ChangeSettings, order, { commandId });
    await asker.ask(ChangeSettings, { delayedThresholdMs: 3_000 });
    expect(await asker.ask(ChangeSettings, order, { commandId })).toEqual(first);
    const facts = await database.query("select type from registry.events where type = 'InferenceOpened'");
    expect(facts).toHaveLength(1);
  });
});
