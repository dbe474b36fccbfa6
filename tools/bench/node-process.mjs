// @ts-check
import { spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';

const TICKS_PER_SECOND = 100; // USER_HZ, 100 on every Linux that Node runs on
const MAIN = join(import.meta.dirname, '../../apps/node/dist/main.js');

/** Processor seconds of a process and of those it started, from /proc/<pid>/stat (proc_pid_stat(5)). @param {number} pid */
export function cpuSeconds(pid) {
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
}

/** Memory of a process that lies in RAM (VmRSS), in MiB. @param {number} pid */
export const memoryMib = (pid) =>
  Number(/^VmRSS:\s+(\d+)/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1]) / 1024;

/**
 * The node service as it is shipped, in a data folder that goes away with it. Build first: `npm run build`.
 * @param {string[]} [options]
 */
export async function startNode(options = []) {
  const folder = mkdtempSync(join(tmpdir(), 'muster-node-bench-'));
  const accessKey = randomBytes(32).toString('base64url');
  const node = spawn(process.execPath, [MAIN, '--port', '0', '--bind', '127.0.0.1', '--data', folder, ...options], {
    env: { ...process.env, MUSTER_ACCESS_KEY: accessKey, LOG_FORMAT: 'json' },
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  let port = 0;
  node.stdout.on('data', (chunk) => {
    port ||= Number(/Listening on 127\.0\.0\.1:(\d+)/.exec(String(chunk))?.[1] ?? 0);
  });
  const stop = async () => {
    const ended = new Promise((resolve) => node.once('exit', resolve));
    node.kill('SIGTERM');
    if (node.exitCode === null) await ended;
    rmSync(folder, { recursive: true, force: true });
  };
  for (let tries = 0; tries < 300 && port === 0 && node.exitCode === null; tries += 1) await sleep(100);
  if (port === 0) {
    await stop();
    throw new Error('The node did not start within 30 s');
  }
  return {
    pid: node.pid ?? 0,
    port,
    accessKey,
    folder,
    stop,
    address: { host: 'localhost', address: '127.0.0.1', port },
  };
}
