import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { until } from '@muster/testing';
import { jetstream } from '@nats-io/jetstream';
import { connect, type NatsConnection } from '@nats-io/transport-node';
import type { Page } from 'playwright-core';
import { findingsInBothThemes } from './harness/axe.js';
import type { ConsoleWindow } from './harness/console.js';
import { admin, makeFirstAccount } from './harness/pages.js';
import { callFrom } from './harness/rest.js';
import { Stage } from './harness/stage.js';

const within30 = { withinMs: 30_000 };
const patiently = { timeout: within30.withinMs };

describe('an integration, from the page to a client of NATS', () => {
  const stage = new Stage();
  const clients: NatsConnection[] = [];
  let window: ConsoleWindow;
  let page: Page;
  let servers: string;
  let user: string;
  let secret: string;
  let client: NatsConnection;

  beforeAll(async () => {
    await stage.open();
    window = await stage.window('light');
    page = window.page;
    await makeFirstAccount(page, stage.muster.code ?? '', admin);
    const ports = await readFile(join(stage.muster.dataFolder, 'ports.json'), 'utf8');
    servers = `nats://127.0.0.1:${(JSON.parse(ports) as { nats: number }).nats}`;
  });
  afterAll(async () => {
    await Promise.all(clients.map((each) => each.close()));
    await stage.close();
  });
  afterEach(() => {
    expect(window.takeComplaints()).toEqual([]);
  });

  const dialog = () => page.getByRole('dialog');
  const asked = () => page.getByRole('alertdialog');
  const card = () => page.getByRole('region', { name: 'Desk' });
  /** How far it has read in the stream FLEET, as the page says it. */
  const fleet = () => card().getByRole('row').filter({ hasText: 'FLEET' });
  const comeIn = async (): Promise<NatsConnection> => {
    const connection = await connect({
      ...{ servers, user, pass: secret, inboxPrefix: `_INBOX_${user}`, name: 'ticket desk' },
      ...{ reconnect: false, timeout: 5_000 },
    });
    clients.push(connection);
    return connection;
  };
  /** Comes in as soon as nats-server knows the secret. */
  const letIn = () => until(() => comeIn(), undefined, within30);

  it('is made with its secret shown once, beside programs that use it', async () => {
    await page.getByRole('navigation', { name: 'Main' }).getByRole('link', { name: 'Integrations' }).click();
    await page.getByText('Nobody outside reads the facts yet').waitFor();
    expect(await findingsInBothThemes(page)).toEqual([]);
    await page.getByRole('button', { name: 'New integration' }).click();
    await dialog().getByRole('button', { name: 'Make integration' }).click();
    await dialog().getByText('The name is empty').waitFor();
    expect(await findingsInBothThemes(page)).toEqual([]);
    await dialog().getByLabel('Name').fill('Desk');
    await dialog().getByRole('button', { name: 'Make integration' }).click();
    secret = await dialog().locator('[data-secret]').innerText();
    expect(secret).toMatch(/^msi_[\w-]{43}$/);
    const program = await dialog().getByLabel('A program for NATS').innerText();
    user = /integration-[0-9a-f-]{36}/.exec(program)?.[0] ?? '';
    expect(await findingsInBothThemes(page)).toEqual([]);
    // A slip of the finger does not lose it.
    await page.keyboard.press('Escape');
    await dialog().getByRole('button', { name: 'I have copied it' }).click();
    await card().getByText('Active', { exact: true }).waitFor();
    expect(await page.content()).not.toContain(secret);
  });

  it('is shown connected and how far behind, until it has acknowledged what there is', async () => {
    client = await letIn();
    await card().locator('[data-connected]').getByText('1 connection').waitFor(patiently);
    await card().getByRole('list', { name: 'Connections' }).getByText('ticket desk').waitFor();
    await fleet().getByRole('button', { name: 'Set position of Desk in FLEET' }).click();
    await dialog().getByLabel('Position').fill('999999');
    await window.expecting(/400/, async () => {
      await dialog().getByRole('button', { name: 'Set position' }).click();
      await dialog().locator('.wrong').first().waitFor();
    });
    await dialog().getByLabel('Position').fill('0');
    await dialog().getByRole('button', { name: 'Set position' }).click();
    await dialog().waitFor({ state: 'detached' });
    await fleet()
      .getByText(/\d+ facts? behind/)
      .waitFor(patiently);
    expect(await findingsInBothThemes(page)).toEqual([]);
    const consumer = await jetstream(client).consumers.get('FLEET', user);
    const types: (string | undefined)[] = [];
    await until(
      async () => {
        for await (const message of await consumer.fetch({ max_messages: 100, expires: 1_000 })) {
          types.push(message.headers?.get('ce-facttype'));
          await message.ackAck();
        }
        return types;
      },
      (seen) => seen.includes('NodeRegistered'),
      within30,
    );
    await fleet().getByText('Up to date').waitFor(patiently);
  });

  it('is shown while it reads over HTTP: from where, how far, and what was refused to it', async () => {
    const leave = new AbortController();
    const read = (query: string, accept = 'application/x-ndjson') =>
      fetch(`${stage.muster.address}/api/events?${query}`, {
        headers: { authorization: `Bearer ${secret}`, accept },
        signal: leave.signal,
      });
    const stream = (await read('streams=FLEET', 'text/event-stream')).text().catch(() => undefined);
    expect((await read('after=0&limit=1&streams=FLEET')).status).toBe(200);
    expect((await read('after=F999999')).status).toBe(400);
    await card().locator('[data-open]').getByText('1 open over HTTP').waitFor(patiently);
    const overHttp = card().getByRole('list', { name: 'Over HTTP' }).getByRole('listitem');
    await overHttp.filter({ hasText: /reads FLEET up to F\d+ · Up to date since/ }).waitFor(patiently);
    await overHttp.filter({ hasText: /Last call: \S+ reads FLEET up to F\d+ · \d+ facts? behind/ }).waitFor(patiently);
    await card()
      .getByRole('list', { name: 'Refused' })
      .getByText(/This position is in the future/)
      .waitFor(patiently);
    expect(await findingsInBothThemes(page)).toEqual([]);
    leave.abort();
    await stream;
    await card().locator('[data-open]').getByText('0 open over HTTP').waitFor(patiently);
  });

  it('is changed, and of two who change it the second is offered to reload', async () => {
    await card().getByRole('button', { name: 'Edit Desk' }).click();
    await dialog().getByLabel('Name').fill('Mine');
    const path = `/api/integrations/${user.replace('integration-', '')}`;
    const theirs = await callFrom(page, 'PATCH', path, { name: 'Theirs', streams: ['FLEET'] });
    expect(theirs.status).toBe(200);
    await window.expecting(/409/, async () => {
      await dialog().getByRole('button', { name: 'Save' }).click();
      await dialog().getByText('Somebody else changed this in the meantime').waitFor();
    });
    expect(await findingsInBothThemes(page)).toEqual([]);
    await dialog().getByRole('button', { name: 'Reload' }).click();
    await dialog().getByRole('heading', { name: 'Edit Theirs' }).waitFor();
    expect(await dialog().getByLabel('Name').inputValue()).toBe('Theirs');
    expect(
      await dialog()
        .getByRole('checkbox', { name: /HEALTH/ })
        .isChecked(),
    ).toBe(false);
    await dialog().getByLabel('Name').fill('Desk');
    await dialog().getByRole('button', { name: 'Save' }).click();
    await card().getByText('Reads FLEET by HTTP and NATS').waitFor();
  });

  it('gets another secret, and the former one is worth nothing', async () => {
    const [former, closed] = [secret, client.closed()];
    await card().getByRole('button', { name: 'New secret for Desk' }).click();
    await asked().getByRole('button', { name: 'Make another' }).waitFor();
    expect(await findingsInBothThemes(page)).toEqual([]);
    await asked().getByRole('button', { name: 'Make another' }).click();
    secret = await dialog().locator('[data-secret]').innerText();
    expect(secret).not.toBe(former);
    await page.keyboard.press('Escape');
    await dialog().getByRole('button', { name: 'I have copied it' }).click();
    await dialog().waitFor({ state: 'detached' });
    await closed;
    client = await letIn();
    const late = await fetch(`${stage.muster.address}/api/events`, { headers: { authorization: `Bearer ${former}` } });
    expect(late.status).toBe(401);
  });

  it('is let in nowhere while it is suspended, and again when it is resumed', async () => {
    const closed = client.closed();
    await card().getByRole('button', { name: 'Suspend Desk' }).click();
    await asked().getByRole('button', { name: 'Suspend', exact: true }).waitFor();
    expect(await findingsInBothThemes(page)).toEqual([]);
    await asked().getByRole('button', { name: 'Suspend', exact: true }).click();
    await card().getByText('Suspended', { exact: true }).waitFor();
    await closed;
    await expect(comeIn()).rejects.toThrow(/authorization/i);
    await card().getByRole('button', { name: 'Resume Desk' }).click();
    await asked().getByRole('button', { name: 'Resume', exact: true }).click();
    await card().getByText('Active', { exact: true }).waitFor();
    client = await letIn();
    await card().locator('[data-connected]').getByText('1 connection').waitFor(patiently);
  });

  it('is gone for good once it is revoked: its connection at once, and its secret is worth nothing', async () => {
    const closed = client.closed();
    await card().getByRole('button', { name: 'Revoke Desk' }).click();
    await asked().getByRole('button', { name: 'Revoke', exact: true }).waitFor();
    expect(await findingsInBothThemes(page)).toEqual([]);
    await asked().getByRole('button', { name: 'Revoke', exact: true }).click();
    await card().getByText('Revoked', { exact: true }).waitFor();
    await closed;
    await expect(comeIn()).rejects.toThrow(/authorization/i);
    expect(await card().getByRole('button').count()).toBe(0);
  });
});
