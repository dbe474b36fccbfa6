import { until } from '@muster/testing';
import type { Page } from 'playwright-core';
import type { ConsoleWindow } from './harness/console.js';
import { Stage } from './harness/stage.js';
import type { NodeService } from './harness/node-service.js';
import {
  addNode,
  admin,
  makeFirstAccount,
  openNode,
  openNodes,
  waitForColour,
  Wizard,
  wordsOfRow,
} from './harness/pages.js';

/** The first evening with Muster, from the first page to the next morning. Each step begins where the one before ended. */
describe('somebody who has just started Muster', () => {
  const stage = new Stage();
  let window: ConsoleWindow;
  let page: Page;
  let second: NodeService;

  beforeAll(async () => {
    await stage.open();
    window = await stage.window();
    page = window.page;
  });
  afterAll(async () => {
    await stage.close();
  });
  afterEach(() => {
    expect(window.takeComplaints()).toEqual([]);
  });

  it('is asked for the one-time code and learns that another one is wrong', async () => {
    await page.getByRole('heading', { name: 'Make the first account' }).waitFor();
    await page.getByLabel('One-time code').fill('AAAA-AAAA');
    await page.getByLabel('Your name').fill(admin.name);
    await page.getByLabel('Password').fill(admin.password);
    await window.expecting(/403|401|400|429/, async () => {
      await page.getByRole('button', { name: 'Make account and sign in' }).click();
      await page.getByText('The one-time code is wrong').waitFor();
    });
  });

  it('makes the first account with the code from the terminal', async () => {
    await makeFirstAccount(page, stage.muster.code ?? '', admin);
  });

  it('sees this machine appear by itself as Local Node, green', async () => {
    await waitForColour(page, 'Local Node', 'green', 30_000);
    expect(await wordsOfRow(page, 'Local Node')).toMatch(/localhost:\d+ Healthy/);
  });

  it('sees its graphs move', async () => {
    await openNode(page, 'Local Node');
    const cpu = page.locator('app-graph').filter({ hasText: 'CPU' }).locator('canvas').first();
    await cpu.waitFor();
    const picture = () => cpu.evaluate((canvas) => (canvas as HTMLCanvasElement).toDataURL());
    const first = await picture();
    const later = await until(picture, (now) => now !== first, { withinMs: 5_000, everyMs: 250 });
    await until(picture, (now) => now !== later, { withinMs: 5_000, everyMs: 250 });
    await page
      .locator('app-graph')
      .filter({ hasText: 'CPU' })
      .getByText(/^\d+ %$/)
      .first()
      .waitFor();
  });

  it('sees what the machine is made of and what its node service logs', async () => {
    const facts = page.locator('app-node-facts');
    for (const label of ['CPU', 'RAM', 'Version', 'Certificate'])
      await facts.getByText(label, { exact: true }).waitFor();
    await page.getByRole('region', { name: 'Log lines' }).locator('.line').first().waitFor();
  });

  it('is told that the key is the cause when a second machine has another one', async () => {
    second = await stage.node('A'.repeat(43));
    await openNodes(page);
    const wizard = await Wizard.open(page);
    expect(await wizard.field('Name').inputValue()).not.toBe('');
    await wizard.fill({ name: 'brisk-otter', host: 'localhost', port: String(second.port) });
    await wizard.next();
    expect(await wizard.failure()).toMatch(/Access key refused.*The key in Configuration differs/);
    await wizard.cancel();
  });

  it('adds the second machine once it has the key, and sees its stages pass one by one', async () => {
    await second.kill();
    await second.useKey(await stage.muster.accessKey());
    await second.start();
    await addNode(page, 'brisk-otter', second.port, 15_000);
  });

  it('sees it red with its reason within 6 s when its node service is killed', async () => {
    await second.kill();
    expect(await waitForColour(page, 'brisk-otter', 'red', 6_000)).toBeLessThan(6_000);
    expect(await wordsOfRow(page, 'brisk-otter')).toMatch(/Connection refused|Link closed by the node|Silent/);
  });

  it('sees it green again within 5 s of its coming back', async () => {
    await second.start();
    expect(await waitForColour(page, 'brisk-otter', 'green', 5_000)).toBeLessThan(5_000);
  });

  it('deactivates it, activates it again', async () => {
    await openNode(page, 'brisk-otter');
    await page.getByRole('button', { name: 'Deactivate', exact: true }).click();
    await page.getByText('Deactivated', { exact: false }).first().waitFor();
    await openNodes(page);
    await waitForColour(page, 'brisk-otter', 'grey', 5_000);
    expect(await wordsOfRow(page, 'brisk-otter')).toContain(`Deactivated by ${admin.name}`);
    await openNode(page, 'brisk-otter');
    await page.getByRole('button', { name: 'Activate', exact: true }).click();
    await openNodes(page);
    await waitForColour(page, 'brisk-otter', 'green', 15_000);
  });

  it('renames it and keeps what it knows of it', async () => {
    await page.getByRole('button', { name: 'Edit brisk-otter' }).click();
    const dialog = page.getByRole('dialog', { name: 'Edit brisk-otter' });
    await dialog.getByLabel('Name', { exact: true }).fill('calm-heron');
    await dialog.getByRole('button', { name: 'Save' }).click();
    await waitForColour(page, 'calm-heron', 'green', 5_000);
  });

  it('finds everything as it was after a restart, which takes at most 10 s, with nobody having to sign in again', async () => {
    const restarted = await window.expecting(/.*/, async () => {
      expect(await stage.muster.stop()).toBe(0);
      const { tookMs } = await stage.muster.start();
      await page.getByText('Connection lost').first().waitFor({ state: 'detached', timeout: 20_000 });
      return tookMs;
    });
    expect(restarted).toBeLessThan(10_000);
    expect(stage.muster.code).toBeUndefined();
    await waitForColour(page, 'Local Node', 'green', 15_000);
    await waitForColour(page, 'calm-heron', 'green', 15_000);
    await page.reload();
    await waitForColour(page, 'calm-heron', 'green', 15_000);
  });

  it('deletes it after being told what stays, and it stays deleted', async () => {
    await openNode(page, 'calm-heron');
    await page.getByRole('button', { name: 'Delete', exact: true }).click();
    const dialog = page.getByRole('alertdialog', { name: 'Delete calm-heron?' });
    await dialog.getByText('stays in the history').waitFor();
    await dialog.getByRole('button', { name: 'Delete', exact: true }).click();
    await page.getByRole('heading', { name: 'Nodes', level: 1 }).waitFor();
    await page.getByRole('link', { name: 'calm-heron', exact: true }).waitFor({ state: 'detached' });
    await page.reload();
    await waitForColour(page, 'Local Node', 'green', 15_000);
    expect(await page.getByRole('link', { name: 'calm-heron', exact: true }).count()).toBe(0);
  });

  it('signs out, and the page before is closed to whoever comes next', async () => {
    await page.getByRole('button', { name: 'Sign out' }).click();
    await page.getByRole('heading', { name: 'Sign in' }).waitFor();
    await page.goto('/nodes');
    await page.getByRole('heading', { name: 'Sign in' }).waitFor();
  });

  it('is told by a second start that this one runs, and where', async () => {
    const told = await stage.muster.startAgain();
    expect(told).toContain(`Muster is running for this data folder already: open ${stage.muster.address} (pid `);
  });
});
