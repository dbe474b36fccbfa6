import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { cpus, tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import * as z from 'zod';
import { say } from '../terminal.js';
import { usageOf } from './cpu.js';

// `npm run bench -- at-rest`: start the system in a folder of its own, let it settle, watch it do nothing, print a table.
const root = process.env['MUSTER_ROOT'] ?? join(import.meta.dirname, '../../..');
const SETTLE_MS = 30_000;
const WATCH_MS = 60_000;

const Processes = z.array(z.object({ pid: z.number(), name: z.string() }));

const folder = await mkdtemp(join(tmpdir(), 'muster-bench-'));
try {
  const startMs: number[] = [];
  for (let round = 0; round < 4; round += 1) {
    const { tookMs, stop } = await start();
    startMs.push(tookMs);
    await stop();
  }
  const system = await start();
  await sleep(SETTLE_MS);
  const parts = Processes.parse(JSON.parse(await readFile(join(folder, 'processes.json'), 'utf8')));
  const watched = [...parts, { name: 'npm start itself', pid: system.pid }];
  // Each process counts once: what has a row of its own is not part of its parent's.
  const rows = watched.map(({ pid }) => pid);
  const before = await Promise.all(watched.map(({ pid }) => usageOf(pid, rows)));
  await sleep(WATCH_MS);
  const after = await Promise.all(watched.map(({ pid }) => usageOf(pid, rows)));
  await system.stop();

  say(`${cpus()[0]?.model ?? 'unknown processor'}, ${cpus().length} cores, Node ${process.version}\n`);
  const [firstMs = 0, ...againMs] = startMs;
  say('| from npm start to the address | seconds |\n| --- | ---: |');
  say(`| first start of a data folder | ${seconds(firstMs)} |`);
  say(`| started again, three times | ${againMs.map(seconds).join(', ')} |\n`);
  say(
    `| idle over ${WATCH_MS / 1000} s, one node linked | CPU, % of a core | memory of its own, MiB |\n| --- | ---: | ---: |`,
  );
  let total = 0;
  for (const [index, { name }] of watched.entries()) {
    const percent = ((after[index]?.cpuS ?? 0) - (before[index]?.cpuS ?? 0)) / (WATCH_MS / 100_000);
    total += percent;
    say(`| ${name} | ${percent.toFixed(2)} | ${Math.round((after[index]?.memoryBytes ?? 0) / 1_048_576)} |`);
  }
  say(`| all of it | ${total.toFixed(2)} | |`);
} finally {
  await rm(folder, { recursive: true, force: true });
}

function seconds(ms: number): string {
  return (ms / 1000).toFixed(1);
}

async function start(): Promise<{ pid: number; tookMs: number; stop(): Promise<void> }> {
  const startedMs = performance.now();
  const program = join(root, 'tools/dist/start/main.js');
  const child = spawn(process.execPath, [program, '--data', folder], { stdio: ['ignore', 'pipe', 'inherit'] });
  let said = '';
  await new Promise<void>((resolve, reject) => {
    child.stdout.on('data', (chunk: Buffer) => {
      said += chunk.toString('utf8');
      if (said.includes('Open http')) resolve();
    });
    child.once('exit', () => reject(new Error(`It did not start:\n${said}`)));
  });
  return {
    pid: child.pid ?? 0,
    tookMs: performance.now() - startedMs,
    stop: async () => {
      child.kill('SIGINT');
      await once(child, 'exit');
    },
  };
}
