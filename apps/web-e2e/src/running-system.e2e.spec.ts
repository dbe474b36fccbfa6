import { until } from '@muster/testing';
import type { Page } from 'playwright-core';
import type { ConsoleWindow } from './harness/console.js';
import { admin, makeFirstAccount, openNode, openNodes, signIn, waitForColour } from './harness/pages.js';
import { Stage } from './harness/stage.js';

jest.setTimeout(120_000);

/**
 * The console of a system that may run anywhere: nothing here but a browser and its address. With MUSTER_E2E_ADDRESS and
 * MUSTER_E2E_CODE it is the system at that address, before its first account; else one of its own.
 */
describe('the console of a running system', () => {
  const stage = new Stage();
  let window: ConsoleWindow;
  let page: Page;

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

  it('takes the first account, and finds the node of its machine', async () => {
    await makeFirstAccount(page, stage.muster.code ?? '', admin);
    await waitForColour(page, 'Local Node', 'green', 60_000);
  });

  it('shows what a node does at this moment', async () => {
    await openNode(page, 'Local Node');
    const cpu = page.locator('app-graph').filter({ hasText: 'CPU' }).locator('canvas').first();
    await cpu.waitFor();
    const picture = () => cpu.evaluate((canvas) => (canvas as HTMLCanvasElement).toDataURL());
    const first = await picture();
    await until(picture, (now) => now !== first, { withinMs: 15_000, everyMs: 250 });
    await page.getByRole('region', { name: 'Log lines' }).locator('.line').first().waitFor();
  });

  it('carries out what is ordered, and shows it at once', async () => {
    await page.getByRole('button', { name: 'Deactivate', exact: true }).click();
    await openNodes(page);
    await waitForColour(page, 'Local Node', 'grey', 15_000);
    await openNode(page, 'Local Node');
    await page.getByRole('button', { name: 'Activate', exact: true }).click();
    await openNodes(page);
    await waitForColour(page, 'Local Node', 'green', 30_000);
  });

  it('keeps who is signed in over a reload, and lets them out', async () => {
    await page.reload();
    await waitForColour(page, 'Local Node', 'green', 30_000);
    await page.getByRole('button', { name: 'Sign out' }).click();
    await signIn(page, admin);
    await waitForColour(page, 'Local Node', 'green', 30_000);
  });
});
