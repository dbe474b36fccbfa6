import { randomUUID } from 'node:crypto';
import type { Page } from 'playwright-core';
import { seriousFindings } from './harness/axe.js';
import type { Colours } from './harness/console.js';
import { callFrom } from './harness/rest.js';
import { Stage } from './harness/stage.js';
import { admin, makeFirstAccount, openNode, openNodes, signIn, waitForColour, Wizard } from './harness/pages.js';

/** Every page and dialog, in both colour schemes: what axe-core calls serious or critical. */
describe('every page', () => {
  const stage = new Stage();

  beforeAll(async () => {
    await stage.open();
  });
  afterAll(async () => {
    await stage.close();
  });

  it('for the first account has no serious finding in light and dark', async () => {
    for (const colours of ['light', 'dark'] as const) {
      const { page, close } = await openIn(colours);
      await page.getByRole('heading', { name: 'Make the first account' }).waitFor();
      await page.getByRole('button', { name: 'Make account and sign in' }).click();
      await page.locator('[aria-invalid="true"]').first().waitFor();
      expect([colours, await seriousFindings(page)]).toEqual([colours, []]);
      await close();
    }
  });

  it.each(['light', 'dark'] as const)('for whoever is signed in has no serious finding in %s', async (colours) => {
    const { page, close } = await openIn(colours);
    const found: Record<string, string[]> = {};
    const look = async (what: string) => {
      found[what] = await seriousFindings(page);
    };
    if (stage.muster.code !== undefined && colours === 'light') await makeFirstAccount(page, stage.muster.code, admin);
    else {
      await page.getByRole('heading', { name: 'Sign in' }).waitFor();
      await look('sign in');
      await signIn(page, admin);
    }
    await waitForColour(page, 'Local Node', 'green', 30_000);
    await look('nodes');

    const wizard = await Wizard.open(page);
    await wizard.fill({ host: 'https://x', port: '' });
    await wizard.next();
    await wizard.problemOf('Host');
    await look('wizard, wrong input');
    await wizard.fill({ host: 'localhost', port: '1024' });
    await wizard.next();
    await wizard.failure();
    await look('wizard, failed');
    await wizard.cancel();

    await openNode(page, 'Local Node');
    await page.locator('app-graph canvas').first().waitFor();
    await page.getByRole('region', { name: 'Log lines' }).locator('.line').first().waitFor();
    await look('node');
    await page.getByRole('button', { name: 'Delete', exact: true }).click();
    await page.getByRole('alertdialog').waitFor();
    await look('delete');
    await page.getByRole('button', { name: 'Keep it' }).click();

    await page.getByRole('navigation', { name: 'Main' }).getByRole('link', { name: 'History', exact: true }).click();
    await page.getByRole('button', { name: 'Local Node registered' }).click();
    await page.getByLabel('The fact NodeRegistered').waitFor();
    await look('history');
    await page.goto(`/nodes?at=${new Date().toISOString()}`);
    await page.getByRole('link', { name: 'Back to now' }).waitFor();
    await page.getByRole('button', { name: 'Another time' }).click();
    await look('nodes of the past');
    await page.getByRole('link', { name: 'Configuration' }).click();
    await page.getByRole('heading', { name: 'Configuration', level: 1 }).waitFor();
    await look('configuration');

    await page.goto('/no-such-page');
    await page.getByRole('heading', { name: 'There is nothing here' }).waitFor();
    await look('unknown page');
    await openNodes(page);

    expect(Object.entries(found).filter(([, findings]) => findings.length > 0)).toEqual([]);
    await close();
  });

  it.each(['light', 'dark'] as const)('about accounts and keys has no serious finding in %s', async (colours) => {
    const { page, close } = await openIn(colours);
    const found: Record<string, string[]> = {};
    const look: Look = async (what) => {
      found[what] = await seriousFindings(page);
    };
    await signIn(page, admin);
    await lookAtAccounts(page, look);
    await lookAtKeys(page, look);
    expect(Object.entries(found).filter(([, findings]) => findings.length > 0)).toEqual([]);
    await close();
  });

  it('can be reached and used with the keyboard alone', async () => {
    const { page, close } = await openIn('dark');
    await signIn(page, admin);
    await waitForColour(page, 'Local Node', 'green', 15_000);
    await focusByTab(page, 'New node');
    await page.keyboard.press('Enter');
    await page.getByRole('dialog', { name: 'New node' }).waitFor();
    // The dialog keeps the focus, and gives it back.
    for (let step = 0; step < 12; step += 1) {
      await page.keyboard.press('Tab');
      expect(await page.evaluate(() => document.activeElement?.closest('[role=dialog]') !== null)).toBe(true);
    }
    await page.keyboard.press('Escape');
    await page.getByRole('dialog', { name: 'New node' }).waitFor({ state: 'detached' });
    expect(await page.evaluate(() => document.activeElement?.textContent?.trim())).toBe('New node');
    await focusByTab(page, 'Local Node');
    await page.keyboard.press('Enter');
    await page.getByRole('heading', { name: 'Local Node', level: 1 }).waitFor();
    await close();
  });

  it('of nodes shows the whole list, in a window of any width', async () => {
    const { page, close } = await openIn('light');
    await signIn(page, admin);
    await waitForColour(page, 'Local Node', 'green', 15_000);
    const list = page.getByRole('table', { name: 'Nodes' });
    const edit = page.getByRole('button', { name: 'Edit Local Node' });
    const cut: number[] = [];
    for (const width of [390, 701, 861, 961, 1000, 1261, 1280, 1421, 1920]) {
      await page.setViewportSize({ width, height: 800 });
      const [outer, inner] = [await list.boundingBox(), await edit.boundingBox()];
      if (outer === null || inner === null || inner.x + inner.width > outer.x + outer.width) cut.push(width);
    }
    expect(cut).toEqual([]);
    await close();
  });

  async function openIn(colours: Colours): Promise<{ page: Page; close: () => Promise<void> }> {
    const window = await stage.window(colours);
    return { page: window.page, close: () => window.close() };
  }
});

type Look = (what: string) => Promise<void>;

/** Opens a page by its link beside the pages. */
const goTo = async (page: Page, name: string): Promise<void> => {
  await page.getByRole('navigation', { name: 'Main' }).getByRole('link', { name, exact: true }).click();
  await page.getByRole('heading', { name, level: 1 }).waitFor();
};

/** Opens a dialog by its button, looks at it, and leaves it by another. */
async function lookAtDialog(page: Page, look: Look, button: string | RegExp, leave: string): Promise<void> {
  await page.getByRole('button', { name: button, exact: true }).click();
  const dialog = page.locator('[role=dialog], [role=alertdialog]');
  await dialog.getByRole('heading', { level: 1 }).waitFor();
  await look(`dialog of ${button}`);
  await dialog.getByRole('button', { name: leave, exact: true }).click();
  await dialog.waitFor({ state: 'detached' });
}

async function lookAtAccounts(page: Page, look: Look): Promise<void> {
  const vera = { accountId: randomUUID(), name: `Vera ${randomUUID().slice(0, 4)}`, permissions: ['fleet:view'] };
  const made = await callFrom(page, 'POST', '/api/accounts', { ...vera, password: 'only looking around' });
  expect(made.status).toBe(201);
  await goTo(page, 'Accounts');
  await page.getByRole('link', { name: vera.name }).waitFor();
  await look('accounts');
  await page.getByRole('button', { name: 'New account' }).click();
  await page.getByRole('dialog').getByRole('button', { name: 'Make account' }).click();
  await page.getByRole('dialog').getByText('The name is empty').waitFor();
  await look('new account, wrong input');
  await page.getByRole('dialog').getByRole('button', { name: 'Cancel' }).click();
  await page.getByRole('link', { name: vera.name }).click();
  await page.getByText('Nobody is signed in with this account').waitFor();
  await look('account');
  await lookAtDialog(page, look, 'Edit', 'Cancel');
  await lookAtDialog(page, look, 'Set password', 'Cancel');
  await lookAtDialog(page, look, 'Disable', 'Leave it');
  await lookAtDialog(page, look, 'Delete', 'Keep it');
  await page.getByRole('navigation', { name: 'About the account' }).getByRole('link', { name: 'History' }).click();
  await page.getByRole('button', { name: `Account ${vera.name} made` }).waitFor();
  await look('history of an account');
  await page.getByRole('link', { name: 'Your account' }).click();
  await page.getByText('this page').waitFor();
  await look('own account');
}

async function lookAtKeys(page: Page, look: Look): Promise<void> {
  await goTo(page, 'API keys');
  await page.getByRole('button', { name: 'New key' }).waitFor();
  await look('keys');
  await page.getByRole('button', { name: 'New key' }).click();
  const dialog = page.getByRole('dialog');
  const name = `Search ${randomUUID().slice(0, 4)}`;
  await dialog.getByLabel('Name').fill(name);
  await look('new key');
  await dialog.getByRole('button', { name: 'Make key' }).click();
  await dialog.locator('[data-api-key]').waitFor();
  await look('key shown');
  await dialog.getByRole('button', { name: 'I have copied it' }).click();
  await lookAtDialog(page, look, `Edit ${name}`, 'Cancel');
  await lookAtDialog(page, look, `Revoke ${name}`, 'Keep it');
}

/** Presses Tab until the element with these words has the focus. */
async function focusByTab(page: Page, words: string): Promise<void> {
  for (let step = 0; step < 40; step += 1) {
    await page.keyboard.press('Tab');
    if ((await page.evaluate(() => document.activeElement?.textContent?.trim())) === words) return;
  }
  throw new Error(`Tab never reached ${words}`);
}
