// @ts-check
// What the node service costs: processor time and memory over half a minute, with one Gateway linked.
// Build first (`npm run build`), then `node tools/bench/node-cost.mjs [seconds]` on Linux. The bar is 2 % of a core.
import { spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { dial } from '@muster/node-link';

const seconds = Number(process.argv[2] ?? 30);
const TICKS_PER_SECOND = 100; // USER_HZ, 100 on every Linux that Node runs on
const BAR_PERCENT = 2;

/** Processor seconds of a process and of those it started, from /proc/<pid>/stat (proc_pid_stat(5)). */
const cpuSeconds = (/** @type {number} */ pid) => {
  const all = readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .flatMap((name) => {
      try {
        const fields = readFileSync(`/proc/${name}/stat`, 'utf8')
          .replace(/^.*\) /s, '')
          .split(' ');
        return [{ pid: Number(name), parent: Number(fields[1]), ticks: Number(fields[11]) + Number(fields[12]) }];
      } catch {
        return []; // It ended while we looked.
      }
    });
  const mine = all.filter((one) => one.pid === pid || one.parent === pid);
  return mine.reduce((sum, { ticks }) => sum + ticks, 0) / TICKS_PER_SECOND;
};
const memoryMib = (/** @type {number} */ pid) =>
  Number(/^VmRSS:\s+(\d+)/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1]) / 1024;

const folder = mkdtempSync(join(tmpdir(), 'muster-node-cost-'));
const accessKey = randomBytes(32).toString('base64url');
const program = join(import.meta.dirname, '../../apps/node/dist/main.js');
const node = spawn(process.execPath, [program, '--port', '0', '--bind', '127.0.0.1', '--data', folder], {
  env: { PATH: process.env['PATH'], MUSTER_ACCESS_KEY: accessKey, LOG_FORMAT: 'json' },
  stdio: ['ignore', 'pipe', 'inherit'],
});
try {
  const pid = node.pid ?? 0;
  let output = '';
  node.stdout.on('data', (chunk) => (output += String(chunk)));
  let port = 0;
  for (let tries = 0; tries < 100 && port === 0; tries += 1) {
    await sleep(100);
    port = Number(/Listening on 127\.0\.0\.1:(\d+)/.exec(output)?.[1] ?? 0);
  }
  const connection = await dial({ host: 'localhost', address: '127.0.0.1', port, accessKey });
  let samples = 0;
  connection.onFrame((frame) => {
    if (frame.type === 'samples') samples += frame.items.length;
  });
  await sleep(5_000);
  const before = { cpu: cpuSeconds(pid), samples, ms: performance.now() };
  await sleep(seconds * 1_000);
  const elapsed = (performance.now() - before.ms) / 1_000;
  const percent = (100 * (cpuSeconds(pid) - before.cpu)) / elapsed;
  process.stdout.write(
    `node service: ${percent.toFixed(2)} % of a core over ${elapsed.toFixed(0)} s, ` +
      `${samples - before.samples} samples, ${memoryMib(pid).toFixed(0)} MiB resident (bar ${BAR_PERCENT} %)\n`,
  );
  connection.close();
  process.exitCode = percent <= BAR_PERCENT && samples > before.samples ? 0 : 1;
} finally {
  node.kill('SIGTERM');
  rmSync(folder, { recursive: true, force: true });
}
