import { randomUUID } from 'node:crypto';
import { webhookSecret } from '@muster/bus';
import { type Caller, CreateWebhook, ReadHistory, RemoveWebhook, ReplaceWebhookSecret } from '@muster/contracts';
import { until } from '@muster/testing';
import { callerWith, refusalOf, Stage } from '../registry.fixture.js';
import { MAX_WEBHOOKS } from './webhooks.js';

describe('the registry, about webhooks', () => {
  let stage: Stage;

  beforeAll(async () => {
    stage = await Stage.open();
  }, 30_000);
  afterAll(() => stage.close());

  const url = 'https://desk.example/muster';
  const make = (webhookId: string, caller: Caller = callerWith(), more: object = {}) =>
    stage.asker.bus.ask(CreateWebhook, { webhookId, name: 'Desk', url, streams: ['FLEET'], ...more }, caller);

  it('shows a secret once: to whoever sends the same order again, and to nobody else', async () => {
    const webhookId = randomUUID();
    const caller = callerWith();
    const shown = await make(webhookId, caller);
    expect(shown).toEqual({ secret: webhookSecret(stage.places.secret, webhookId, 1), version: 1 });
    expect(await make(webhookId, caller)).toEqual(shown);
    const other = { ...callerWith(), commandId: caller.commandId };
    expect((await refusalOf(make(webhookId, other))).code).toBe('secret-shown-once');
    const replaced = await stage.asker.bus.ask(ReplaceWebhookSecret, { webhookId }, callerWith());
    expect(replaced).toEqual({ secret: webhookSecret(stage.places.secret, webhookId, 2), version: 2 });
  });

  it('tells it in the history, without any secret', async () => {
    const webhookId = randomUUID();
    const { secret } = await make(webhookId);
    const entries = await until(
      async () =>
        (
          await stage.asker.bus.ask(ReadHistory, { filter: { family: 'webhook' }, limit: 100 }, callerWith())
        ).entries.filter(({ subject }) => subject.id === webhookId),
      ({ length }) => length === 1,
    );
    expect(entries[0]).toMatchObject({ type: 'WebhookCreated', subject: { kind: 'webhook', name: 'Desk' } });
    const rows = await stage.database.query<{ text: string }>(
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
    const refusal = await refusalOf(make(randomUUID(), callerWith(), { url: wrong }));
    expect(refusal).toMatchObject({
      code: 'bad-input',
      detail: { field: 'url', words: expect.stringContaining(words) },
    });
  });

  it('has room for so many', async () => {
    const [row] = await stage.database.query<{ count: string }>(
      `select count(*) as count from registry.events where type = 'WebhookCreated'`,
    );
    const ids: string[] = [];
    for (let made = Number(row?.count); made < MAX_WEBHOOKS; made += 1) {
      const webhookId = randomUUID();
      await make(webhookId);
      ids.push(webhookId);
    }
    expect((await refusalOf(make(randomUUID()))).code).toBe('too-many-webhooks');
    await stage.asker.bus.ask(RemoveWebhook, { webhookId: ids[0] ?? '' }, callerWith());
    await make(randomUUID());
  }, 30_000);
});
