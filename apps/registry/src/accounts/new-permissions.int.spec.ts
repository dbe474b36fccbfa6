import { randomUUID } from 'node:crypto';
import { allPermissions, ChangeAccount, CreateAccount, ListAccounts, type Permission } from '@muster/contracts';
import { testDatabase, type TestDatabase, testNats, type TestNats } from '@muster/testing';
import { DataSource } from 'typeorm';
import { Asker, newSecret, type Places, startRegistry } from '../registry.fixture.js';
import { NEW_PERMISSIONS } from './new-permissions.js';

const others = allPermissions.filter((each) => !NEW_PERMISSIONS.includes(each));

describe('permissions that came with a release', () => {
  let database: TestDatabase;
  let nats: TestNats;
  let places: Places;
  let asker: Asker;

  beforeAll(async () => {
    [database, nats] = await Promise.all([testDatabase(), testNats()]);
    places = { databaseUrl: database.url, natsUrl: nats.url, secret: newSecret() };
  }, 30_000);
  afterAll(async () => {
    await asker.close();
    await nats.stop();
    await database.drop();
  });

  const permissionsOf = async (id: string): Promise<Permission[] | undefined> => {
    const { accounts } = await asker.ask(ListAccounts, {});
    return accounts.find(({ accountId }) => accountId === id)?.permissions;
  };

  it('are given once to whoever has all others, and to nobody else', async () => {
    const [full, few] = [randomUUID(), randomUUID()];
    const first = await startRegistry(places);
    asker = await Asker.open(places);
    const account = (accountId: string, name: string, permissions: Permission[]) =>
      asker.ask(CreateAccount, { accountId, name, password: 'another password', permissions });
    await account(full, 'Ada', others);
    await account(few, 'Vera', ['fleet:view', 'accounts:manage']);
    await first.stop();
    const second = await startRegistry(places);
    expect([...((await permissionsOf(full)) ?? [])].sort()).toEqual([...allPermissions].sort());
    expect(await permissionsOf(few)).toEqual(['accounts:manage', 'fleet:view']);
    // Taken away by a person, it does not come back by itself.
    await asker.ask(ChangeAccount, { accountId: full, permissions: others });
    await second.stop();
    const third = await startRegistry(places);
    expect([...((await permissionsOf(full)) ?? [])].sort()).toEqual([...others].sort());
    await third.stop();
    const store = await new DataSource({ type: 'postgres', url: database.url, schema: 'registry' }).initialize();
    const [row] = await store.query<{ actor: string }[]>(
      `select meta->'actor'->>'kind' as actor from registry.events where type = 'AccountPermissionsChanged' order by pos limit 1`,
    );
    await store.destroy();
    expect(row?.actor).toBe('gateway');
  }, 60_000);
});
