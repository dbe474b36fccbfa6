import { randomUUID } from 'node:crypto';
import { unseal } from '@muster/bus';
import { ChangeAccessKey, ReadSettings, SettingsState, ShowAccessKey } from '@muster/contracts';
import type { RunningService } from '@muster/service';
import { testDatabase, type TestDatabase, testNats, type TestNats, until } from '@muster/testing';
import { Asker, followAll, newSecret, type Places, refusalOf, startRegistry } from '../under-test.js';
import { accessKeyId, newAccessKey } from './access-key.js';

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

  it('is made at the first start, shown by order, and known by its id alone otherwise', async () => {
    const settings = await asker.ask(ReadSettings, {});
    expect(settings).toMatchObject({ version: 1 });
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
    const changed = await asker.ask(ChangeAccessKey, { accessKey: given });
    expect(changed).toEqual({ keyId: accessKeyId(given), version: 2 });
    await until(inBucket, (key) => key === given);
    expect(await asker.ask(ChangeAccessKey, { accessKey: given })).toEqual(changed);

    const commandId = randomUUID();
    const random = await asker.ask(ChangeAccessKey, {}, { commandId });
    expect(await asker.ask(ChangeAccessKey, {}, { commandId })).toEqual(random);
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
      (all) => all.length === 3,
    );
    expect(facts.map(({ type, meta }) => [type, meta.actor.name])).toEqual([
      ['AccessKeyChanged', 'Gateway'],
      ['AccessKeyShown', 'Ada'],
      ['AccessKeyChanged', 'Ada'],
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
});
