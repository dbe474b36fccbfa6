import { randomUUID } from 'node:crypto';
import { webhookSecret } from '@muster/bus';
import {
  allPermissions,
  type Caller,
  CreateWebhook,
  type Permission,
  ReadHistory,
  RemoveWebhook,
  ReplaceWebhookSecret,
} from '@muster/contracts';
import { testDatabase, type TestDatabase, testNats, type TestNats, until } from '@muster/testing';
import { Asker, newSecret, type Places, refusalOf, startRegistry } from '../under-test.js';
import { MAX_WEBHOOKS } from './webhooks.js';

describe('the registry, about webhooks', () => {
  let database: TestDatabase;
  let nats: TestNats;
  let places: Places;
  let registry: Awaited<ReturnType<typeof startRegistry>>;
  let asker: Asker;

  beforeAll(async () => {
    [database, nats] = await Promise.all([testDatabase(), testNats()]);
    places = { databaseUrl: database.url, natsUrl: nats.url, secret: newSecret() };
    registry = await startRegistry(places);
    asker = await Asker.open(places);
  }, 30_000);
  afterAll(async () => {
    await asker.close();
    await registry.stop();
    await nats.stop();
    await database.drop();
  });

  const by = (permissions: readonly Permission[] = allPermissions, id: string = randomUUID()): Caller => ({
    actor: { kind: 'account', id, name: 'Ada' },
    permissions: [...permissions],
    commandId: randomUUID(),
    correlationId: randomUUID(),
  });
  const url = 'https://desk.example/muster';
  const make = (webhookId: string, caller: Caller = by(), more: object = {}) =>
    asker.bus.ask(CreateWebhook, { webhookId, name: 'Desk', url, streams: ['FLEET'], ...more }, caller);

  it('shows a secret once: to whoever sends the same order again, and to nobody else', async () => {
    const webhookId = randomUUID();
    const caller = by();
    const shown = await make(webhookId, caller);
    expect(shown).toEqual({ secret: webhookSecret(places.secret, webhookId, 1), version: 1 });
    expect(await make(webhookId, caller)).toEqual(shown);
    const other = { ...by(), commandId: caller.commandId };
    expect((await refusalOf(make(webhookId, other))).code).toBe('secret-shown-once');
    const replaced = await asker.bus.ask(ReplaceWebhookSecret, { webhookId }, by());
    expect(replaced).toEqual({ secret: webhookSecret(places.secret, webhookId, 2), version: 2 });
  });

  it('tells it in the history, without any secret', async () => {
    const webhookId = randomUUID();
    const { secret } = await make(webhookId);
    const entries = await until(
      async () =>
        (await asker.bus.ask(ReadHistory, { filter: { family: 'webhook' }, limit: 100 }, by())).entries.filter(
          ({ subject }) => subject.id === webhookId,
        ),
      ({ length }) => length === 1,
    );
    expect(entries[0]).toMatchObject({ type: 'WebhookCreated', subject: { kind: 'webhook', name: 'Desk' } });
    const rows = await database.query<{ text: string }>(
      `select data::text as text from registry.events where stream_id like 'webhook-%'`,
    );
    for (const { text } of rows) expect(text).not.toContain(secret.slice(6));
  });

  it.each([
    ['http://desk.example/', 'Plain http:// is for this machine alone'],
    ['https://ada:secret@desk.example/', 'Leave out user and password'],
    ['https://2130706433/', 'looks like an IP address'],
    ['ftp://desk.example/', 'must begin with https://'],
    ['desk.example', 'This is not an address'],
  ])('refuses the address %s', async (wrong, words) => {
    const refusal = await refusalOf(make(randomUUID(), by(), { url: wrong }));
    expect(refusal).toMatchObject({
      code: 'bad-input',
      detail: { field: 'url', words: expect.stringContaining(words) },
    });
  });

  it('has room for so many', async () => {
    const [row] = await database.query<{ count: string }>(
      `select count(*) as count from registry.events where type = 'WebhookCreated'`,
    );
    const ids: string[] = [];
    for (let made = Number(row?.count); made < MAX_WEBHOOKS; made += 1) {
      const webhookId = randomUUID();
      await make(webhookId);
      ids.push(webhookId);
    }
    expect((await refusalOf(make(randomUUID()))).code).toBe('too-many-webhooks');
    await asker.bus.ask(RemoveWebhook, { webhookId: ids[0] ?? '' }, by());
    await make(randomUUID());
  }, 30_000);
});
