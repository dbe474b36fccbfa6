import { createHash, randomUUID } from 'node:crypto';
import type { AskedWith } from '@muster/bus';
import {
  type Caller,
  ChangeIntegration,
  CreateIntegration,
  factFamilies,
  integrationAllows,
  Integrations,
  type ListedIntegration,
  ListIntegrations,
  ReadHistory,
  ReplaceIntegrationSecret,
  ResumeIntegration,
  RevokeIntegration,
  SuspendIntegration,
} from '@muster/contracts';
import { until } from '@muster/testing';
import { compare } from 'bcryptjs';
import { DataSource } from 'typeorm';
import { callerWith, refusalOf, Stage } from '../registry.fixture.js';

const hashOf = (secret: string): string => createHash('sha256').update(secret).digest('hex');

describe('the registry, about integrations', () => {
  let stage: Stage;

  beforeAll(async () => {
    stage = await Stage.open();
  }, 30_000);
  afterAll(() => stage.close());

  const make = async (more: Partial<AskedWith<typeof CreateIntegration>> = {}, caller: Caller = callerWith()) => {
    const integrationId = randomUUID();
    const request: AskedWith<typeof CreateIntegration> = {
      ...{ integrationId, name: 'Desk', streams: ['FLEET'], doors: ['nats', 'http'] },
      ...more,
    };
    return { ...(await stage.asker.bus.ask(CreateIntegration, request, caller)), integrationId: request.integrationId };
  };
  const list = async (): Promise<ListedIntegration[]> => {
    const all: ListedIntegration[] = [];
    for await (const part of stage.asker.bus.askStream(ListIntegrations, {}, callerWith()))
      all.push(...part.integrations);
    return all;
  };
  const listed = async (id: string) => (await list()).find(({ integrationId }) => integrationId === id);

  it('gives a secret out once, and keeps of it what says nothing about it', async () => {
    const { secret, natsUser, integrationId } = await make();
    expect(secret).toMatch(/^msi_[A-Za-z0-9_-]{43}$/);
    expect(natsUser).toBe(`integration-${integrationId}`);
    expect(await listed(integrationId)).toEqual({
      ...{ integrationId, name: 'Desk', streams: ['FLEET'], doors: ['http', 'nats'], natsUser, version: 1 },
      ...{ prefix: secret.slice(0, 10), state: 'active' },
      createdAt: expect.any(String) as string,
      secretSince: expect.any(String) as string,
      activity: expect.objectContaining({ connections: [], troubles: [] }) as object,
    });
    const store = await new DataSource({ type: 'postgres', url: stage.database.url, schema: 'registry' }).initialize();
    const kept = await store.query<unknown[]>('select * from registry.events');
    const rows = await store.query<{ nats_hash: string }[]>(
      'select * from registry.integrations where integration_id = $1',
      [integrationId],
    );
    await store.destroy();
    expect(await compare(secret, rows[0]?.nats_hash ?? '')).toBe(true);
    const everything = JSON.stringify([kept, rows, stage.registry.log]);
    expect(everything).toContain(hashOf(secret));
    expect(everything).not.toContain(secret.slice(11));
  });

  it('answers an order that is sent again with the same secret, and shows it to nobody else', async () => {
    const caller = callerWith();
    const integrationId = randomUUID();
    const first = await make({ integrationId }, caller);
    expect(await make({ integrationId }, caller)).toEqual(first);
    const other = { ...callerWith(), commandId: caller.commandId };
    expect((await refusalOf(make({ integrationId }, other))).code).toBe('secret-shown-once');
  });

  it('lets nobody give more than they may read themselves', async () => {
    const few = callerWith(['integrations:manage', 'fleet:view']);
    expect((await refusalOf(make({ streams: ['ACCESS'] }, few))).detail.field).toBe('streams');
    const { integrationId } = await make({ streams: ['ACCESS'] });
    const replaced = stage.asker.bus.ask(ReplaceIntegrationSecret, { integrationId }, few);
    expect((await refusalOf(replaced)).code).toBe('not-permitted');
  });

  it('replaces a secret, and every door knows by the facts which one holds', async () => {
    const known = new Integrations();
    const following = await stage.asker.bus.followFacts([factFamilies.integration], (fact) => void known.apply(fact));
    const { integrationId, secret } = await make();
    const { secret: next } = await stage.asker.ask(ReplaceIntegrationSecret, { integrationId });
    await until(
      () => known.byHash(hashOf(next))?.integrationId,
      (id) => id === integrationId,
    );
    expect(known.byHash(hashOf(secret))).toBeUndefined();
    await stage.asker.ask(SuspendIntegration, { integrationId, reason: 'Too chatty' });
    await until(
      () => known.byHash(hashOf(next))?.suspended,
      (cause) => cause === 'by-hand',
    );
    const held = known.byHash(hashOf(next));
    expect(held && integrationAllows(held, { door: 'http', wanted: ['FLEET'] })).toBe('integration-suspended');
    await following.stop();
  });

  it('changes, suspends, resumes and revokes, and lets the second of two who change one reload', async () => {
    const { integrationId, version } = await make();
    await stage.asker.ask(ChangeIntegration, { integrationId, name: 'Tickets', expectedVersion: version });
    const late = await refusalOf(
      stage.asker.ask(ChangeIntegration, { integrationId, name: 'Late', expectedVersion: 1 }),
    );
    expect(late).toMatchObject({ code: 'version-conflict', detail: { currentVersion: 2 } });
    await stage.asker.ask(SuspendIntegration, { integrationId, reason: 'Too chatty' });
    expect(await listed(integrationId)).toMatchObject({
      ...{ name: 'Tickets', state: 'suspended', version: 3 },
      suspended: { because: 'by-hand', reason: 'Too chatty', by: 'Ada', at: expect.any(String) as string },
    });
    await stage.asker.ask(ResumeIntegration, { integrationId });
    expect(await listed(integrationId)).toMatchObject({ state: 'active' });
    expect(await listed(integrationId)).not.toHaveProperty('suspended');
    const revoked = await stage.asker.ask(RevokeIntegration, { integrationId });
    expect(await stage.asker.ask(RevokeIntegration, { integrationId })).toEqual(revoked);
    expect(await listed(integrationId)).toMatchObject({ state: 'revoked' });
    expect((await refusalOf(stage.asker.ask(ResumeIntegration, { integrationId }))).code).toBe('integration-revoked');
    const { entries } = await until(
      () => stage.asker.ask(ReadHistory, { filter: { family: 'integration' }, limit: 5 }),
      ({ entries: [newest] }) => newest?.type === 'IntegrationRevoked' && newest.subject.id === integrationId,
    );
    expect(entries[0]?.subject).toEqual({ kind: 'integration', id: integrationId, name: 'Tickets' });
  });

  it('shows what the gateways tell of who reads over HTTP, and notes that it was seen', async () => {
    const { integrationId } = await make({ doors: ['http'] });
    const seenAt = new Date(Date.now() - 1_000).toISOString();
    const place = { address: '10.0.0.7', streams: ['FLEET' as const], position: 'F7', waiting: 2 };
    const told = { integrationId, seenAt, open: 1, readers: [{ ...place, since: seenAt }] };
    const troubles = [{ words: 'Refused over HTTP: too many', count: 2, at: seenAt }];
    const gateways = [randomUUID(), randomUUID()] as const;
    const tell = () => {
      const lastCall = { ...place, at: seenAt };
      stage.asker.bus.publishHttpReading({ gateway: gateways[0], ...told, troubles, lastCall });
      stage.asker.bus.publishHttpReading({ gateway: gateways[1], ...told, open: 0, readers: [], troubles });
      return listed(integrationId);
    };
    const shown = await until(tell, (each) => each?.lastSeenAt !== undefined && each.activity?.http?.open === 1, {
      withinMs: 30_000,
    });
    expect(shown).toMatchObject({
      lastSeenAt: seenAt,
      activity: {
        http: { readers: [{ ...place, since: seenAt }], lastCall: { ...place, at: seenAt } },
        troubles: [{ ...troubles[0], count: 4 }],
      },
    });
    // A gateway that was killed says no goodbye.
    await until(
      () => listed(integrationId),
      (each) => each?.activity?.http?.open === 0,
      { withinMs: 30_000 },
    );
  });

  it('makes no more than a hundred integrations', async () => {
    const store = await new DataSource({ type: 'postgres', url: stage.database.url, schema: 'registry' }).initialize();
    await store.query(
      `insert into registry.integrations (integration_id, name, streams, doors, prefix, nats_hash, created_at, secret_since, version)
       select gen_random_uuid(), 'Many', '{FLEET}', '{http}', 'msi_aaaaaa', '', now(), now(), 1 from generate_series(1, 100)`,
    );
    expect((await refusalOf(make())).code).toBe('too-many-integrations');
    await store.query(`delete from registry.integrations where name = 'Many'`);
    await store.destroy();
  });
});
