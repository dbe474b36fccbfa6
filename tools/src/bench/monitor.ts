import { randomBytes, randomUUID } from 'node:crypto';
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { type Bus, connectBus, seal } from '@muster/bus';
import { lanes, NodeState, SettingsState, shippedSettings } from '@muster/contracts';
import { accessKeyId } from '@muster/node-link';
import { connect } from '@nats-io/transport-node';
import { freePort } from '../ports.js';
import { allocator, heapArguments } from '../start/memory.js';
import { CannotGoOn, say } from '../terminal.js';
import { answers, type Child, child } from './child.js';
import { ownUsageOf, type Usage } from './cpu.js';
import { inTemporaryFolder } from './folder.js';
import { debianProgram } from './peers.js';
import { playedFleet, playedTargets } from './played-fleet.js';
import { machine, quantile } from './rounds.js';
import { benchDatabase, benchNats } from './stores.js';
import { registeredNode, tellFacts } from './tell-facts.js';

// `npm run bench -- monitor [nodes]`: what the monitor takes for so many nodes, 1,000 unless told otherwise, with 50 values a second each, and what Prometheus does.
const NODES = Number(process.argv[3] ?? 1_000);
const VALUES = 50;
/** What Prometheus stores of itself with each answer of a target: up, the scrape's duration, its samples before and after relabelling, new series. */
const VALUES_OF_A_SCRAPE = 5;
/** What the monitor keeps of each node in memory: full from the first moment on, since it is memory that is compared. */
const WINDOW_S = 300;
const WINDOWS = 3;
const WINDOW_MS = 10_000;
const SETTLE_MS = 20_000;
const READY_WITHIN_MS = 180_000;
const BARS = { cpu: 0.6, memory: 1 };
/** Of what is due in a window so much must have come, and no more than so much, or its figure is none: what is fetched anew costs less. */
const DUE = { least: 0.95, most: 1.05 };
const root = process.env['MUSTER_ROOT'] ?? join(import.meta.dirname, '../../..');

interface Watcher {
  readonly name: string;
  readonly pid: number;
  /** How many values it has taken so far. */
  taken(): Promise<number>;
}

interface Window {
  readonly cpuS: number;
  readonly seconds: number;
  readonly values: number;
  readonly memoryBytes: number;
}

say(machine());
const stops: (() => Promise<unknown>)[] = [];
try {
  await inTemporaryFolder(async (folder) => {
    const watchers = [await monitor(), await prometheus(folder)];
    await sleep(SETTLE_MS);
    const windows = new Map<Watcher, Window[]>(watchers.map((watcher) => [watcher, []]));
    for (let n = 0; n < WINDOWS; n += 1)
      for (const [index, window] of (await Promise.all(watchers.map(measured))).entries())
        windows.get(watchers[index] as Watcher)?.push(window);
    tell(windows);
  });
} finally {
  for (const stop of stops.reverse()) await stop();
}

async function measured({ name, pid, taken }: Watcher): Promise<Window> {
  const [before, valuesBefore, beganMs] = [await ownUsageOf(pid), await taken(), performance.now()];
  await sleep(WINDOW_MS);
  const [after, valuesAfter]: [Usage, number] = [await ownUsageOf(pid), await taken()];
  const seconds = (performance.now() - beganMs) / 1_000;
  const values = valuesAfter - valuesBefore;
  const due = NODES * VALUES * seconds;
  if (values < DUE.least * due || values > DUE.most * due)
    throw new Error(
      `${name} took ${values} values in ${seconds.toFixed(1)} s, and ${due.toFixed(0)} were due: the machine is too busy for a figure`,
    );
  return { cpuS: after.cpuS - before.cpuS, seconds, values, memoryBytes: after.memoryBytes };
}

function tell(windows: ReadonlyMap<Watcher, readonly Window[]>): void {
  const [mine = [], theirs = []] = [...windows.values()];
  const perValue = ({ cpuS, values }: Window) => cpuS / values;
  const ratios = mine.map((window, n) => perValue(window) / perValue(theirs[n] as Window));
  const memories = mine.map(({ memoryBytes }, n) => memoryBytes / (theirs[n]?.memoryBytes ?? Number.NaN));
  const [cpu, memory] = [quantile(ratios, 0.5), quantile(memories, 0.5)];
  say(`| ${NODES} nodes, ${VALUES} values a second each | % of a core: each window | MiB resident |`);
  say('| --- | --- | ---: |');
  for (const [{ name }, each] of windows)
    say(
      `| ${name} | ${each.map(({ cpuS, seconds }) => ((100 * cpuS) / seconds).toFixed(1)).join(', ')} | ${(
        quantile(
          each.map(({ memoryBytes }) => memoryBytes),
          0.5,
        ) /
        1024 ** 2
      ).toFixed(0)} |`,
    );
  const verdict = (value: number, bar: number) => (value <= bar ? 'reached' : 'missed');
  say(
    `\nProcessor time of a value: ${cpu.toFixed(2)} of Prometheus's, worst window ${Math.max(...ratios).toFixed(2)}, ` +
      `at most ${BARS.cpu}: ${verdict(cpu, BARS.cpu)}. Memory: ${memory.toFixed(2)}, at most ${BARS.memory}: ${verdict(memory, BARS.memory)}.\n`,
  );
}

/** The service as `npm start` runs it, on a database and a bus of its own, with links to all nodes. */
async function monitor(): Promise<Watcher> {
  const database = await benchDatabase();
  stops.push(() => database.stop());
  const nats = await benchNats();
  stops.push(() => nats.stop());
  const fleet = await playedFleet(NODES, WINDOW_S);
  stops.push(() => fleet.stop());
  const bus = await connectBus({ servers: nats.url, name: 'bench' });
  stops.push(() => bus.close());
  await bus.assertStreams();
  const secret = randomBytes(32).toString('base64url');
  await tellFleet(bus, secret, fleet);
  const samples = await countSamples(nats.url);
  const reasons = new Map<string, string>();
  bus.bucket('NODES', NodeState).watch((change) => {
    if (change.change === 'put') reasons.set(change.key, change.value.status.reason);
  });
  const port = await freePort();
  const service: Child = await child(
    'monitor',
    process.execPath,
    [...heapArguments('monitor'), ...measuredWith(), join(root, 'apps/monitor/dist/main.js')],
    () => answers(`http://127.0.0.1:${port}/health/ready`),
    {
      ...process.env,
      ...allocator('monitor'),
      ...{ NATS_URL: nats.url, DATABASE_URL: database.url, MUSTER_SECRET: secret, PORT: String(port) },
      ...{ HOST: '127.0.0.1', MUSTER_DIAL_LOOPBACK: 'on', LOG_LEVEL: 'warn', LOG_FORMAT: 'json' },
    },
  );
  stops.push(() => service.stop());
  await holds('all nodes are healthy, with the samples from before', () => {
    const healthy = [...reasons.values()].filter((reason) => reason === 'healthy').length;
    return Promise.resolve({ holds: healthy === NODES && samples() >= NODES * WINDOW_S, healthy, samples: samples() });
  });
  return { name: 'monitor', pid: service.pid, taken: () => Promise.resolve(samples() * VALUES) };
}

async function tellFleet(
  bus: Bus,
  secret: string,
  { accessKey, certificate, ports }: Awaited<ReturnType<typeof playedFleet>>,
): Promise<void> {
  await bus.bucket('SETTINGS', SettingsState).put('gateway', {
    accessKey: { keyId: accessKeyId(accessKey), sealed: seal(secret, accessKey) },
    version: 1,
    ...shippedSettings,
    dial: { ...shippedSettings.dial, loopback: true },
  });
  await tellFacts(
    bus,
    ports.flatMap((port, n) =>
      registeredNode(randomUUID(), { name: `node ${n + 1}`, host: '127.0.0.1', port, certificate }),
    ),
  );
}

/** What has been published so far, counted without a look into it. */
async function countSamples(url: string): Promise<() => number> {
  const { host, username, password } = new URL(url);
  const connection = await connect({ servers: host, user: username, pass: password });
  stops.push(() => connection.close());
  let samples = 0;
  connection.subscribe(lanes.samples.subject, { callback: () => void (samples += 1) });
  return () => samples;
}

/** Debian's Prometheus with its defaults, but for asking each of so many targets once a second. */
async function prometheus(folder: string): Promise<Watcher> {
  const program = await debianProgram('prometheus');
  const targets = await playedTargets();
  stops.push(() => targets.stop());
  await mkdir(folder, { recursive: true });
  const config = join(folder, 'prometheus.json');
  // JSON is YAML (YAML 1.2, 1.3).
  await writeFile(
    config,
    JSON.stringify({
      global: { scrape_interval: '1s', scrape_timeout: '1s' },
      scrape_configs: [
        {
          job_name: 'nodes',
          static_configs: Array.from({ length: NODES }, (_, n) => ({
            targets: [`127.0.0.1:${targets.port}`],
            labels: { __metrics_path__: `/metrics/${n + 1}`, instance: `node-${n + 1}` },
          })),
        },
      ],
    }),
  );
  const port = await freePort();
  const url = `http://127.0.0.1:${port}`;
  const server = await child(
    'Prometheus',
    program,
    [
      `--config.file=${config}`,
      `--storage.tsdb.path=${join(folder, 'tsdb')}`,
      `--web.listen-address=127.0.0.1:${port}`,
      '--log.level=error',
    ],
    () => answers(`${url}/-/ready`),
  );
  stops.push(() => server.stop());
  const taken = async () =>
    ((await metricOf(url, 'prometheus_tsdb_head_samples_appended_total')) * VALUES) / (VALUES + VALUES_OF_A_SCRAPE);
  await holds('every target was asked', async () => {
    const values = await taken();
    return { holds: values >= NODES * VALUES, values };
  });
  return { name: 'Prometheus', pid: server.pid, taken };
}

/** One of Prometheus's own figures. */
async function metricOf(url: string, name: string): Promise<number> {
  const line = (await answers(`${url}/metrics`))
    .split('\n')
    .find((each) => each.startsWith(`${name}{`) || each.startsWith(`${name} `));
  // Not there before the first.
  return Number(line?.split(' ').at(-1) ?? 0);
}

async function holds(what: string, look: () => Promise<{ holds: boolean }>): Promise<void> {
  const deadlineMs = performance.now() + READY_WITHIN_MS;
  for (let seen = await look(); !seen.holds; seen = await look()) {
    if (performance.now() > deadlineMs) throw new CannotGoOn(`Waited too long until ${what}: ${JSON.stringify(seen)}`);
    await sleep(200);
  }
}

/** Arguments for the process that is measured, as `--cpu-prof`; see Node's own. */
function measuredWith(): string[] {
  return (process.env['MUSTER_BENCH_NODE_ARGS'] ?? '').split(' ').filter((each) => each !== '');
}
