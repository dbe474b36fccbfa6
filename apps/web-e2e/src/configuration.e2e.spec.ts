import { until } from '@muster/testing';
import type { Page } from 'playwright-core';
import { seriousFindings } from './harness/axe.js';
import type { ConsoleWindow } from './harness/console.js';
import type { NodeService } from './harness/node-service.js';
import {
  addNode,
  admin,
  makeFirstAccount,
  openNodes,
  signIn,
  waitForColour,
  Wizard,
  wordsOfRow,
} from './harness/pages.js';
import { callFrom } from './harness/rest.js';
import { Stage } from './harness/stage.js';

const FURTHER = 'gpu-04';

describe('the configuration', () => {
  const stage = new Stage();
  let node: NodeService;
  let one: ConsoleWindow;
  let other: ConsoleWindow;

  beforeAll(async () => {
    await stage.open();
    one = await stage.window('dark');
    await makeFirstAccount(one.page, stage.muster.code ?? '', admin);
    await waitForColour(one.page, 'Local Node', 'green', 30_000);
    node = await stage.node(await stage.muster.accessKey());
    await addNode(one.page, FURTHER, node.port, 30_000);
    other = await stage.window('light');
    await signIn(other.page, admin);
  });
  afterAll(async () => {
    await stage.close();
  });

  const openConfiguration = async (page: Page) => {
    await page.getByRole('link', { name: 'Configuration' }).click();
    await page.getByLabel('First port').waitFor();
  };
  const save = async (page: Page) => {
    await page.getByRole('button', { name: 'Save', exact: true }).click();
    await page.getByText('Saved. It holds from now on.').waitFor();
  };
  const rotation = (page: Page) => page.getByRole('group', { name: 'Rotation' });
  const rotate = async (page: Page) => {
    await page.getByRole('button', { name: 'Change', exact: true }).click();
    const dialog = page.getByRole('dialog', { name: 'Change the access key' });
    await dialog.getByRole('button', { name: 'Change key' }).click();
    await dialog.waitFor({ state: 'detached' });
    await rotation(page).waitFor();
  };
  /** The node service of this machine takes the key up by itself; only then does its file hold the new one. */
  const newKey = (former: string) =>
    until(
      () => stage.muster.accessKey(),
      (key) => key !== former,
      { withinMs: 20_000 },
    );
  const holding = (page: Page, what: string, names: string) =>
    rotation(page)
      .locator('div')
      .filter({ has: page.getByRole('term').filter({ hasText: what }), hasText: names })
      .first()
      .waitFor({ timeout: 30_000 });

  it('shows during a rotation who still has the former key, and ends it when nobody does, without a node turning red', async () => {
    const { page } = one;
    await openConfiguration(page);
    await page.getByText('2 of 2 nodes linked with it.').waitFor();
    await openConfiguration(other.page);
    const former = await stage.muster.accessKey();
    await rotate(page);
    await holding(page, 'New key', 'Local Node');
    await holding(page, 'Still the former key', FURTHER);
    // Whoever looks at the same page elsewhere sees it too.
    await holding(other.page, 'Still the former key', FURTHER);
    expect(await seriousFindings(page)).toEqual([]);
    expect(await seriousFindings(other.page)).toEqual([]);

    await node.useKey(await newKey(former));
    await rotation(page).waitFor({ state: 'detached', timeout: 30_000 });
    await page.getByText('2 of 2 nodes linked with it.').waitFor();
    const { body } = await callFrom(page, 'GET', '/api/history?family=health&kind=NodeLost');
    expect(body).toMatchObject({ entries: [] });
  });

  it('refuses in the wizard what may no longer be dialled, and takes the links to it down', async () => {
    const { page } = one;
    await openConfiguration(page);
    await page.getByLabel('Nodes on this machine').uncheck();
    await save(page);
    await openNodes(page);
    await waitForColour(page, FURTHER, 'red', 15_000);
    expect(await wordsOfRow(page, FURTHER)).toContain('Address not allowed');
    const wizard = await Wizard.open(page);
    await wizard.fill({ name: 'not allowed', host: 'localhost', port: String(node.port + 1) });
    await wizard.next();
    expect(await wizard.failure()).toContain('is not dialled');
    await wizard.cancel();
    await openConfiguration(page);
    await page.getByLabel('Nodes on this machine').check();
    await save(page);
    await openNodes(page);
    await waitForColour(page, FURTHER, 'green', 30_000);
    await waitForColour(page, 'Local Node', 'green', 30_000);
  });

  it('says what is wrong at each field and keeps what somebody else changed meanwhile', async () => {
    const { page } = one;
    await openConfiguration(page);
    await page.getByLabel('Last port').fill('80');
    await page.getByLabel('Log lines').fill('soon');
    await page.getByLabel('Further addresses').fill('muster.lab');
    await page.getByRole('button', { name: 'Save', exact: true }).click();
    await page.getByText('The last port must not lie before the first').waitFor();
    await page.getByText('This must be a number of days').waitFor();
    await page.getByText('muster.lab: Enter scheme and host alone').waitFor();
    expect(await seriousFindings(page)).toEqual([]);
    await page.getByRole('button', { name: 'Discard' }).click();

    await page.getByLabel('Counted as delayed').fill('12.5');
    await openConfiguration(other.page);
    await other.page.getByLabel('Measurements').fill('60');
    await save(other.page);
    await page.getByText('Somebody else changed the settings').waitFor();
    // A leave is asked about: what was typed would be lost.
    await page.getByRole('navigation', { name: 'Main' }).getByRole('link', { name: 'History', exact: true }).click();
    await page.getByRole('alertdialog').getByRole('button', { name: 'Stay' }).click();
    await page.getByRole('button', { name: 'Reload' }).click();
    await until(async () => (await page.getByLabel('Measurements').inputValue()) === '60');
    expect(await page.getByLabel('Counted as delayed').inputValue()).toBe('30');
    await page.getByLabel('Counted as delayed').fill('12.5');
    await save(page);
    await until(async () => (await other.page.getByLabel('Counted as delayed').inputValue()) === '12.5');

    await page.getByRole('link', { name: 'Changes' }).click();
    await page.getByRole('button', { name: 'Threshold of delayed requests changed' }).waitFor();
  });

  it('warns on every page while inference is open to everybody', async () => {
    await openConfiguration(one.page);
    await openNodes(other.page);
    await one.page.getByRole('button', { name: 'Open…' }).click();
    await one.page.getByRole('button', { name: 'Open to everybody' }).click();
    await one.page.getByText('Open to everybody.').waitFor();
    await other.page.getByText('Inference is open to everybody.').waitFor();
    expect(await seriousFindings(one.page)).toEqual([]);
    expect(await seriousFindings(other.page)).toEqual([]);
    await one.page.getByRole('button', { name: 'Close it' }).click();
    await other.page.getByText('Inference is open to everybody.').waitFor({ state: 'detached' });
  });

  it('gives the former key up at the word of a person, after naming who turns red', async () => {
    const { page } = one;
    await openConfiguration(page);
    await rotate(page);
    await holding(page, 'New key', 'Local Node');
    await page.getByRole('button', { name: 'End rotation now' }).click();
    const dialog = page.getByRole('alertdialog', { name: 'End the rotation now?' });
    await dialog.getByText(FURTHER).waitFor();
    expect(await seriousFindings(page)).toEqual([]);
    await dialog.getByRole('button', { name: 'End rotation', exact: true }).click();
    await dialog.waitFor({ state: 'detached' });
    await rotation(page).waitFor({ state: 'detached' });
    await openNodes(page);
    await waitForColour(page, FURTHER, 'red', 30_000);
    expect(await wordsOfRow(page, FURTHER)).toContain('Access key refused');
    await waitForColour(page, 'Local Node', 'green', 5_000);
    expect(one.takeComplaints()).toEqual([]);
    expect(other.takeComplaints()).toEqual([]);
  });
});
