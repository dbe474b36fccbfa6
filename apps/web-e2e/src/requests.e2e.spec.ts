import { randomUUID } from 'node:crypto';
import { type Figures, type RequestPage } from '@muster/contracts';
import { until } from '@muster/testing';
import type { Page } from 'playwright-core';
import { seriousFindings } from './harness/axe.js';
import type { ConsoleWindow } from './harness/console.js';
import { OpenAiServer } from './harness/open-ai-server.js';
import { addNode, admin, makeFirstAccount, openNodes, rowOf, signIn, waitForColour } from './harness/pages.js';
import { callFrom } from './harness/rest.js';
import { Stage } from './harness/stage.js';

const MODEL = 'tiny-chat';
const SERVING_WITHIN_MS = 60_000;

jest.setTimeout(240_000);

/** What applications ask by way of the router is counted before one's eyes, and the sums are those of the facts. */
describe('somebody who looks at what is served', () => {
  const stage = new Stage();
  let engine: OpenAiServer;
  let window: ConsoleWindow;
  let page: Page;
  let api = '';
  let key = '';

  beforeAll(async () => {
    engine = await OpenAiServer.start(MODEL, 2);
    await stage.open({ MUSTER_ENGINE_URLS: engine.url });
    window = await stage.window();
    page = window.page;
    await makeFirstAccount(page, stage.muster.code ?? '', admin);
    await waitForColour(page, 'Local Node', 'green', SERVING_WITHIN_MS);
    api = /Applications send requests to (\S+)/.exec(stage.muster.output)?.[1] ?? '';
    const keyId = randomUUID();
    const made = await callFrom(page, 'POST', '/api/keys', { keyId, name: 'docs-chat', permissions: ['inference'] });
    key = (made.body as { key: string }).key;
    // The router has heard of key and model.
    await until(
      () => ask().then(({ status }) => status),
      (status) => status === 200,
      { withinMs: SERVING_WITHIN_MS },
    );
  });
  afterAll(async () => {
    await stage.close();
    await engine.stop();
  });
  afterEach(() => {
    expect(window.takeComplaints()).toEqual([]);
  });

  const ask = (): Promise<Response> =>
    fetch(`${api}/chat/completions`, {
      method: 'POST',
      headers: { authorization: `Bearer ${key}`, 'content-type': 'application/json' },
      body: JSON.stringify({ model: MODEL, messages: [{ role: 'user', content: 'Hello' }] }),
    });
  const figures = async (): Promise<Figures | null> =>
    ((await callFrom(page, 'GET', '/api/figures')).body as { figures: Figures | null }).figures;
  const openRequests = async () => {
    await page.getByRole('navigation', { name: 'Main' }).getByRole('link', { name: 'Requests', exact: true }).click();
    await page.getByRole('heading', { name: 'Requests', level: 1 }).waitFor();
  };
  const list = () => page.getByRole('table', { name: 'Requests' });

  it('sees requests come, go on and end, live, with who served them', async () => {
    await openRequests();
    engine.hold();
    const answers = Array.from({ length: 3 }, ask);
    // Two slots: two are on the node, and one waits.
    await list().getByRole('row').filter({ hasText: 'In flight' }).nth(1).waitFor();
    await list().getByRole('row').filter({ hasText: 'waiting' }).waitFor();
    await page.getByRole('button', { name: /^In flight\s+2$/ }).waitFor();
    engine.letGo();
    for (const answer of await Promise.all(answers)) expect(answer.status).toBe(200);
    await list().getByRole('row').filter({ hasText: 'In flight' }).first().waitFor({ state: 'detached' });
    const done = list().getByRole('row').filter({ hasText: 'Completed' });
    expect((await done.first().innerText()).replace(/\s+/g, ' ')).toMatch(
      /tiny-chat Local Node docs-chat Completed .* 5 › 3 Completed/,
    );
  });

  it('finds every request in one place, and totals that equal the facts', async () => {
    engine.fail(true);
    const failed = await Promise.all(Array.from({ length: 3 }, ask));
    engine.fail(false);
    const answered = await Promise.all(Array.from({ length: 12 }, ask));
    expect(failed.every(({ status }) => status >= 500)).toBe(true);
    expect(answered.every(({ status }) => status === 200)).toBe(true);
    const listed = async (): Promise<RequestPage['requests']> =>
      ((await callFrom(page, 'GET', '/api/requests?limit=200')).body as RequestPage).requests;
    const [counted, requests] = await until(
      async () => [await figures(), await listed()] as const,
      ([now]) => now?.conservation.inFlight === 0 && now.conservation.queued === 0 && now.conservation.failed === 3,
      { withinMs: 30_000 },
    );
    const { accepted, completed, ...others } = counted?.conservation ?? { accepted: -1, completed: -1 };
    expect(accepted).toBe(requests.length);
    expect(completed).toBe(requests.filter(({ state }) => state === 'completed').length);
    expect(Object.values(others).reduce((sum, n) => sum + n, completed)).toBe(accepted);
    const sum = page.locator('app-conservation-line');
    await sum.getByText(String(accepted), { exact: true }).waitFor();
    expect((await sum.innerText()).replace(/\s+/g, ' ')).toContain(`${completed} completed + 3 failed`);
  });

  it('reads the life of one request as facts, and finds nothing in it of what was said', async () => {
    await page.getByRole('button', { name: /^Failed/ }).click();
    await list().getByRole('link').first().click();
    await page.getByRole('heading', { name: /^Failed: tiny-chat/, level: 1 }).waitFor();
    const facts = page.getByRole('region', { name: 'Its life, as facts' });
    await facts.getByText(/failed after/).waitFor();
    for (const fact of await facts.getByRole('group').all()) await fact.click();
    const told = await facts.innerText();
    expect(told).toContain('RequestStarted');
    expect(told).toContain('RequestFinished');
    expect(told).not.toContain('Hello');
    await page.getByRole('link', { name: '← Requests' }).click();
  });

  it('sees the panel of the Gateway count, and with a second node how the work was shared', async () => {
    await openNodes(page);
    const panel = page.locator('app-gateway-panel');
    const { handled } = (await figures()) ?? {};
    await panel.getByText(String(handled?.sinceStart), { exact: true }).waitFor();
    await panel.getByText(/slower than 30 s \(0 %\)/).waitFor();
    expect(await panel.getByText('Cluster max concurrency').count()).toBe(0);
    const node = await stage.node(await stage.muster.accessKey(), { MUSTER_ENGINE_URLS: engine.url });
    await addNode(page, 'brisk-otter', node.port, SERVING_WITHIN_MS);
    await panel.getByText('Cluster max concurrency').waitFor();
    // Both hold two, so that four at once take both.
    await until(
      async () => {
        engine.hold();
        const answers = Array.from({ length: 4 }, ask);
        const both = await until(figures, (now) => now?.concurrency.now === 4 || now?.concurrency.queued === 2, {
          withinMs: 15_000,
        });
        engine.letGo();
        await Promise.all(answers);
        return both?.concurrency.now;
      },
      (now) => now === 4,
      { withinMs: SERVING_WITHIN_MS },
    );
    await panel.getByText(/^\s*4\s+at once · \d+.* % even\s*$/).waitFor();
    await until(
      async () => (await rowOf(page, 'brisk-otter').innerText()).replace(/\s+/g, ' '),
      (words) => /\d %/.test(words),
    );
  });

  it('finds nothing that is hard to read or to operate, in both themes and on a phone', async () => {
    for (const colours of ['dark', 'light'] as const) {
      const other = await stage.window(colours);
      await signIn(other.page, admin);
      await other.page.goto('/requests');
      await other.page.getByRole('table', { name: 'Requests' }).getByRole('row').nth(3).waitFor();
      await other.page.getByRole('button', { name: 'By model' }).click();
      await other.page.getByRole('rowheader', { name: MODEL }).first().waitFor();
      expect(await seriousFindings(other.page)).toEqual([]);
      await other.page.getByRole('table', { name: 'Requests' }).getByRole('link').first().click();
      await other.page.getByRole('heading', { name: 'What is known' }).waitFor();
      expect(await seriousFindings(other.page)).toEqual([]);
      await other.page.setViewportSize({ width: 390, height: 800 });
      for (const path of ['/requests', '/nodes']) {
        await other.page.goto(path);
        await other.page.getByRole('table').first().waitFor();
        expect(await other.page.evaluate(() => document.documentElement.scrollWidth - globalThis.innerWidth)).toBe(0);
        expect(await seriousFindings(other.page)).toEqual([]);
      }
      expect(other.takeComplaints()).toEqual([]);
      await other.close();
    }
  });
});
