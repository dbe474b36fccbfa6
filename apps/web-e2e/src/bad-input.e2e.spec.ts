import type { Page } from 'playwright-core';
import type { ConsoleWindow } from './harness/console.js';
import { Stage } from './harness/stage.js';
import { admin, makeFirstAccount, signIn, waitForColour, Wizard, wordsOfRow } from './harness/pages.js';
import { freePort, otherServer } from './harness/ports.js';
import { callFrom } from './harness/rest.js';

describe('whoever types nonsense', () => {
  const stage = new Stage();
  let window: ConsoleWindow;
  let page: Page;
  const fresh = async () => {
    window = await stage.window();
    page = window.page;
  };

  beforeAll(async () => {
    await stage.open();
    await fresh();
  });
  afterAll(async () => {
    await stage.close();
  });
  afterEach(async () => {
    // A dialog that a failing test has left open would make the next one fail too.
    if ((await page.getByRole('dialog').count()) > 0) await page.keyboard.press('Escape');
    expect(window.takeComplaints()).toEqual([]);
  });

  it('is told what is missing for the first account, at each field', async () => {
    await page.getByLabel('Password').fill('short');
    await page.getByRole('button', { name: 'Make account and sign in' }).click();
    await page.getByText('Enter the one-time code').waitFor();
    await page.getByText('The name is empty').waitFor();
    await page.getByText('The password is shorter than 8 characters').waitFor();
  });

  it('gets in all the same once it is right', async () => {
    await makeFirstAccount(page, stage.muster.code ?? '', admin);
    await waitForColour(page, 'Local Node', 'green', 30_000);
  });

  it.each([
    ['https://gpu-04.lab', '8022', 'Host', 'Leave out the scheme'],
    ['gpu-04.lab/metrics', '8022', 'Host', 'Leave out the path'],
    ['gpu 04', '8022', 'Host', 'The host contains a space'],
    ['', '8022', 'Host', 'The host is empty'],
    ['10.0.4.999', '8022', 'Host', 'looks like an IP address but is not one'],
    ['gpu-04.lab', '', 'Port', 'The port must be a number'],
    ['gpu-04.lab', '70000', 'Port', 'The port must lie between 1 and 65535'],
    ['gpu-04.lab', 'eighty', 'Port', 'The port must be a number'],
  ] as const)('is told at its field what is wrong with %j and port %j', async (host, port, field, words) => {
    const wizard = await Wizard.open(page);
    await wizard.fill({ name: 'brisk-otter', host, port });
    await wizard.next();
    expect(await wizard.problemOf(field)).toContain(words);
    await wizard.cancel();
  });

  it('is told that a name or an address is taken', async () => {
    const [, port = ''] = /localhost:(\d+)/.exec(await wordsOfRow(page, 'Local Node')) ?? [];
    const wizard = await Wizard.open(page);
    await wizard.fill({ name: 'LOCAL node', host: 'LOCALHOST', port });
    await wizard.next();
    expect(await wizard.problemOf('Name')).toBe('Another node has this name.');
    expect(await wizard.problemOf('Host')).toBe('Another node has this address.');
    await wizard.cancel();
  });

  it('is told that a name must have visible characters', async () => {
    const wizard = await Wizard.open(page);
    await wizard.fill({ name: '   ', host: 'gpu-04.lab' });
    await wizard.next();
    expect(await wizard.problemOf('Name')).toBe('The name is empty');
    await wizard.cancel();
  });

  it('learns the stage and the cause when the address is no node', async () => {
    const http = await otherServer('HTTP/1.1 400 Bad Request\r\ncontent-length: 0\r\nconnection: close\r\n\r\n');
    const silent = await otherServer();
    const nobody = await freePort();
    try {
      const causes: [string, number, RegExp][] = [
        ['no-such-host.invalid', 8022, /No address for no-such-host\.invalid/],
        ['localhost', nobody, /Nothing listens on port/],
        ['localhost', http.port, /does not speak TLS as a node does|No node service on port/],
        ['localhost', silent.port, /answers and then says nothing/],
      ];
      for (const [host, port, words] of causes) {
        const wizard = await Wizard.open(page);
        await wizard.fill({ name: 'brisk-otter', host, port: String(port) });
        await wizard.next();
        expect([host, port, await wizard.failure()]).toEqual([host, port, expect.stringMatching(words)]);
        await wizard.cancel();
      }
    } finally {
      await http.close();
      await silent.close();
    }
  });

  it('is told that an address may not be dialled, and nothing leaves', async () => {
    const wizard = await Wizard.open(page);
    await wizard.fill({ name: 'brisk-otter', host: '169.254.169.254' });
    await wizard.next();
    expect(await wizard.failure()).toMatch(/169\.254\.169\.254:8022 is not dialled/);
    await wizard.cancel();
  });

  it('has changed nothing by all of this', async () => {
    const { body } = await callFrom(page, 'GET', '/api/nodes');
    expect((body as { nodes: { name: string }[] }).nodes.map(({ name }) => name)).toEqual(['Local Node']);
  });

  it('is refused by the server as by the page, with the field and the words', async () => {
    await window.expecting(/400/, async () => {
      const { status, body } = await callFrom(page, 'POST', '/api/nodes/verify', { host: 'https://x', port: 70_000 });
      expect(status).toBe(400);
      expect(body).toMatchObject({ code: 'bad-input' });
      const fields = (body as { fields: { field: string }[] }).fields.map(({ field }) => field);
      expect(fields.sort()).toEqual(['host', 'port']);
    });
  });

  it('cannot sign in with a wrong password, and is not told whether the name exists', async () => {
    await page.getByRole('button', { name: 'Sign out' }).click();
    for (const name of [admin.name, 'nobody at all']) {
      await page.getByRole('heading', { name: 'Sign in' }).waitFor();
      await window.expecting(/401|403|400/, async () => {
        await page.getByLabel('Name').fill(name);
        await page.getByLabel('Password').fill('not the password');
        await page.getByRole('button', { name: 'Sign in' }).click();
        await page.getByText('The name or the password is wrong.').waitFor();
      });
      await page.reload();
    }
    await signIn(page, admin);
  });
});
