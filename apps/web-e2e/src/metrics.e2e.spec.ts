import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promtool, until } from '@muster/testing';
import { Administrator } from './harness/administrator.js';
import { Muster } from './harness/muster.js';
import { OpenAiServer } from './harness/open-ai-server.js';
import { freePort } from './harness/ports.js';
import { Running } from './harness/process.js';

const docs = join(import.meta.dirname, '../../../docs');
const MODEL = 'tiny-chat';
const within60 = { withinMs: 60_000 };

jest.setTimeout(240_000);

interface Dashboard {
  schemaVersion: number;
  uid: string;
  templating: { list: { name: string; query: unknown }[] };
  panels: { id: number; type: string; title: string; targets?: { refId: string; expr: string }[] }[];
}

/** Prometheus itself, with the configuration of the documentation, looks at the running system. */
describe('somebody who watches Muster with Prometheus', () => {
  let muster: Muster;
  let engine: OpenAiServer;
  let folder = '';
  let prometheus: Running | undefined;
  let prometheusUrl = '';
  let key = '';
  let api = '';

  beforeAll(async () => {
    engine = await OpenAiServer.start(MODEL, 2);
    muster = await Muster.start({ MUSTER_ENGINE_URLS: engine.url });
    const administrator = await Administrator.first(muster);
    await administrator.greenNode();
    api = /Applications send requests to (\S+)/.exec(muster.output)?.[1] ?? '';
    key = await administrator.key('inference', 'fleet:read');
    await until(
      () => chat().then(({ status }) => status),
      (status) => status === 200,
      within60,
    );
    folder = await mkdtemp(join(tmpdir(), 'muster-prometheus-'));
  });
  afterAll(async () => {
    await prometheus?.end('SIGTERM');
    await muster.remove();
    await engine.stop();
    if (folder !== '') await rm(folder, { recursive: true, force: true });
  });

  const authorized = () => ({ authorization: `Bearer ${key}` });
  const chat = () =>
    fetch(`${api}/chat/completions`, {
      method: 'POST',
      headers: { ...authorized(), 'content-type': 'application/json' },
      body: JSON.stringify({ model: MODEL, messages: [{ role: 'user', content: 'Hello' }] }),
    });
  const pageAt = async (url: string): Promise<string> => {
    const answer = await fetch(url, { headers: authorized() });
    expect([url, answer.status]).toEqual([url, 200]);
    return answer.text();
  };
  const ask = async <T>(path: string): Promise<T> => {
    const answer = await fetch(`${prometheusUrl}/api/v1/${path}`);
    const { status, data, error } = (await answer.json()) as { status: string; data: T; error?: string };
    if (status !== 'success') throw new Error(error);
    return data;
  };
  const query = async (expression: string): Promise<{ metric: Record<string, string>; value: [number, string] }[]> =>
    (
      await ask<{ result: { metric: Record<string, string>; value: [number, string] }[] }>(
        `query?${new URLSearchParams({ query: expression }).toString()}`,
      )
    ).result;

  it('finds nothing wrong with the page of any service, by promtool', async () => {
    const ports = JSON.parse(await readFile(join(muster.dataFolder, 'ports.json'), 'utf8')) as Record<string, number>;
    const own = ['registry', 'monitor', 'stats', 'webhooks']
      .filter((service) => service in ports)
      .map((service) => `http://127.0.0.1:${ports[service]}/metrics`);
    expect(own.length).toBeGreaterThanOrEqual(3);
    const urls = [...own, new URL('/metrics', api).href, new URL('/metrics', muster.address).href];
    for (const url of urls) {
      const text = await pageAt(url);
      expect(text).toContain('muster_event_loop_delay_seconds_count');
      expect([url, await promtool(['check', 'metrics'], text)]).toEqual([url, { code: 0, said: '' }]);
    }
  });

  it('has the rules and the configuration of the documentation accepted by promtool', async () => {
    await writeFile(join(folder, 'muster-api-key'), key);
    const config = (await readFile(join(docs, 'prometheus.yml'), 'utf8'))
      .replaceAll('localhost:8080', new URL(muster.address).host)
      .replaceAll('/etc/prometheus/muster-api-key', join(folder, 'muster-api-key'))
      .replaceAll('15s', '1s')
      .replaceAll('30s', '2s');
    await writeFile(join(folder, 'prometheus.yml'), config);
    await writeFile(join(folder, 'prometheus-alerts.yml'), await readFile(join(docs, 'prometheus-alerts.yml'), 'utf8'));
    expect((await promtool(['check', 'config', join(folder, 'prometheus.yml')])).code).toBe(0);
    expect((await promtool(['check', 'rules', join(folder, 'prometheus-alerts.yml')])).code).toBe(0);
  });

  it('sees its targets up: the Gateway, and each node that service discovery names', async () => {
    const port = await freePort();
    prometheusUrl = `http://127.0.0.1:${port}`;
    prometheus = Running.start(
      process.env['PROMETHEUS_BIN'] ?? 'prometheus',
      [
        `--config.file=${join(folder, 'prometheus.yml')}`,
        `--storage.tsdb.path=${join(folder, 'data')}`,
        `--web.listen-address=127.0.0.1:${port}`,
      ],
      {},
    );
    const targets = await until(
      async () =>
        (await ask<{ activeTargets: { scrapePool: string; health: string; lastError: string }[] }>('targets'))
          .activeTargets,
      (active) => active.length === 2 && active.every(({ health }) => health === 'up'),
      within60,
    );
    expect(targets.map(({ scrapePool, lastError }) => [scrapePool, lastError]).sort()).toEqual([
      ['muster', ''],
      ['muster-nodes', ''],
    ]);
  });

  it('is answered about services, nodes and requests', async () => {
    const up = await until(
      () => query('muster_service_up == 1'),
      (services) => services.length >= 5,
      within60,
    );
    expect(up.map(({ metric }) => metric['service'])).toEqual(
      expect.arrayContaining(['registry', 'monitor', 'stats', 'router', 'gateway']),
    );
    const cpu = await until(
      () => query('muster_node_cpu_usage_ratio'),
      (nodes) => nodes.length === 1,
      within60,
    );
    expect(cpu[0]?.metric).toMatchObject({ node: 'Local Node', job: 'muster-nodes' });
    const requests = await until(
      () => query(`sum(muster_requests_total{model="${MODEL}",outcome="completed"})`),
      ([sum]) => Number(sum?.value[1]) >= 1,
      within60,
    );
    expect(requests).toHaveLength(1);
    expect(await query('muster_nodes{status="green"} == 1')).toHaveLength(1);
    expect(await query('muster_executor_state{state="online"} == 1')).toHaveLength(1);
  });

  it('evaluates every alert without a complaint, and none of them fires', async () => {
    interface Rules {
      groups: { rules: { name: string; health: string; state: string; lastError?: string }[] }[];
    }
    const rules = await until(
      async () => (await ask<Rules>('rules')).groups.flatMap((group) => group.rules),
      (all) => all.length > 10 && all.every(({ health }) => health === 'ok'),
      within60,
    );
    expect(rules.filter(({ state }) => state === 'firing').map(({ name }) => name)).toEqual([]);
  });

  it('has a dashboard whose every expression is answered and names only metrics that there are', async () => {
    const dashboard = JSON.parse(await readFile(join(docs, 'grafana-dashboard.json'), 'utf8')) as Dashboard;
    const rules = await readFile(join(docs, 'prometheus-alerts.yml'), 'utf8');
    expect(dashboard).toMatchObject({ schemaVersion: 39, uid: 'muster' });
    const ids = dashboard.panels.map(({ id }) => id);
    expect(new Set(ids).size).toBe(ids.length);
    const text = await pageAt(new URL('/metrics', muster.address).href);
    const there = new Map([...text.matchAll(/^# TYPE (\S+) (\S+)$/gm)].map(([, name = '', type = '']) => [name, type]));
    const isThere = (name: string) =>
      there.has(name) || there.get(name.replace(/_(?:bucket|sum|count)$/, '')) === 'histogram';
    const expressions = dashboard.panels.flatMap(({ title, targets = [] }) =>
      targets.map(({ expr }) => ({ title, expr })),
    );
    expect(expressions.length).toBeGreaterThan(40);
    const variables = dashboard.templating.list.map(({ query: of }) => JSON.stringify(of));
    const names = [...expressions.map(({ expr }) => expr), ...variables, rules].flatMap((said) =>
      [...said.matchAll(/\b(?:muster|process)_[a-z0-9_]+/g)].map(([name]) => name),
    );
    expect(names.filter((name) => !isThere(name))).toEqual([]);
    for (const { title, expr } of expressions) {
      const asked = expr.replaceAll('$__rate_interval', '10s').replaceAll(/\$(?:model|node)\b/g, '.*');
      await query(asked).catch((cause: unknown) => {
        throw new Error(`The panel ${title} has an expression that Prometheus refuses: ${expr}`, { cause });
      });
    }
  });
});
