import { createHmac, randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { createServer, type IncomingHttpHeaders, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { text } from 'node:stream/consumers';
import { until } from '@muster/testing';
import type { Page } from 'playwright-core';
import { findingsInBothThemes } from './harness/axe.js';
import type { ConsoleWindow } from './harness/console.js';
import { admin, makeFirstAccount, type Person, signIn } from './harness/pages.js';
import { callFrom } from './harness/rest.js';
import { Stage } from './harness/stage.js';

const vera: Person = { name: 'Vera', password: 'only looking around' };
const within30 = { withinMs: 30_000 };

describe('webhooks, from the page to a receiver', () => {
  const stage = new Stage();
  const received: { readonly headers: IncomingHttpHeaders; readonly body: string }[] = [];
  let status = 204;
  let receiver: Server;
  let url: string;
  let window: ConsoleWindow;
  let page: Page;
  let secret: string;

  beforeAll(async () => {
    receiver = createServer((request, response) => {
      void text(request).then((body) => {
        received.push({ headers: request.headers, body });
        response.writeHead(status).end();
      });
    });
    await once(receiver.listen(0, '127.0.0.1'), 'listening');
    url = `http://127.0.0.1:${(receiver.address() as AddressInfo).port}/muster`;
    await stage.open();
    window = await stage.window('light');
    page = window.page;
    await makeFirstAccount(page, stage.muster.code ?? '', admin);
    const account = { accountId: randomUUID(), ...vera, permissions: ['fleet:view'] };
    expect(await callFrom(page, 'POST', '/api/accounts', account)).toMatchObject({ status: 201 });
  });
  afterAll(async () => {
    await stage.close();
    receiver.closeAllConnections();
    receiver.close();
  });
  afterEach(() => {
    expect(window.takeComplaints()).toEqual([]);
  });

  const dialog = () => page.getByRole('dialog');
  const asked = () => page.getByRole('alertdialog');
  const card = (name = 'Desk') => page.getByRole('region', { name });
  const types = () => received.map(({ body }) => (JSON.parse(body) as { type: string }).type);
  const isSigned = ({ headers, body }: (typeof received)[number]): boolean => {
    const mac = createHmac('sha256', Buffer.from(secret.slice('whsec_'.length), 'base64'));
    mac.update(`${String(headers['webhook-id'])}.${String(headers['webhook-timestamp'])}.${body}`);
    return String(headers['webhook-signature'])
      .split(' ')
      .includes(`v1,${mac.digest('base64')}`);
  };

  it('are none at first, beside the credentials of integrations', async () => {
    await page.getByRole('navigation', { name: 'Main' }).getByRole('link', { name: 'Integrations' }).click();
    await page.getByRole('heading', { name: 'Integrations', level: 1 }).waitFor();
    await page.getByRole('link', { name: 'Webhooks' }).click();
    await page.getByRole('heading', { name: 'Webhooks', level: 1 }).waitFor();
    await page.getByText('Facts are sent nowhere yet').waitFor();
    expect(await findingsInBothThemes(page)).toEqual([]);
  });

  it('are made with their secret shown once, and wrong input is told at its field', async () => {
    await page.getByRole('button', { name: 'New webhook' }).click();
    await dialog().getByLabel('Name').fill('Desk');
    await dialog().getByLabel('Address').fill('http://desk.example/muster');
    await dialog().getByRole('button', { name: 'Make webhook' }).click();
    await dialog().getByText('The address must begin with https://').waitFor();
    expect(await findingsInBothThemes(page)).toEqual([]);
    await dialog().getByLabel('Address').fill(url);
    await dialog()
      .getByLabel(/ACCESS/)
      .check();
    await dialog().getByLabel('Types of facts').fill('AccountRenamed');
    await dialog().getByRole('button', { name: 'Make webhook' }).click();
    secret = await dialog().locator('[data-secret]').innerText();
    expect(secret).toMatch(/^whsec_/);
    expect(await findingsInBothThemes(page)).toEqual([]);
    await page.keyboard.press('Escape');
    await dialog().getByRole('button', { name: 'I have copied it' }).click();
    await card().getByText('AccountRenamed of').waitFor();
    expect(await page.content()).not.toContain(secret);
  });

  it('are tested: the test arrives, signed with that secret, and stands among the deliveries', async () => {
    await card().getByRole('button', { name: 'Send a test to Desk' }).click();
    await card()
      .getByText(/^Test: Taken with 204/)
      .waitFor();
    expect(types()).toEqual(['muster.webhook.test']);
    expect(received.every(isSigned)).toBe(true);
    await card().getByRole('button', { name: 'Deliveries of Desk' }).click();
    const row = card().getByRole('row').filter({ hasText: 'Test' });
    await row.getByText('Taken with 204').waitFor();
    expect(await findingsInBothThemes(page)).toEqual([]);
  });

  it('say that a receiver takes nothing, while it does, and what became of every try', async () => {
    // What is behind is counted from the place where it begins, so it must have one.
    await card().locator('[data-behind]').waitFor({ timeout: within30.withinMs });
    status = 503;
    const { body } = await callFrom(page, 'GET', '/api/accounts');
    const { accounts } = body as { accounts: { accountId: string; name: string }[] };
    const id = accounts.find(({ name }) => name === vera.name)?.accountId ?? '';
    const named = await callFrom(page, 'PATCH', `/api/accounts/${id}`, { name: 'Vera Lind' });
    expect(named.status).toBe(200);
    await card().getByText('Failing', { exact: true }).waitFor({ timeout: within30.withinMs });
    await card().getByRole('row').filter({ hasText: 'AccountRenamed' }).first().getByText('Refused with 503').waitFor();
    await card()
      .getByText(/\d+ facts? behind/)
      .waitFor();
    expect(await findingsInBothThemes(page)).toEqual([]);
    status = 204;
    await card().getByText('Active', { exact: true }).waitFor({ timeout: within30.withinMs });
    await card().getByRole('row').filter({ hasText: 'AccountRenamed' }).first().getByText('Taken with 204').waitFor();
    await card().getByText('Up to date').waitFor({ timeout: within30.withinMs });
  });

  it('are replayed, under the ids that the facts had', async () => {
    const before = received.length;
    const idOf = (each: (typeof received)[number] | undefined) => String(each?.headers['webhook-id']);
    const last = idOf(received.at(-1));
    await card().getByRole('button', { name: 'Replay Desk' }).click();
    await dialog().getByLabel('Begin').selectOption('position');
    await dialog().getByLabel('Position').fill('the beginning');
    await dialog().getByRole('button', { name: 'Replay' }).click();
    await dialog().getByText('This is not a position').waitFor();
    expect(await findingsInBothThemes(page)).toEqual([]);
    await dialog().getByLabel('Begin').selectOption('start');
    await dialog().getByRole('button', { name: 'Replay' }).click();
    await dialog().waitFor({ state: 'detached' });
    await until(
      () => received.slice(before).map(idOf),
      (ids) => ids.includes(last),
      within30,
    );
  });

  it('are given another secret, paused, resumed and removed', async () => {
    await card().getByRole('button', { name: 'New secret for Desk' }).click();
    await asked().getByRole('button', { name: 'Make another' }).waitFor();
    expect(await findingsInBothThemes(page)).toEqual([]);
    await asked().getByRole('button', { name: 'Make another' }).click();
    const other = await dialog().locator('[data-secret]').innerText();
    expect(other).toMatch(/^whsec_/);
    expect(other).not.toBe(secret);
    await dialog().getByRole('button', { name: 'I have copied it' }).click();
    await card().getByRole('button', { name: 'Pause Desk' }).click();
    await asked().getByRole('button', { name: 'Pause', exact: true }).click();
    await card().getByText('Paused by hand').waitFor();
    expect(await findingsInBothThemes(page)).toEqual([]);
    await card().getByRole('button', { name: 'Resume Desk' }).click();
    await asked().getByRole('button', { name: 'Resume', exact: true }).click();
    await card().getByText('Active', { exact: true }).waitFor();
    await card().getByRole('button', { name: 'Remove Desk' }).click();
    await asked().getByRole('button', { name: 'Remove', exact: true }).click();
    await page.getByText('Facts are sent nowhere yet').waitFor();
  });

  it('are nothing for somebody who only looks around', async () => {
    const viewers = await stage.window();
    await signIn(viewers.page, { ...vera, name: 'Vera Lind' });
    await viewers.page.goto('/integrations/webhooks');
    await viewers.page.getByText('Your account may not see the webhooks').waitFor();
    expect(await viewers.page.getByRole('button', { name: 'New webhook' }).count()).toBe(0);
    expect(viewers.takeComplaints()).toEqual([]);
    await viewers.close();
  });
});
