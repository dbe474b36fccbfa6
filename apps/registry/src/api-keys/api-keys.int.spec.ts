import { randomUUID } from 'node:crypto';
import type { AskedWith } from '@muster/bus';
import {
  allPermissions,
  ApiKeys,
  type Caller,
  ChangeApiKey,
  CreateAccount,
  CreateApiKey,
  DeleteAccount,
  DisableAccount,
  EnableAccount,
  factFamilies,
  ListApiKeys,
  type ListedApiKey,
  type Permission,
  ReadHistory,
  RevokeApiKey,
} from '@muster/contracts';
import { testDatabase, type TestDatabase, testNats, type TestNats, until } from '@muster/testing';
import { DataSource } from 'typeorm';
import { Asker, followAll, newSecret, type Places, refusalOf, startRegistry } from '../registry.fixture.js';
import { hashOfKey } from './key-text.js';

describe('the registry, about API keys', () => {
  let database: TestDatabase;
  let nats: TestNats;
  let places: Places;
  let registry: Awaited<ReturnType<typeof startRegistry>>;
  let asker: Asker;
  let ada: string;
  let grace: string;

  beforeAll(async () => {
    [database, nats] = await Promise.all([testDatabase(), testNats()]);
    places = { databaseUrl: database.url, natsUrl: nats.url, secret: newSecret() };
    registry = await startRegistry(places);
    asker = await Asker.open(places);
    ada = (await asker.createFirstAccount()).account.accountId;
    grace = await account('Grace');
  }, 30_000);
  afterAll(async () => {
    await asker.close();
    await registry.stop();
    await nats.stop();
    await database.drop();
  });

  const account = async (name: string, permissions: readonly Permission[] = ['fleet:view']): Promise<string> => {
    const accountId = randomUUID();
    await asker.ask(CreateAccount, { accountId, name, password: 'another password', permissions: [...permissions] });
    return accountId;
  };
  const by = (
    id: string,
    permissions: readonly Permission[] = allPermissions,
    commandId: string = randomUUID(),
  ): Caller => ({
    actor: { kind: 'account', id, name: 'somebody' },
    permissions: [...permissions],
    commandId,
    correlationId: randomUUID(),
  });
  const make = async (more: Partial<AskedWith<typeof CreateApiKey>> = {}, caller: Caller = by(ada)) => {
    const keyId = randomUUID();
    const request = { keyId, name: 'Search', permissions: ['inference' as const], ...more };
    return { ...(await asker.bus.ask(CreateApiKey, request, caller)), keyId: request.keyId };
  };
  const list = async (): Promise<ListedApiKey[]> => {
    const keys: ListedApiKey[] = [];
    for await (const part of asker.bus.askStream(ListApiKeys, {}, by(ada))) keys.push(...part.keys);
    return keys;
  };
  const listed = async (keyId: string) => (await list()).find((key) => key.keyId === keyId);

  it('gives a key out once, and keeps of it what says nothing about it', async () => {
    const { key, keyId } = await make({ models: ['qwen3'], limits: { concurrent: 2 } });
    expect(key).toMatch(/^msk_[A-Za-z0-9_-]{43}$/);
    expect(await listed(keyId)).toEqual({
      ...{ keyId, name: 'Search', owner: { accountId: ada, name: 'Ada' }, prefix: key.slice(0, 10) },
      ...{ permissions: ['inference'], models: ['qwen3'], limits: { concurrent: 2 }, state: 'active', version: 1 },
      createdAt: expect.any(String) as string,
    });
    const store = await new DataSource({ type: 'postgres', url: database.url, schema: 'registry' }).initialize();
    const kept = await store.query<unknown[]>('select * from registry.events');
    const rows = await store.query<unknown[]>('select * from registry.api_keys');
    await store.destroy();
    const everything = JSON.stringify([kept, rows, registry.log]);
    expect(everything).toContain(hashOfKey(key));
    expect(everything).not.toContain(key.slice(11));
  });

  it('answers an order that is sent again with the same key, and adds no fact', async () => {
    const caller = by(ada);
    const keyId = randomUUID();
    const first = await make({ keyId }, caller);
    expect(await make({ keyId }, caller)).toEqual(first);
    expect(await listed(keyId)).toMatchObject({ version: 1 });
  });

  it('does not show a key to somebody else who repeats the order that made it', async () => {
    const caller = by(ada);
    const keyId = randomUUID();
    await make({ keyId }, caller);
    const repeated = make({ keyId }, by(grace, ['keys:manage'], caller.commandId));
    expect((await refusalOf(repeated)).code).toBe('key-shown-once');
  });

  it('does not show a key again once the registry that made it is gone', async () => {
    const caller = by(ada);
    const keyId = randomUUID();
    await make({ keyId }, caller);
    await registry.stop();
    registry = await startRegistry(places);
    expect((await refusalOf(make({ keyId }, caller))).code).toBe('key-shown-once');
  });

  it('changes what is given, and lets the second of two who change one key reload', async () => {
    const { keyId, version } = await make({ expiresAt: '2999-01-01T01:00:00+01:00' });
    expect(await listed(keyId)).toMatchObject({ expiresAt: '2999-01-01T00:00:00.000Z' });
    const changed = { keyId, name: 'Find', expiresAt: null, models: ['bge-m3'] };
    await asker.ask(ChangeApiKey, { ...changed, expectedVersion: version });
    expect(await listed(keyId)).toMatchObject({ name: 'Find', models: ['bge-m3'], version: 2 });
    expect(await listed(keyId)).not.toHaveProperty('expiresAt');
    const late = await refusalOf(asker.ask(ChangeApiKey, { keyId, name: 'Late', expectedVersion: version }));
    expect(late).toMatchObject({ code: 'version-conflict', detail: { currentVersion: 2 } });
  });

  it('revokes a key for good, and says nothing twice', async () => {
    const { keyId } = await make();
    const { version } = await asker.ask(RevokeApiKey, { keyId });
    expect(await asker.ask(RevokeApiKey, { keyId })).toEqual({ version });
    expect(await listed(keyId)).toMatchObject({ state: 'revoked', revokedAt: expect.any(String) as string });
    expect((await refusalOf(asker.ask(ChangeApiKey, { keyId, name: 'Back' }))).code).toBe('key-revoked');
    expect((await refusalOf(asker.ask(RevokeApiKey, { keyId: randomUUID() }))).code).toBe('key-unknown');
  });

  it('makes no key for an account that is not there, and for another one only if accounts are managed too', async () => {
    expect((await refusalOf(make({ ownerId: randomUUID() }))).code).toBe('account-unknown');
    expect((await refusalOf(make({ ownerId: grace }, by(ada, ['keys:manage'])))).code).toBe('not-permitted');
    const { keyId } = await make({ ownerId: grace });
    expect(await listed(keyId)).toMatchObject({ owner: { accountId: grace, name: 'Grace' } });
  });

  it('gives a key no more than whoever makes it may', async () => {
    const managing = by(ada, ['keys:manage', 'accounts:manage', 'fleet:view']);
    expect((await refusalOf(make({ permissions: ['manage'] }, by(grace, ['keys:manage'])))).code).toBe('not-permitted');
    expect((await refusalOf(make({ permissions: ['manage'], ownerId: grace }, managing))).code).toBe('not-permitted');
    await make({ permissions: ['fleet:read'], ownerId: grace }, managing);
  });

  it('tells of a disabled owner, and revokes the keys of one that is deleted', async () => {
    const known = new ApiKeys();
    const following = await asker.bus.followFacts([factFamilies.account, factFamilies.key], (fact) => {
      known.apply(fact);
    });
    const alan = await account('Alan');
    const { keyId, key } = await make({ ownerId: alan });
    const holds = () => known.byHash(hashOfKey(key)) !== undefined;
    await until(holds, undefined, { withinMs: 10_000 });
    await asker.ask(DisableAccount, { accountId: alan });
    expect(await listed(keyId)).toMatchObject({ state: 'owner-disabled' });
    await until(holds, (held) => !held, { withinMs: 10_000 });
    expect((await refusalOf(make({ ownerId: alan }))).code).toBe('account-disabled');
    await asker.ask(EnableAccount, { accountId: alan });
    await until(holds, undefined, { withinMs: 10_000 });
    await asker.ask(DeleteAccount, { accountId: alan });
    await until(holds, (held) => !held, { withinMs: 10_000 });
    await until(
      () => listed(keyId),
      (each) => each?.state === 'revoked',
      { withinMs: 10_000 },
    );
    expect(await listed(keyId)).toMatchObject({ owner: { accountId: alan, name: 'Alan' } });
    await following.stop();
    const { facts, stop } = await followAll(asker.bus);
    // What the table says is decided; the fact comes to the bus a moment later.
    const revoked = await until(
      () => facts.find(({ type, stream }) => type === 'ApiKeyRevoked' && stream === `key-${keyId}`),
      (fact) => fact !== undefined,
      { withinMs: 10_000 },
    );
    const deleted = facts.find(({ type, stream }) => type === 'AccountDeleted' && stream === `account-${alan}`);
    expect(revoked).toMatchObject({
      data: { because: 'owner-deleted', ownerId: alan },
      meta: { causationId: deleted?.id, correlationId: deleted?.meta.correlationId, actor: deleted?.meta.actor },
    });
    await stop();
    // Those who look at the account see its keys too.
    const types = async () =>
      (await asker.bus.ask(ReadHistory, { filter: { account: alan } }, by(ada))).entries.map(({ type }) => type);
    await until(types, (told) => told.includes('ApiKeyRevoked'), { withinMs: 10_000 });
    expect(await types()).toEqual(expect.arrayContaining(['AccountCreated', 'ApiKeyCreated', 'AccountDeleted']));
  }, 40_000);

  it('leads from an account to what was done with its keys', async () => {
    const { keyId } = await make({ permissions: ['manage'], ownerId: ada });
    const actor = { kind: 'key' as const, id: keyId, name: 'CI', owner: { id: grace, name: 'Grace' } };
    await asker.bus.ask(
      CreateAccount,
      { accountId: randomUUID(), name: 'By key', password: 'another password', permissions: [] },
      { ...by(ada), actor },
    );
    const read = async (account: string) =>
      (await asker.bus.ask(ReadHistory, { filter: { account } }, by(ada))).entries.map(({ subject }) => subject.name);
    await until(
      () => read(grace),
      (names) => names.includes('By key'),
      { withinMs: 10_000 },
    );
    expect(await read(ada)).not.toContain('By key');
  });

  it('notes when a key was used last, and believes no clock that is ahead', async () => {
    const { keyId } = await make();
    const at = new Date(Date.now() - 60_000).toISOString();
    const use = (when: string) => () => {
      asker.bus.publishKeyUse({ keyId, at: when });
      return listed(keyId);
    };
    await until(use(at), (key) => key?.lastUsedAt === at, { withinMs: 10_000 });
    await until(use('2999-01-01T00:00:00.000Z'), (key) => key?.lastUsedAt !== at, { withinMs: 10_000 });
    expect(Date.parse((await listed(keyId))?.lastUsedAt ?? '')).toBeLessThanOrEqual(Date.now());
  });

  it('makes no more than a thousand keys', async () => {
    const store = await new DataSource({ type: 'postgres', url: database.url, schema: 'registry' }).initialize();
    await store.query(
      `insert into registry.api_keys (key_id, owner_id, owner_name, name, prefix, permissions, created_at, version)
       select gen_random_uuid(), $1, 'Ada', 'Many', 'msk_aaaaaa', '{inference}', now(), 1
         from generate_series(1, 1000)`,
      [ada],
    );
    expect((await refusalOf(make())).code).toBe('too-many-keys');
    expect((await list()).length).toBeGreaterThan(1_000);
    await store.query(`delete from registry.api_keys where name = 'Many'`);
    await store.destroy();
  });
});
