import { randomUUID } from 'node:crypto';
import type { ConsoleWindow } from './harness/console.js';
import { Stage } from './harness/stage.js';
import { admin, makeFirstAccount, openNode, openNodes, type Person, signIn, waitForColour } from './harness/pages.js';
import { callFrom } from './harness/rest.js';

const viewer: Person = { name: 'Vera', password: 'only looking around' };

describe('somebody who may see the fleet and nothing else', () => {
  const stage = new Stage();
  let window: ConsoleWindow;
  let nodeId: string;

  beforeAll(async () => {
    await stage.open();
    const admins = await stage.window();
    await makeFirstAccount(admins.page, stage.muster.code ?? '', admin);
    await waitForColour(admins.page, 'Local Node', 'green', 30_000);
    const nodes = await callFrom(admins.page, 'GET', '/api/nodes');
    nodeId = (nodes.body as { nodes: { nodeId: string }[] }).nodes[0]?.nodeId ?? '';
    const account = { accountId: randomUUID(), ...viewer, permissions: ['fleet:view'] };
    expect(await callFrom(admins.page, 'POST', '/api/accounts', account)).toMatchObject({ status: 201 });
    await admins.close();
    window = await stage.window();
  });
  afterAll(async () => {
    await stage.close();
  });

  it('sees the nodes and no way to add, change or delete one', async () => {
    const { page } = window;
    await signIn(page, viewer);
    await waitForColour(page, 'Local Node', 'green', 15_000);
    for (const name of ['New node', 'Edit Local Node'])
      expect([name, await page.getByRole('button', { name }).count()]).toEqual([name, 0]);
    await openNode(page, 'Local Node');
    for (const name of ['Deactivate', 'Edit', 'Delete'])
      expect([name, await page.getByRole('button', { name, exact: true }).count()]).toEqual([name, 0]);
    expect(await page.getByRole('link', { name: 'Configuration' }).count()).toBe(0);
    expect(window.takeComplaints()).toEqual([]);
  });

  it('is refused by the server whatever the page offers', async () => {
    const { page } = window;
    const node = { nodeId: randomUUID(), name: 'x', host: 'localhost', port: 8022, fingerprint: 'AB'.repeat(32) };
    const calls: [string, string, object?][] = [
      ['POST', '/api/nodes/verify', { host: 'localhost', port: 8022 }],
      ['POST', '/api/nodes', node],
      ['PATCH', `/api/nodes/${nodeId}`, { name: 'mine' }],
      ['POST', `/api/nodes/${nodeId}/activate`],
      ['POST', `/api/nodes/${nodeId}/deactivate`],
      ['DELETE', `/api/nodes/${nodeId}`],
      ['GET', '/api/accounts'],
      ['POST', '/api/settings/access-key/show'],
    ];
    await window.expecting(/403/, async () => {
      for (const [method, path, body] of calls) {
        const { status, body: problem } = await callFrom(page, method, path, body);
        expect([method, path, status, (problem as { code?: string }).code]).toEqual([
          method,
          path,
          403,
          'not-permitted',
        ]);
      }
    });
    await openNodes(page);
    await waitForColour(page, 'Local Node', 'green', 5_000);
    expect(window.takeComplaints()).toEqual([]);
  });
});
