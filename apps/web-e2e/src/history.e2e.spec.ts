import type { ExportedEntry } from '@muster/contracts';
import type { Browser, Page } from 'playwright-core';
import { seriousFindings } from './harness/axe.js';
import { ConsoleWindow, openBrowser } from './harness/console.js';
import { Muster } from './harness/muster.js';
import { admin, makeFirstAccount, openNode, waitForColour } from './harness/pages.js';
import { callFrom } from './harness/rest.js';

describe('somebody who asks what happened', () => {
  let muster: Muster;
  let browser: Browser;
  let window: ConsoleWindow;
  let page: Page;
  let nodeId: string;
  /** While the node had its first name. */
  let then: string;

  const openHistory = async (): Promise<void> => {
    await page.getByRole('navigation', { name: 'Main' }).getByRole('link', { name: 'History', exact: true }).click();
    await page.getByRole('heading', { name: 'History', level: 1 }).waitFor();
  };
  const entry = (words: string) => page.getByRole('button', { expanded: false }).filter({ hasText: words });

  beforeAll(async () => {
    [muster, browser] = await Promise.all([Muster.start(), openBrowser()]);
    window = await ConsoleWindow.open(browser, muster.address);
    page = window.page;
    await makeFirstAccount(page, muster.code ?? '', admin);
    await waitForColour(page, 'Local Node', 'green', 30_000);
    const { body } = await callFrom(page, 'GET', '/api/nodes');
    nodeId = (body as { nodes: { nodeId: string }[] }).nodes[0]?.nodeId ?? '';
  });
  afterAll(async () => {
    await browser.close();
    await muster.remove();
  });
  afterEach(() => {
    expect(window.takeComplaints()).toEqual([]);
  });

  it('finds how the first node came, who signed in, and how the node is', async () => {
    await openHistory();
    await page.getByRole('heading', { name: 'Today' }).waitFor();
    for (const words of ['Local Node registered', 'Local Node: Healthy', `${admin.name} signed in`, 'Access key made'])
      await entry(words).waitFor();
    expect(await seriousFindings(page)).toEqual([]);
  });

  it('sees what is done elsewhere appear by itself, with what changed and who did it', async () => {
    then = new Date().toISOString();
    expect(await callFrom(page, 'PATCH', `/api/nodes/${nodeId}`, { name: 'brisk-otter' })).toMatchObject({
      status: 200,
    });
    const renamed = entry('Local Node renamed');
    await renamed.waitFor({ timeout: 5_000 });
    expect((await renamed.innerText()).replace(/\s+/g, ' ')).toMatch(
      /Local Node → to brisk-otter Ada|→.*brisk-otter.*Ada/,
    );
    await renamed.click();
    await page.getByLabel('The fact NodeRenamed').getByText('"type": "NodeRenamed"').waitFor();
  });

  it('narrows it by words and exports what is left', async () => {
    const search = page.getByRole('searchbox', { name: 'Search the history' });
    await search.fill('renamed');
    await entry('Local Node registered').waitFor({ state: 'detached' });
    const href = (await page.getByRole('link', { name: 'Export' }).getAttribute('href')) ?? '';
    const { body } = await callFrom(page, 'GET', href);
    expect((body as ExportedEntry).words).toEqual({
      title: 'Local Node renamed',
      change: { from: 'Local Node', to: 'brisk-otter' },
    });
    await search.press('Escape');
    await entry('Local Node registered').waitFor();
    await page.getByLabel('What').selectOption('Configuration');
    await entry('Local Node registered').waitFor({ state: 'detached' });
    await entry('Access key made').waitFor();
    await page.getByRole('link', { name: 'Show all' }).click();
    await entry('Local Node registered').waitFor();
  });

  it('finds the history of one node on its page', async () => {
    await openNode(page, 'brisk-otter');
    await page.getByRole('link', { name: 'History', exact: true }).last().click();
    const history = page.locator('app-history-card');
    await history.getByText('Local Node registered').waitFor();
    expect(await history.getByText('signed in').count()).toBe(0);
  });

  it('looks at the fleet as it was known before, with nothing to change, and comes back', async () => {
    await page.goto(`/nodes?at=${then}`);
    await page.getByText('The fleet as it was known on').waitFor();
    await page.getByRole('row').filter({ hasText: 'Local Node' }).getByText('Healthy').waitFor();
    expect(await page.getByRole('button', { name: /New node|Edit/ }).count()).toBe(0);
    expect(await seriousFindings(page)).toEqual([]);
    await page.getByRole('link', { name: 'Back to now' }).click();
    await page.getByRole('link', { name: 'brisk-otter', exact: true }).waitFor();
    await page.getByRole('button', { name: 'As of…' }).click();
    await page.getByLabel('Show the fleet as of').fill('2020-01-01T00:00:00');
    await page.getByRole('button', { name: 'Show', exact: true }).click();
    await page.getByText('No node was registered then.').waitFor();
  });
});
