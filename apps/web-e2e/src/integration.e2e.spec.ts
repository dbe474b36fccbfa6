import { type ChildProcess, spawn } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { mkdtemp, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type NodeView, type WebhookDelivery } from '@muster/contracts';
import { until } from '@muster/testing';
import { connect } from '@nats-io/transport-node';
import type { Page } from 'playwright-core';
import { admin, makeFirstAccount } from './harness/pages.js';
import { callFrom } from './harness/rest.js';
import { Stage } from './harness/stage.js';

const root = join(import.meta.dirname, '../../..');
const within30 = { withinMs: 30_000 };

/** The programs of docs/integration.md, word for word, by the names that stand with them. */
async function programsOfThePage(): Promise<Map<string, string>> {
  const page = await readFile(join(root, 'docs/integration.md'), 'utf8');
  return new Map(
    [...page.matchAll(/^```\w+ name=(\S+)\n(.*?)^```$/gms)].map(([, name = '', text = '']) => [name, text]),
  );
}

/** How a person runs each, as the page says. */
const runs: Readonly<Record<string, string>> = {
  'facts.mjs': process.execPath,
  'facts.py': 'python3',
  'facts.sh': 'sh',
};

describe('the programs of docs/integration.md, against the running system', () => {
  const stage = new Stage();
  let page: Page;
  let folder: string;
  let env: NodeJS.ProcessEnv;
  let programs: Map<string, string>;
  let node: NodeView;
  const running: ChildProcess[] = [];
  const integrationId = randomUUID();

  beforeAll(async () => {
    await stage.open();
    const window = await stage.window('light');
    page = window.page;
    await makeFirstAccount(page, stage.muster.code ?? '', admin);
    programs = await programsOfThePage();
    folder = await mkdtemp(join(tmpdir(), 'muster-programs-'));
    await symlink(join(root, 'node_modules'), join(folder, 'node_modules'));
    for (const [name, text] of programs) await writeFile(join(folder, name), text);
    const made = await callFrom(page, 'POST', '/api/integrations', {
      ...{ integrationId, name: 'Desk', streams: ['FLEET'], doors: ['nats', 'http'] },
    });
    expect(made.status).toBe(201);
    const { secret, natsUser } = made.body as { secret: string; natsUser: string };
    const { nats } = JSON.parse(await readFile(join(stage.muster.dataFolder, 'ports.json'), 'utf8')) as {
      nats: number;
    };
    env = {
      PATH: process.env['PATH'],
      ...{ MUSTER_URL: stage.muster.address, MUSTER_NATS: `nats://127.0.0.1:${nats}` },
      ...{ MUSTER_USER: natsUser, MUSTER_SECRET: secret },
    };
    // A program started by hand comes long after nats-server knows a new secret, which is within two seconds.
    await until(
      async () => {
        const login = { user: natsUser, pass: secret, inboxPrefix: `_INBOX_${natsUser}` };
        await (await connect({ servers: `127.0.0.1:${nats}`, ...login, reconnect: false })).close();
        return true;
      },
      undefined,
      within30,
    );
    node = await until(
      async () => ((await callFrom(page, 'GET', '/api/nodes')).body as { nodes: NodeView[] }).nodes[0] as NodeView,
      (found) => found !== undefined,
      { withinMs: 60_000 },
    );
  }, 180_000);
  afterAll(async () => {
    for (const child of running) child.kill('SIGKILL');
    await stage.close();
    await rm(folder, { recursive: true, force: true });
  });

  const rename = async (name: string): Promise<void> => {
    expect((await callFrom(page, 'PATCH', `/api/nodes/${node.nodeId}`, { name })).status).toBe(200);
  };

  /** Runs one as it stands on the page; what it says is kept. */
  function run(name: string, more: NodeJS.ProcessEnv = {}): { said: string } {
    const heard = { said: '' };
    const child = spawn(runs[name] ?? '', [join(folder, name)], { cwd: folder, env: { ...env, ...more } });
    running.push(child);
    for (const stream of [child.stdout, child.stderr])
      stream.on('data', (chunk: Buffer) => (heard.said += chunk.toString('utf8')));
    return heard;
  }

  it('are three', () => expect([...programs.keys()].sort()).toEqual(Object.keys(runs).sort()));

  it.each(['facts.mjs', 'facts.py', 'facts.sh'])(
    '%s is told what was, and what happens while it runs',
    async (name) => {
      // Each is given all from the oldest fact on, whatever the ones before it have acknowledged.
      const anew = await callFrom(page, 'PUT', `/api/integrations/${integrationId}/consumers/FLEET`, { from: 'start' });
      expect(anew.status).toBe(200);
      const program = run(name);
      await until(() => program.said.includes('NodeRegistered'), undefined, within30).catch(() => {
        throw new Error(`It said: ${program.said}`);
      });
      await rename(`Seen by ${name}`);
      await until(() => program.said.includes(`Seen by ${name}`), undefined, within30).catch(() => {
        throw new Error(`It said: ${program.said}`);
      });
    },
  );

  it('facts.sh goes on after the position that it saw last', async () => {
    const first = run('facts.sh');
    await rename('Before the pause');
    await until(() => first.said.includes('Before the pause'), undefined, within30);
    const [after = ''] = [...first.said.matchAll(/^id: (\S+)$/gm)].map(([, id]) => id ?? '').slice(-1);
    const again = run('facts.sh', { AFTER: after });
    await rename('After the pause');
    await until(() => again.said.includes('After the pause'), undefined, within30);
    expect(again.said).not.toContain('"name":"Before the pause"');
    expect(again.said).not.toContain('NodeRegistered');
  });

  it('a webhook is sent the same facts, and its log tells so', async () => {
    const seen: string[] = [];
    const server: Server = createServer((request, response) => {
      let body = '';
      request.on('data', (chunk: Buffer) => (body += chunk.toString('utf8')));
      request.on('end', () => {
        seen.push((JSON.parse(body) as { facttype: string }).facttype);
        response.writeHead(204).end();
      });
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    try {
      const webhookId = randomUUID();
      const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/muster`;
      const made = await callFrom(page, 'POST', '/api/webhooks', {
        ...{ webhookId, name: 'Desk', url, streams: ['FLEET'], types: ['NodeRenamed'], from: '0' },
      });
      expect(made.status).toBe(201);
      await until(
        () => seen.length,
        (count) => count >= 3,
        within30,
      );
      expect(new Set(seen)).toEqual(new Set(['NodeRenamed']));
      const read = async () =>
        (
          (await callFrom(page, 'GET', `/api/webhooks/${webhookId}/deliveries`)).body as {
            deliveries: WebhookDelivery[];
          }
        ).deliveries;
      const [newest] = await until(read, ({ length }) => length >= 3, within30);
      expect(newest).toMatchObject({ outcome: 'delivered', status: 204, type: 'NodeRenamed', attempt: 1 });
      expect((await callFrom(page, 'DELETE', `/api/webhooks/${webhookId}`)).status).toBe(200);
    } finally {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    }
  });

  it('no program is let in any more once the integration is revoked', async () => {
    const [nats, http] = [run('facts.mjs'), run('facts.sh')];
    await until(() => nats.said !== '' || http.said !== '', undefined, within30);
    expect((await callFrom(page, 'DELETE', `/api/integrations/${integrationId}`)).status).toBe(200);
    // Within two seconds, and what a loaded machine adds.
    await until(() => http.said.includes(': You may not read this any more'), undefined, { withinMs: 5_000 });
    // One that comes in before NATS has heard of it is let go again.
    await until(
      async () => {
        const late = run('facts.py');
        await until(() => /-ERR|was closed/.test(late.said), undefined, within30);
        return late.said.includes('-ERR');
      },
      undefined,
      { withinMs: 30_000, everyMs: 200 },
    );
  });
});
