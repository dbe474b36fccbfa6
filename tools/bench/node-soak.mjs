// @ts-check
// Whether the node service keeps its memory: a sample a second to one Gateway for half an hour, with a model that answers a
// streamed chat every two seconds and a file that comes and goes. Build first (`npm run build`), on Linux:
//   npx -c 'node tools/bench/node-soak.mjs [minutes]'
// The built-in engine is fetched for it; `without-engine` as the second word leaves it and the chats out. Prints the memory of
// the node service minute by minute and its slope over the second half: in the first the buffers of half an hour still fill.
import { randomUUID } from 'node:crypto';
import { mkdirSync, rmSync } from 'node:fs';
import { request } from 'node:https';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { dial } from '@muster/node-link';
import { writeTinyModel } from '@muster/testing';
import { cpuSeconds, memoryMib, startNode } from './node-process.mjs';

const minutes = Number(process.argv[2] ?? 30);
const withEngine = process.argv[3] !== 'without-engine';
const LOOK_MS = 5_000;
const CHAT_EVERY_MS = 2_000;
const FILE_EVERY_MS = 20_000;
/** An engine that is not fetched and loaded by then never is. */
const ONLINE_WITHIN_MS = 300_000;
/** What half an hour of a node left alone may gain. */
const BAR_MIB_PER_HOUR = 10;

/** Least squares: how much y grows with x. @param {readonly (readonly [number, number])[]} points */
function slope(points) {
  const mean = (/** @type {(point: readonly [number, number]) => number} */ of) =>
    points.reduce((sum, point) => sum + of(point), 0) / points.length;
  const x = mean(([at]) => at);
  const y = mean(([, value]) => value);
  const above = points.reduce((sum, [at, value]) => sum + (at - x) * (value - y), 0);
  return above / points.reduce((sum, [at]) => sum + (at - x) ** 2, 0);
}

const node = await startNode(['--engine', withEngine ? 'fetch' : 'off']);
const timers = /** @type {NodeJS.Timeout[]} */ ([]);
try {
  mkdirSync(join(node.folder, 'models'), { recursive: true });
  writeTinyModel(join(node.folder, 'models/soak.gguf'));
  const connection = await dial({ ...node.address, accessKey: node.accessKey });
  const seen = { samples: 0, lines: 0, gaps: 0, ticket: '', online: '', models: 0, line: '' };
  connection.onFrame((frame) => {
    if (frame.type === 'samples') seen.samples += frame.items.length;
    if (frame.type === 'lines') {
      seen.lines += frame.lines.length;
      seen.line = frame.lines.at(-1)?.message ?? '';
    }
    if (frame.type === 'gap') seen.gaps += 1;
    if (frame.type === 'ticket') seen.ticket = frame.ticket;
    if (frame.type === 'models') seen.models = frame.models.filter(({ problem }) => problem === undefined).length;
    if (frame.type === 'executors')
      seen.online = frame.executors.find(({ state }) => state === 'online')?.executorId ?? '';
  });
  const chats = { done: 0, failed: 0 };
  if (withEngine) {
    const untilMs = performance.now() + ONLINE_WITHIN_MS;
    while (seen.models === 0) await sleep(500);
    const order = () =>
      connection.order(randomUUID(), { order: 'start', modelId: 'soak.gguf', parameters: { threads: 1 } });
    let answer = await order();
    while (seen.online === '' && performance.now() < untilMs) {
      await sleep(1_000);
      if (answer.outcome !== 'done') answer = await order();
    }
    if (seen.online === '') throw new Error(`The executor is not online: ${JSON.stringify(answer)}; ${seen.line}`);
    timers.push(setInterval(() => chat(node.port, seen, chats), CHAT_EVERY_MS));
  }
  let there = false;
  timers.push(
    setInterval(() => {
      const path = join(node.folder, 'models/comes-and-goes.gguf');
      if (there) rmSync(path);
      else writeTinyModel(path);
      there = !there;
    }, FILE_EVERY_MS),
  );
  const startMs = performance.now();
  const startCpu = cpuSeconds(node.pid);
  const points = /** @type {[number, number][]} */ ([]);
  for (let minute = 1; minute <= minutes; minute += 1) {
    while (performance.now() - startMs < minute * 60_000) {
      await sleep(LOOK_MS);
      points.push([(performance.now() - startMs) / 3_600_000, memoryMib(node.pid)]);
    }
    const last = points.slice(-60_000 / LOOK_MS).map(([, mib]) => mib);
    console.log(
      `minute ${minute}: ${Math.min(...last).toFixed(1)} to ${Math.max(...last).toFixed(1)} MiB, ` +
        `${seen.samples} samples, ${seen.lines} lines, ${seen.gaps} gaps, ${chats.done} chats, ${chats.failed} failed`,
    );
  }
  const half = points.slice(points.length / 2);
  const mibPerHour = slope(half);
  const mean = half.reduce((sum, [, mib]) => sum + mib, 0) / half.length;
  const elapsed = (performance.now() - startMs) / 1_000;
  console.log(
    `slope ${mibPerHour.toFixed(2)} MiB an hour over the last ${(minutes / 2).toFixed(0)} minutes, ` +
      `${mean.toFixed(1)} MiB on average, ${((100 * (cpuSeconds(node.pid) - startCpu)) / elapsed).toFixed(2)} % of a core with its executor`,
  );
  connection.close();
  const whole = seen.samples >= elapsed - 60 && seen.gaps === 0 && chats.failed === 0;
  process.exitCode = whole && mibPerHour <= BAR_MIB_PER_HOUR ? 0 : 1;
} finally {
  for (const timer of timers) clearInterval(timer);
  await node.stop();
}

/**
 * One streamed chat, straight to the node.
 * @param {number} port @param {{ ticket: string, online: string }} seen @param {{ done: number, failed: number }} chats
 */
function chat(port, { ticket, online }, chats) {
  const body = JSON.stringify({
    model: 'soak',
    stream: true,
    max_tokens: 32,
    messages: [{ role: 'user', content: `It is ${new Date().toISOString()}` }],
  });
  const call = request(
    { host: '127.0.0.1', port, path: '/v1/chat/completions', method: 'POST', rejectUnauthorized: false },
    (answer) => {
      let text = '';
      answer.on('data', (chunk) => (text += String(chunk)));
      answer.on('end', () => (text.includes('[DONE]') ? (chats.done += 1) : (chats.failed += 1)));
    },
  );
  call.on('error', () => (chats.failed += 1));
  call.setHeader('authorization', `Bearer ${ticket}`);
  call.setHeader('content-type', 'application/json');
  call.setHeader('muster-executor', online);
  call.end(body);
}
