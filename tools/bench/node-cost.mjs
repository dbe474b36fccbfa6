// @ts-check
// What the node service costs beside Debian's prometheus-node-exporter: processor time and memory of both over the same time,
// the node with one Gateway linked, the exporter asked once a second, which is how often the node measures, and once in 15 s,
// which is what Prometheus does by itself. Build first (`npm run build`), on Linux:
//   npx -c 'node tools/bench/node-cost.mjs [seconds]'
// Without the exporter (`apt-get install prometheus-node-exporter`) the node is measured alone. The bar is 2 % of a core.
import { spawn } from 'node:child_process';
import { setTimeout as sleep } from 'node:timers/promises';
import { dial } from '@muster/node-link';
import { cpuSeconds, memoryMib, startNode } from './node-process.mjs';

const seconds = Number(process.argv[2] ?? 60);
const BAR_PERCENT = 2;
const SETTLE_MS = 5_000;

/** @param {number} port @param {number} everyMs */
async function startExporter(port, everyMs) {
  const child = spawn('prometheus-node-exporter', [`--web.listen-address=127.0.0.1:${port}`, '--log.level=error'], {
    stdio: 'ignore',
  });
  const failed = await new Promise((resolve) => {
    child.once('error', () => resolve(true));
    child.once('spawn', () => resolve(false));
  });
  if (failed) return undefined;
  let answers = 0;
  const ask = async () => {
    try {
      const answer = await fetch(`http://127.0.0.1:${port}/metrics`);
      if ((await answer.text()).includes('node_cpu_seconds_total')) answers += 1;
    } catch {
      // It is not up yet.
    }
  };
  const timer = setInterval(() => void ask(), everyMs);
  const stop = () => {
    clearInterval(timer);
    child.kill('SIGTERM');
  };
  return {
    name: `prometheus-node-exporter, asked every ${everyMs / 1_000} s`,
    pid: child.pid ?? 0,
    stop,
    count: () => answers,
  };
}

const node = await startNode(['--engine', 'keep']);
const exporters = [await startExporter(19_100, 1_000), await startExporter(19_101, 15_000)].filter(
  (one) => one !== undefined,
);
try {
  const connection = await dial({ ...node.address, accessKey: node.accessKey });
  let samples = 0;
  connection.onFrame((frame) => {
    if (frame.type === 'samples') samples += frame.items.length;
  });
  const measured = [
    { name: 'Muster node, a sample a second to one Gateway', pid: node.pid, count: () => samples },
    ...exporters,
  ];
  await sleep(SETTLE_MS);
  const before = measured.map((one) => ({ cpu: cpuSeconds(one.pid), count: one.count() }));
  const startMs = performance.now();
  await sleep(seconds * 1_000);
  const elapsed = (performance.now() - startMs) / 1_000;
  const figures = measured.map((one, n) => ({
    name: one.name,
    percent: (100 * (cpuSeconds(one.pid) - (before[n]?.cpu ?? 0))) / elapsed,
    mib: memoryMib(one.pid),
    count: one.count() - (before[n]?.count ?? 0),
  }));
  console.log(`Over ${elapsed.toFixed(0)} s:`);
  for (const { name, percent, mib, count } of figures)
    console.log(`  ${name}: ${percent.toFixed(2)} % of a core, ${mib.toFixed(0)} MiB resident, ${count} times`);
  connection.close();
  const [own] = figures;
  process.exitCode = own !== undefined && own.percent <= BAR_PERCENT && own.count > 0 ? 0 : 1;
} finally {
  for (const exporter of exporters) exporter.stop();
  await node.stop();
}
