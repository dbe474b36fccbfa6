import type { Browser, Page } from 'playwright-core';
import { seriousFindings } from './harness/axe.js';
import { ConsoleWindow, openBrowser } from './harness/console.js';
import { Muster } from './harness/muster.js';
import { admin, makeFirstAccount, openNodes, type Person, signIn, waitForColour } from './harness/pages.js';
import { callFrom } from './harness/rest.js';

const vera: Person = { name: 'Vera', password: 'only looking around' };
const NEXT_PASSWORD = 'quite another one';
/** What an administrator changes takes effect everywhere within this time. */
const WITHIN_MS = 2_000;

describe('accounts, from an administrator’s page to a viewer’s', () => {
  let muster: Muster;
  let browser: Browser;
  let admins: ConsoleWindow;
  let veras: ConsoleWindow;

  beforeAll(async () => {
    [muster, browser] = await Promise.all([Muster.start(), openBrowser()]);
    admins = await ConsoleWindow.open(browser, muster.address, 'light');
    await makeFirstAccount(admins.page, muster.code ?? '', admin);
  });
  afterAll(async () => {
    await browser.close();
    await muster.remove();
  });

  const manage = () => admins.page.getByRole('dialog');
  const openAccount = async (page: Page) => {
    await page.getByRole('navigation', { name: 'Main' }).getByRole('link', { name: 'Accounts', exact: true }).click();
    await page.getByRole('link', { name: vera.name, exact: true }).click();
    await page.getByRole('heading', { name: vera.name, level: 1 }).waitFor();
  };
  const giveType = async (type: 'Administrator' | 'Viewer') => {
    await admins.page.getByRole('button', { name: 'Edit', exact: true }).click();
    await manage().getByRole('button', { name: type }).click();
    await manage().getByRole('button', { name: 'Save' }).click();
    await manage().waitFor({ state: 'detached' });
  };

  it('lets the administrator make a viewer, but not with a common password', async () => {
    const { page } = admins;
    await page.getByRole('link', { name: 'Accounts', exact: true }).click();
    await page.getByRole('button', { name: 'New account' }).click();
    await manage().getByLabel('Name').fill(vera.name);
    await manage().getByLabel('Password').fill('Password1');
    await admins.expecting(/400/, async () => {
      await manage().getByRole('button', { name: 'Make account' }).click();
      await manage().getByText('among the most common').waitFor();
    });
    expect(await seriousFindings(page)).toEqual([]);
    await manage().getByLabel('Password').fill(vera.password);
    await manage().getByRole('button', { name: 'Make account' }).click();
    await page.getByRole('row').filter({ hasText: vera.name }).getByText('Viewer').waitFor();
    expect(await seriousFindings(page)).toEqual([]);
    expect(admins.takeComplaints()).toEqual([]);
  });

  it('shows the viewer the nodes and nothing to manage', async () => {
    veras = await ConsoleWindow.open(browser, muster.address);
    const { page } = veras;
    await signIn(page, vera);
    await waitForColour(page, 'Local Node', 'green', 30_000);
    expect(await page.getByRole('button', { name: 'New node' }).count()).toBe(0);
    const links = await page.getByRole('navigation', { name: 'Main' }).getByRole('link').allInnerTexts();
    expect(links.filter((words) => /Accounts|Configuration/.test(words))).toEqual([]);
    await page.goto('/accounts');
    await page.getByText('Your account may not see the accounts').waitFor();
    await openNodes(page);
    expect(veras.takeComplaints()).toEqual([]);
  });

  it('shows what a permission brings and takes within two seconds', async () => {
    const { page } = veras;
    await openAccount(admins.page);
    const newNode = page.getByRole('button', { name: 'New node' });
    await giveType('Administrator');
    await newNode.waitFor({ timeout: WITHIN_MS });
    await page.getByRole('link', { name: 'Accounts', exact: true }).waitFor({ timeout: WITHIN_MS });
    await giveType('Viewer');
    await newNode.waitFor({ state: 'detached', timeout: WITHIN_MS });
    await veras.expecting(/403/, async () => {
      expect((await callFrom(page, 'GET', '/api/accounts')).status).toBe(403);
    });
    expect([admins.takeComplaints(), veras.takeComplaints()]).toEqual([[], []]);
  });

  it('lets the viewer change the password, and ends the other sessions by that', async () => {
    const { page } = veras;
    const elsewhere = await ConsoleWindow.open(browser, muster.address);
    await signIn(elsewhere.page, vera);
    await page.getByRole('link', { name: 'Your account' }).click();
    await page.getByText('this page').waitFor();
    const ends = page.getByRole('button', { name: /^End the session/ });
    await ends.waitFor();
    expect(await seriousFindings(page)).toEqual([]);
    await page.getByLabel('Password until now').fill('not that one');
    await page.getByLabel('New password', { exact: true }).fill(NEXT_PASSWORD);
    await page.getByLabel('New password again').fill(NEXT_PASSWORD);
    await veras.expecting(/403/, async () => {
      await page.getByRole('button', { name: 'Change password' }).click();
      await page.getByText('This is not your password').waitFor();
    });
    await page.getByLabel('Password until now').fill(vera.password);
    await page.getByRole('button', { name: 'Change password' }).click();
    await page.getByText('Your password was changed').waitFor();
    await elsewhere.page.getByRole('heading', { name: 'Sign in' }).waitFor({ timeout: WITHIN_MS });
    await ends.waitFor({ state: 'detached' });
    expect(veras.takeComplaints()).toEqual([]);
    await elsewhere.close();
  });

  it('signs a disabled account out within two seconds, and lets it in again when enabled', async () => {
    const { page } = veras;
    const next = { ...vera, password: NEXT_PASSWORD };
    await admins.page.getByRole('button', { name: 'Disable' }).click();
    const asked = admins.page.getByRole('alertdialog');
    await asked.getByRole('button', { name: 'Disable' }).click();
    await asked.waitFor({ state: 'detached' });
    await page.getByRole('heading', { name: 'Sign in' }).waitFor({ timeout: WITHIN_MS });
    await page.getByLabel('Name').fill(next.name);
    await page.getByLabel('Password').fill(next.password);
    await veras.expecting(/403/, async () => {
      await page.getByRole('button', { name: 'Sign in' }).click();
      await page.getByText('This account is disabled').waitFor();
    });
    await admins.page.getByRole('button', { name: 'Enable' }).click();
    await admins.page.getByRole('button', { name: 'Disable' }).waitFor();
    await page.getByRole('button', { name: 'Sign in' }).click();
    await page.getByRole('link', { name: 'Your account' }).waitFor();
    expect([admins.takeComplaints(), veras.takeComplaints()]).toEqual([[], []]);
  });

  it('shows on a tab of the account what was done to it and by it', async () => {
    const { page } = admins;
    await page.getByRole('navigation', { name: 'About the account' }).getByRole('link', { name: 'History' }).click();
    for (const words of [`Account ${vera.name} made`, `Account ${vera.name} disabled`, `${vera.name} signed in`])
      await page.getByRole('button', { name: words }).first().waitFor();
    expect(await page.getByRole('button', { name: `${admin.name} signed in` }).count()).toBe(0);
    await page.reload();
    await page.getByRole('button', { name: `Account ${vera.name} enabled` }).waitFor();
    await page.getByRole('link', { name: 'Account', exact: true }).click();
    await page.getByRole('heading', { name: 'Sessions' }).waitFor();
    expect(admins.takeComplaints()).toEqual([]);
  });

  it('deletes an account after asking, and offers no such thing for the own one', async () => {
    const { page } = admins;
    await page.getByRole('button', { name: 'Delete', exact: true }).click();
    const asked = page.getByRole('alertdialog');
    expect(await seriousFindings(page)).toEqual([]);
    await asked.getByRole('button', { name: 'Delete' }).click();
    await veras.page.getByRole('heading', { name: 'Sign in' }).waitFor({ timeout: WITHIN_MS });
    await page.getByRole('heading', { name: 'Accounts', level: 1 }).waitFor();
    await page.getByRole('link', { name: vera.name, exact: true }).waitFor({ state: 'detached' });
    await page.getByRole('table').getByRole('link', { name: admin.name, exact: true }).click();
    await page.getByRole('link', { name: 'Your password and sessions' }).waitFor();
    for (const name of ['Delete', 'Disable', 'Set password'])
      expect([name, await page.getByRole('button', { name }).count()]).toEqual([name, 0]);
    expect([admins.takeComplaints(), veras.takeComplaints()]).toEqual([[], []]);
  });
});
