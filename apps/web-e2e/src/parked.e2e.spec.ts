import { randomUUID } from 'node:crypto';
import { seriousFindings } from './harness/axe.js';
import type { ConsoleWindow } from './harness/console.js';
import { admin, makeFirstAccount, waitForColour } from './harness/pages.js';
import { callFrom } from './harness/rest.js';
import { Stage } from './harness/stage.js';

describe('a fact that can not be taken in', () => {
  const stage = new Stage();
  let window: ConsoleWindow;
  let nodeId: string;

  beforeAll(async () => {
    await stage.open();
    window = await stage.window();
    await makeFirstAccount(window.page, stage.muster.code ?? '', admin);
    await waitForColour(window.page, 'Local Node', 'green', 30_000);
    const { body } = await callFrom(window.page, 'GET', '/api/nodes');
    nodeId = (body as { nodes: { nodeId: string }[] }).nodes[0]?.nodeId ?? '';
  });
  afterAll(() => stage.close());

  it('is told on every page, shown with its reason, and goes on after the cure and a click', async () => {
    const { page } = window;
    await stage.muster.query(
      `insert into registry.events (stream_id, version, id, command_id, type, schema_version, data, meta)
       select stream_id, version + 1, $2, $3, 'NodePainted', 1, $4, meta from registry.events
        where stream_id = $1 order by version desc limit 1`,
      [`node-${nodeId}`, randomUUID(), randomUUID(), { nodeId, colour: 'green', at: new Date().toISOString() }],
    );
    await page.getByText('Some facts can not be taken in.').waitFor({ timeout: 30_000 });
    // Everything else goes on.
    await callFrom(page, 'PUT', '/api/settings/access-key', {});
    await page.getByRole('link', { name: 'Look at them' }).click();
    await page.getByRole('heading', { name: 'Parked facts', level: 1 }).waitFor();
    const list = page.getByRole('list', { name: 'Parked facts' });
    await list.getByText('NodePainted is an unknown type').waitFor();
    await list.getByText('The fact as it is stored').click();
    await list.getByText('"colour": "green"').waitFor();
    expect(await seriousFindings(page)).toEqual([]);

    const again = list.getByRole('button', { name: 'Try again' });
    await again.click();
    await page.getByText(`node-${nodeId} still waits: NodePainted is an unknown type`).waitFor();
    await stage.muster.query(`update registry.events set type = 'NodeActivated' where type = 'NodePainted'`);
    await again.click();
    await page.getByText(`node-${nodeId} goes on: the fact that waited was taken in.`).waitFor();
    await list.getByText('Nothing waits.').waitFor();
    await page.getByText('Some facts can not be taken in.').waitFor({ state: 'detached', timeout: 30_000 });
    expect(window.takeComplaints()).toEqual([]);
  });
});
