import { execFile } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { until, writeTinyModel } from '@muster/testing';
import type { Locator, Page } from 'playwright-core';
import type { ConsoleWindow } from './harness/console.js';
import type { NodeService } from './harness/node-service.js';
import { addNode, admin, makeFirstAccount, openNode, openNodes, waitForColour } from './harness/pages.js';
import { Stage } from './harness/stage.js';

const run = promisify(execFile);
const nodeProgram = join(import.meta.dirname, '../../node/dist/main.js');
/** The first start fetches the engine from the package registry. */
const ENGINE_WITHIN_MS = 300_000;
const SERVING_WITHIN_MS = 60_000;

jest.setTimeout(400_000);

/** A model on a node's disk becomes one that answers, and what goes wrong on the way is seen. Each step begins where the one before ended. */
describe('somebody who serves a model', () => {
  const stage = new Stage();
  const engines = mkdtempSync(join(tmpdir(), 'muster-e2e-engines-'));
  const withEngine = { MUSTER_ENGINE: 'fetch', MUSTER_ENGINE_FOLDER: engines };
  let window: ConsoleWindow;
  let page: Page;
  let second: NodeService;

  beforeAll(async () => {
    await stage.open(withEngine);
    window = await stage.window();
    page = window.page;
    await makeFirstAccount(page, stage.muster.code ?? '', admin);
    await waitForColour(page, 'Local Node', 'green', 30_000);
  });
  afterAll(async () => {
    await stage.close();
    rmSync(engines, { recursive: true, force: true });
  });
  afterEach(() => {
    expect(window.takeComplaints()).toEqual([]);
  });

  const row = (model: string): Locator =>
    page
      .getByRole('table', { name: 'Executors' })
      .getByRole('row')
      .filter({ has: page.getByText(model, { exact: true }) });
  const seesState = (model: string, state: string, withinMs = SERVING_WITHIN_MS) =>
    row(model)
      .getByText(new RegExp(`^\\s*${state}`))
      .first()
      .waitFor({ timeout: withinMs });
  /** The processes that serve models of a node, as its list of runs has them. */
  const runsOf = (data: string): readonly { pid?: number }[] =>
    (JSON.parse(readFileSync(join(data, 'executors/runs.json'), 'utf8')) as { runs: { pid?: number }[] }).runs;
  const isThere = (pid: number): boolean => {
    try {
      process.kill(pid, 0);
      return true;
    } catch {
      return false;
    }
  };

  it('sees a model appear that was put into the folder, with nothing restarted', async () => {
    await openNode(page, 'Local Node');
    const models = join(stage.muster.dataFolder, 'node/models');
    mkdirSync(models, { recursive: true });
    await writeTinyModel(join(models, 'tiny.gguf'));
    await seesState('tiny', 'Not started', 15_000);
  });

  it('sees what a start would take of the memory, and starts it', async () => {
    await page.getByRole('button', { name: 'Parameters of tiny' }).click();
    const dialog = page.getByRole('dialog', { name: 'Start tiny on Local Node' });
    await dialog.getByText(/^Needs about .* of memory, .* free\.$/).waitFor();
    await dialog.getByLabel('Slots', { exact: true }).fill('two');
    await dialog.getByRole('button', { name: 'Start', exact: true }).click();
    await dialog.getByText('This must be a number').waitFor();
    await dialog.getByLabel('Slots', { exact: true }).fill('2');
    await dialog.getByLabel('Context of a slot, in tokens').fill('512');
    await dialog.getByRole('button', { name: 'Start', exact: true }).click();
    await dialog.waitFor({ state: 'detached' });
    await seesState('tiny', 'Online', ENGINE_WITHIN_MS);
    await row('tiny').getByText('0 of 2').waitFor();
  });

  it('gets an answer straight from the node by curl, whole and as a stream', async () => {
    const data = join(stage.muster.dataFolder, 'node');
    const keyFile = join(stage.muster.dataFolder, 'secrets/access-key');
    const { stdout: ticket } = await run(
      process.execPath,
      [nodeProgram, 'ticket', '--data', data, '--access-key-file', keyFile],
      { env: { ...process.env, NODE_OPTIONS: '' } },
    );
    const { node: port } = JSON.parse(readFileSync(join(stage.muster.dataFolder, 'ports.json'), 'utf8')) as {
      node: number;
    };
    const ask = async (stream: boolean) => {
      const body = { model: 'tiny', stream, max_tokens: 4, messages: [{ role: 'user', content: 'Hello' }] };
      const { stdout } = await run('curl', [
        ...['-sS', '-k', '-N', '--max-time', '60', `https://localhost:${port}/v1/chat/completions`],
        ...['-H', `authorization: Bearer ${ticket.trim()}`, '-H', 'content-type: application/json'],
        ...['-d', JSON.stringify(body)],
      ]);
      return stdout;
    };
    expect(JSON.parse(await ask(false))).toMatchObject({ model: 'tiny', usage: { completion_tokens: 4 } });
    const streamed = await ask(true);
    expect(streamed.match(/^data: \{/gm)?.length).toBeGreaterThan(2);
    expect(streamed.trim().endsWith('data: [DONE]')).toBe(true);
  });

  it('tries it in the playground, and learns which node answered and how fast', async () => {
    await page.getByRole('link', { name: 'Playground' }).click();
    await page.getByLabel('Your message').fill('Hello');
    await page.getByLabel('Most tokens').fill('8');
    await page.getByRole('button', { name: 'Send' }).click();
    await page.getByText('The only executor that serves this model.').waitFor({ timeout: SERVING_WITHIN_MS });
    await page.getByText(/ 8 out$/).waitFor({ timeout: SERVING_WITHIN_MS });
    await page.getByText('"model":"tiny"', { exact: false }).waitFor();
  });

  it('sees it among the models of the fleet, and where it runs', async () => {
    await page.getByRole('link', { name: 'Models', exact: true }).click();
    const models = page.getByRole('table', { name: 'Models' });
    await models.getByRole('row').filter({ hasText: 'tiny' }).getByRole('link', { name: 'Local Node' }).waitFor();
  });

  it('sees why it failed after three crashes, with its last lines, and starts it again', async () => {
    await openNode(page, 'Local Node');
    const data = join(stage.muster.dataFolder, 'node');
    const killed = new Set<number>();
    for (let crash = 0; crash < 3; crash += 1) {
      const pid = await until(
        () => runsOf(data).find((each) => each.pid !== undefined && !killed.has(each.pid))?.pid,
        undefined,
        { withinMs: SERVING_WITHIN_MS },
      );
      if (pid === undefined) throw new Error('There is no process to kill');
      killed.add(pid);
      process.kill(pid, 'SIGKILL');
    }
    await seesState('tiny', 'Failed');
    await row('tiny')
      .getByText(/ended by SIGKILL/)
      .waitFor();
    await page.getByRole('button', { name: 'Details of tiny' }).click();
    await page.getByText('The last lines of the run that ended').waitFor();
    await page.getByRole('button', { name: 'Start again tiny' }).click();
    await seesState('tiny', 'Online');
  });

  it('finds in the history who ordered what', async () => {
    await page.getByRole('navigation', { name: 'Main' }).getByRole('link', { name: 'History', exact: true }).click();
    await page.getByText(/tiny/).first().waitFor();
    await page.getByText(admin.name).first().waitFor();
  });

  it('leaves no process behind when the node service is killed, and serves again by itself after its restart', async () => {
    second = await stage.node(await stage.muster.accessKey(), withEngine);
    mkdirSync(join(second.data, 'models'), { recursive: true });
    await writeTinyModel(join(second.data, 'models/other.gguf'));
    await openNodes(page);
    await addNode(page, 'brisk-otter', second.port, 15_000);
    await openNode(page, 'brisk-otter');
    await page.getByRole('button', { name: 'Start other' }).click({ timeout: 15_000 });
    await seesState('other', 'Online', ENGINE_WITHIN_MS);

    const before = runsOf(second.data).flatMap(({ pid }) => pid ?? []);
    expect(before).toHaveLength(1);
    await second.kill();
    await second.start();
    await until(() => before.every((pid) => !isThere(pid)), undefined, { withinMs: 20_000 });
    await until(() => runsOf(second.data).some(({ pid }) => pid !== undefined && !before.includes(pid)), undefined, {
      withinMs: SERVING_WITHIN_MS,
    });
    await seesState('other', 'Online');
    expect(runsOf(second.data)).toHaveLength(1);
  });

  it('stops it, and then nothing of it runs', async () => {
    const [run] = runsOf(second.data);
    await page.getByRole('button', { name: 'Stop other' }).click();
    await seesState('other', 'Offline');
    await until(() => run?.pid !== undefined && !isThere(run.pid), undefined, { withinMs: 20_000 });
  });
});
