import { randomUUID } from 'node:crypto';
import { until } from '@muster/testing';
import type { Page } from 'playwright-core';
import { seriousFindings } from './harness/axe.js';
import type { ConsoleWindow } from './harness/console.js';
import { admin, makeFirstAccount, type Person, signIn } from './harness/pages.js';
import { callFrom } from './harness/rest.js';
import { Stage } from './harness/stage.js';

const vera: Person = { name: 'Vera', password: 'only looking around' };
/** What is changed on one page shows on another, and is felt by programs, within this time. */
const WITHIN_MS = 2_000;

describe('API keys, from the page to a program that uses them', () => {
  const stage = new Stage();
  let window: ConsoleWindow;
  let page: Page;
  let key: string;
  const veraId = randomUUID();

  beforeAll(async () => {
    await stage.open();
    window = await stage.window('light');
    page = window.page;
    await makeFirstAccount(page, stage.muster.code ?? '', admin);
    const account = { accountId: veraId, ...vera, permissions: ['fleet:view'] };
    expect(await callFrom(page, 'POST', '/api/accounts', account)).toMatchObject({ status: 201 });
  });
  afterAll(async () => {
    await stage.close();
  });
  afterEach(() => {
    expect(window.takeComplaints()).toEqual([]);
  });

  const dialog = () => page.getByRole('dialog');
  const rowOf = (name: string, on = page) => on.getByRole('row').filter({ hasText: name });
  const openKeys = async (on: Page) => {
    await on.getByRole('navigation', { name: 'Main' }).getByRole('link', { name: 'API keys' }).click();
    await on.getByRole('heading', { name: 'API keys', level: 1 }).waitFor();
  };
  /** A call as a program makes it, past every page. */
  const callWith = async (given: string, path = '/api/nodes'): Promise<number> =>
    (await fetch(`${stage.muster.address}${path}`, { headers: { authorization: `Bearer ${given}` } })).status;

  /** Where applications send requests to, as the terminal says. */
  const requestsAt = async (): Promise<string> =>
    (await until(() => /Applications send requests to (\S+)/.exec(stage.muster.output)))?.[1] ?? '';

  it('are none at first, and the page says what they are for', async () => {
    await openKeys(page);
    await page.getByText('There is no API key yet').waitFor();
    expect(await seriousFindings(page)).toEqual([]);
  });

  it('are made with what bounds them, and wrong bounds are told at their field', async () => {
    await page.getByRole('button', { name: 'New key' }).click();
    await dialog().getByLabel('At a time').fill('many');
    await dialog().getByRole('button', { name: 'Make key' }).click();
    await dialog().getByText('The name is empty').waitFor();
    await dialog().getByText('This must be a number').waitFor();
    expect(await seriousFindings(page)).toEqual([]);
    await dialog().getByLabel('At a time').fill('4');
    await dialog().getByLabel('Name').fill('Search index');
    await dialog().getByLabel('Models', { exact: true }).fill('qwen3-8b, bge-m3');
    await dialog().getByLabel('Expires').fill('2999-01-31');
    await dialog()
      .getByLabel(/See the nodes/)
      .check();
    await dialog().getByRole('button', { name: 'Make key' }).click();
  });

  it('are shown once, and copied', async () => {
    key = await dialog().locator('[data-api-key]').innerText();
    expect(key).toMatch(/^msk_[A-Za-z0-9_-]{43}$/);
    expect(await seriousFindings(page)).toEqual([]);
    await dialog().getByRole('button', { name: 'Copy the API key' }).click();
    await dialog().getByText('Copied', { exact: true }).first().waitFor();
    // Not lost to a slip of the finger.
    await page.keyboard.press('Escape');
    await dialog().getByRole('button', { name: 'I have copied it' }).click();
    const row = await rowOf('Search index').innerText();
    for (const words of [`${key.slice(0, 10)}…`, 'Ada', 'Inference, Read fleet', 'bge-m3, qwen3-8b', '4 at a time'])
      expect(row).toContain(words);
    expect(await page.content()).not.toContain(key);
    expect(await seriousFindings(page)).toEqual([]);
  });

  it('let a program in for what they are for, and the page tells when they were used', async () => {
    expect(await callWith(key)).toBe(200);
    expect(await callWith(key, '/api/accounts')).toBe(403);
    expect(await callWith(`${key.slice(0, -1)}${key.endsWith('A') ? 'B' : 'A'}`)).toBe(401);
    await page.reload();
    await rowOf('Search index')
      .getByText(/\d+ s ago/)
      .waitFor();
  });

  it('change on every page at once, and of two who change one the second is offered to reload', async () => {
    const other = await stage.window();
    await signIn(other.page, admin);
    await openKeys(other.page);
    await page.getByRole('button', { name: 'Edit Search index' }).click();
    await other.page.getByRole('button', { name: 'Edit Search index' }).click();
    await other.page.getByRole('dialog').getByLabel('Name').fill('Search');
    await other.page.getByRole('dialog').getByRole('button', { name: 'Save' }).click();
    await other.page.getByRole('dialog').waitFor({ state: 'detached' });
    await page.locator('app-api-keys b', { hasText: /^Search$/ }).waitFor({ timeout: WITHIN_MS });
    await dialog().getByLabel('Name').fill('Finder');
    await window.expecting(/409/, async () => {
      await dialog().getByRole('button', { name: 'Save' }).click();
      await dialog().getByText('Somebody else changed this in the meantime').waitFor();
    });
    await dialog().getByRole('button', { name: 'Reload' }).click();
    await page.getByRole('heading', { name: 'Edit Search', exact: true }).waitFor();
    expect(await dialog().getByLabel('Name').inputValue()).toBe('Search');
    await dialog().getByLabel('Models', { exact: true }).fill('');
    await dialog().getByRole('button', { name: 'Save' }).click();
    await dialog().waitFor({ state: 'detached' });
    await rowOf('Search', other.page).getByText('All models').waitFor({ timeout: WITHIN_MS });
    expect(other.takeComplaints()).toEqual([]);
    await other.close();
  });

  it('are refused within two seconds when they are revoked, for good', async () => {
    await page.getByRole('button', { name: 'Revoke Search' }).click();
    const asked = page.getByRole('alertdialog');
    await asked.getByText('refused everywhere').waitFor();
    expect(await seriousFindings(page)).toEqual([]);
    await asked.getByRole('button', { name: 'Revoke' }).click();
    await asked.waitFor({ state: 'detached' });
    await until(
      () => callWith(key),
      (status) => status === 401,
      { withinMs: WITHIN_MS },
    );
    await rowOf('Search').getByText('Revoked').waitFor();
    expect(await page.getByRole('button', { name: /^Edit Search/ }).count()).toBe(0);
  });

  it('stand in the history with who did what', async () => {
    await page.getByRole('navigation', { name: 'Main' }).getByRole('link', { name: 'History' }).click();
    for (const words of ['API key Search index made', 'API key Search index changed', 'API key Search revoked'])
      await page.getByRole('button', { name: words }).waitFor();
  });

  it('for another account end and begin again with it, for requests as for everything else, within two seconds', async () => {
    await openKeys(page);
    await page.getByRole('button', { name: 'New key' }).click();
    await dialog().getByLabel('Name').fill('Of Vera');
    await dialog().getByLabel('Owner', { exact: true }).selectOption({ label: vera.name });
    await dialog()
      .getByLabel(/See the nodes/)
      .check();
    await dialog().getByRole('button', { name: 'Make key' }).click();
    const hers = await dialog().locator('[data-api-key]').innerText();
    await dialog()
      .getByText(await requestsAt())
      .waitFor();
    await dialog().getByRole('button', { name: 'I have copied it' }).click();
    await rowOf('Of Vera').getByText(vera.name, { exact: true }).waitFor();
    const bothAnswer = async (): Promise<string> =>
      [
        await callWith(hers),
        (await fetch(`${await requestsAt()}/models`, { headers: { 'x-api-key': hers } })).status,
      ].join();
    await until(bothAnswer, (both) => both === '200,200', { withinMs: WITHIN_MS });
    await callFrom(page, 'POST', `/api/accounts/${veraId}/disable`);
    await until(bothAnswer, (both) => both === '401,401', { withinMs: WITHIN_MS });
    await rowOf('Of Vera').getByText('Owner disabled').waitFor({ timeout: WITHIN_MS });
    await callFrom(page, 'POST', `/api/accounts/${veraId}/enable`);
    await until(bothAnswer, (both) => both === '200,200', { withinMs: WITHIN_MS });
  });

  it('are nothing for somebody who only looks around', async () => {
    const viewers = await stage.window();
    await signIn(viewers.page, vera);
    expect(await viewers.page.getByRole('link', { name: 'API keys' }).count()).toBe(0);
    await viewers.page.goto('/keys');
    await viewers.page.getByText('Your account may not see the API keys').waitFor();
    await viewers.expecting(/403/, async () => {
      for (const [method, path] of [
        ['GET', '/api/keys'],
        ['DELETE', `/api/keys/${randomUUID()}`],
      ] as const)
        expect((await callFrom(viewers.page, method, path)).status).toBe(403);
    });
    expect(viewers.takeComplaints()).toEqual([]);
    await viewers.close();
  });
});
