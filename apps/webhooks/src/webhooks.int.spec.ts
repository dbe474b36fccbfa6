import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { ListWebhooks, PauseFailingWebhook, ReadDeliveries, TestWebhook, type RequestOf } from '@muster/contracts';
import { manager, Receiver, secretFor, Stage, until, within30 } from './webhooks.fixture.js';

jest.setTimeout(120_000);

describe('the sending of webhooks', () => {
  let stage: Stage;
  let receiver: Receiver;
  let webhookId: string;

  beforeEach(async () => {
    stage = await Stage.open();
    receiver = await Receiver.open(secretFor(stage, () => webhookId));
  });
  afterEach(async () => {
    await stage.close();
    await receiver.close();
  });

  const tries = async () =>
    (await stage.bus.ask(ReadDeliveries, { webhookId }, { ...manager, commandId: randomUUID() })).deliveries;
  const listed = async () => {
    for await (const { webhooks } of stage.bus.askStream(ListWebhooks, {}, manager))
      for (const webhook of webhooks) if (webhook.webhookId === webhookId) return webhook;
    return undefined;
  };
  const pauses = async () => {
    const asked: RequestOf<typeof PauseFailingWebhook>[] = [];
    await stage.bus.answer(PauseFailingWebhook, async (request) => {
      asked.push(request);
      await stage.tellWebhook({ type: 'WebhookPaused', data: { ...request, at: new Date().toISOString() } });
      return { version: 2 };
    });
    return asked;
  };

  it('sends every fact once, signed, in order, and goes on with what comes', async () => {
    const first = await stage.tellNodes(30);
    webhookId = await stage.make(receiver.url);
    await stage.start();
    await until(
      () => receiver.ids.length,
      (count) => count === 30,
      within30,
    );
    const rest = await stage.tellNodes(5);
    await until(
      () => receiver.ids.length,
      (count) => count === 35,
      within30,
    );
    expect(receiver.ids.slice(0, 30)).toEqual(first);
    expect(receiver.ids.slice(30).sort()).toEqual([...rest].sort());
    expect(receiver.calls.every(({ isSigned }) => isSigned)).toBe(true);
    expect(receiver.calls[0]?.headers['content-type']).toBe('application/cloudevents+json; charset=utf-8');
    expect(receiver.calls[0]?.headers['webhook-id']).toBe(first[0]);
    await until(listed, (webhook) => webhook?.position === 'F1000035', within30);
    expect(await listed()).toMatchObject({ state: 'active', lastDeliveredAt: expect.any(String), behind: 0 });
    expect((await listed())?.last).toMatchObject({ outcome: 'delivered', attempt: 1, status: expect.any(Number) });
    expect(await tries()).toHaveLength(35);
  });

  it('keeps the order of each node, and lets the facts of others pass by one that is not taken', async () => {
    const [stuck, fine] = [randomUUID(), randomUUID()];
    let isStuck = true;
    receiver.answer = ({ about }, response) => void response.writeHead(about === stuck && isStuck ? 500 : 204).end();
    const ids = await stage.tellNodes(40, [stuck, fine]);
    webhookId = await stage.make(receiver.url);
    await stage.start();
    const of = (about: string) => receiver.taken.filter((each) => each.about === about).map(({ id }) => id);
    await until(
      () => of(fine).length,
      (count) => count === 20,
      within30,
    );
    expect(of(stuck)).toEqual([]);
    await until(listed, (webhook) => webhook?.state === 'failing' && webhook.behind === 40, within30);
    isStuck = false;
    await until(
      () => of(stuck).length,
      (count) => count === 20,
      { withinMs: 60_000 },
    );
    expect(of(stuck)).toEqual(ids.filter((_, index) => index % 2 === 0));
    expect(of(fine)).toEqual(ids.filter((_, index) => index % 2 === 1));
    const again = receiver.calls.filter(({ id }) => id === ids[0]);
    expect(new Set(again.map(({ headers }) => headers['webhook-id'])).size).toBe(1);
    expect(again.length).toBeGreaterThan(1);
  });

  it('loses nothing when it is killed, and another one goes on', async () => {
    const nodes = [randomUUID(), randomUUID(), randomUUID()];
    const ids = await stage.tellNodes(200, nodes);
    receiver.answer = (_, response) => void setTimeout(() => response.writeHead(204).end(), 20);
    webhookId = await stage.make(receiver.url);
    const killed = stage.spawned();
    await until(
      () => receiver.ids.length,
      (count) => count >= 40,
      { withinMs: 60_000 },
    );
    killed.kill('SIGKILL');
    await once(killed, 'exit');
    const before = receiver.ids.length;
    expect(before).toBeLessThan(200);
    stage.spawned();
    await until(
      () => new Set(receiver.ids).size,
      (count) => count === 200,
      { withinMs: 60_000 },
    );
    for (const node of nodes) {
      const wanted = ids.filter((_, index) => nodes[index % 3] === node);
      const seen = receiver.taken.filter(({ about }) => about === node).map(({ id }) => id);
      // Whatever came twice came again from a point on: the last time of each stands in order.
      expect(seen.filter((id, index) => seen.lastIndexOf(id) === index)).toEqual(wanted);
    }
    expect(receiver.ids.length).toBeLessThan(400);
  });

  it('is done by one process for one webhook, however many there are', async () => {
    await Promise.all([stage.start(), stage.start()]);
    webhookId = await stage.make(receiver.url);
    await stage.tellNodes(100, [randomUUID(), randomUUID()]);
    await until(
      () => new Set(receiver.ids).size,
      (count) => count === 100,
      within30,
    );
    expect(receiver.ids).toHaveLength(100);
  });

  it('goes nowhere else: not where an answer points to, and to no address that is not allowed', async () => {
    const elsewhere = await Receiver.open(() => '');
    receiver.answer = (_, response) => void response.writeHead(307, { location: elsewhere.url }).end();
    webhookId = await stage.make(receiver.url);
    await stage.tellNodes(1);
    const service = await stage.start();
    const [tried] = await until(tries, ({ length }) => length > 0, within30);
    expect(tried).toMatchObject({ outcome: 'redirected', status: 307 });
    expect(elsewhere.calls).toEqual([]);
    await elsewhere.close();
    await service.stop();
    await stage.start({ MUSTER_WEBHOOKS_LOOPBACK: 'off' });
    const before = receiver.calls.length;
    await until(tries, ([last]) => last?.outcome === 'address-not-allowed', within30);
    expect(receiver.calls).toHaveLength(before);
    for (const url of [
      'https://169.254.169.254/latest',
      'https://[fe80::1]/',
      `https://127.0.0.1:${stage.nats.port}/`,
    ]) {
      webhookId = await stage.make(url);
      await until(tries, ([last]) => last?.outcome === 'address-not-allowed', within30);
    }
  });

  it('never sends to its own bus, also where this machine is allowed', async () => {
    await stage.start();
    await stage.tellNodes(1);
    webhookId = await stage.make(`http://127.0.0.1:${stage.nats.port}/`);
    const [tried] = await until(tries, ({ length }) => length > 0, within30);
    expect(tried?.outcome).toBe('address-not-allowed');
  });

  it('ends with 410 at once, and after the hours that it has with what went wrong', async () => {
    const asked = await pauses();
    await stage.tellNodes(1);
    await stage.start({ MUSTER_WEBHOOKS_GIVE_UP_HOURS: '0.0003' });
    receiver.answer = (_, response) => void response.writeHead(410).end();
    webhookId = await stage.make(receiver.url);
    await until(
      () => asked.length,
      (count) => count === 1,
      within30,
    );
    expect(asked[0]).toEqual({ webhookId, because: 'gone', reason: 'refused with 410' });
    await until(listed, (webhook) => webhook?.state === 'paused', within30);
    const gone = receiver.calls.length;
    receiver.answer = (_, response) => void response.writeHead(503).end();
    webhookId = await stage.make(receiver.url);
    await until(
      () => asked.length,
      (count) => count === 2,
      within30,
    );
    expect(asked[1]).toMatchObject({ because: 'failing', reason: expect.stringContaining('refused with 503') });
    expect(gone).toBe(1);
    receiver.answer = (_, response) => void response.writeHead(204).end();
    await stage.tellWebhook({ type: 'WebhookResumed', data: { webhookId, at: new Date().toISOString() } });
    await until(
      () => receiver.taken.length,
      (count) => count === 1,
      within30,
    );
  });

  it('gives up on a receiver that stalls after ten seconds, and on what it says after 4 KiB', async () => {
    let isStalling = true;
    receiver.answer = (_, response) => {
      if (isStalling) return;
      response.writeHead(200);
      response.write('x'.repeat(64 * 1024));
    };
    webhookId = await stage.make(receiver.url);
    await stage.tellNodes(1);
    await stage.start();
    const [tried] = await until(tries, ({ length }) => length > 0, within30);
    expect(tried).toMatchObject({ outcome: 'timed-out', attempt: 1 });
    isStalling = false;
    await until(tries, ([last]) => last?.outcome === 'delivered', within30);
  });

  it('sends again from a position, signs with a new secret and for a day with the former, and sends nothing when removed', async () => {
    const ids = await stage.tellNodes(10);
    webhookId = await stage.make(receiver.url);
    await stage.start();
    await until(
      () => receiver.ids.length,
      (count) => count === 10,
      within30,
    );
    const at = new Date().toISOString();
    await stage.tellWebhook({ type: 'WebhookSecretReplaced', data: { webhookId, secretVersion: 2, at } });
    await stage.tellWebhook({ type: 'WebhookReplayOrdered', data: { webhookId, from: 'F1000007', at } });
    await until(
      () => receiver.ids.length,
      (count) => count === 13,
      within30,
    );
    expect(receiver.ids.slice(10)).toEqual(ids.slice(7));
    const last = receiver.calls.at(-1);
    expect(last?.isSigned).toBe(true);
    expect(String(last?.headers['webhook-signature']).split(' ')).toHaveLength(2);
    await stage.tellWebhook({ type: 'WebhookRemoved', data: { webhookId, at } });
    await until(listed, (webhook) => webhook === undefined, within30);
    await stage.tellNodes(1);
    await expect(tries()).rejects.toMatchObject({ code: 'webhook-unknown' });
    expect(receiver.ids).toHaveLength(13);
  });

  it('sends chosen types alone, and a test at once', async () => {
    webhookId = await stage.make(receiver.url, { types: ['NodeRemoved'] });
    await stage.start();
    await stage.tellNodes(5);
    await until(listed, (webhook) => webhook?.position === 'F1000005', within30);
    expect(receiver.calls).toEqual([]);
    const tried = await stage.bus.ask(TestWebhook, { webhookId }, manager);
    expect(tried).toMatchObject({ outcome: 'delivered', status: 204, type: 'test' });
    expect(receiver.calls).toMatchObject([{ type: 'muster.webhook.test', isSigned: true }]);
  });
});
