import { type ChildProcess, execFileSync, spawn, spawnSync } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, symlinkSync } from 'node:fs';
import { Agent, request } from 'node:https';
import type { IncomingMessage } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Executor, Model, NodeOrder } from '@muster/contracts';
import { dial, type NodeConnection } from '@muster/node-link';
import { endWithTestRun, testRunFolder, until, writeTinyModel } from '@muster/testing';
import { testEngine } from './engines/built-in/engine.fixture.js';
import { RUN_VARIABLE } from './engines/process-run.js';

jest.setTimeout(180_000);

// The real program with the real engine and a real, tiny model.
const project = join(import.meta.dirname, '..');
const main = join(project, 'dist/main.js');
const folder = mkdtempSync(join(tmpdir(), 'muster-serving-'));
const data = join(folder, 'data');
const running: ChildProcess[] = [];

beforeAll(async () => {
  const tsc = join(project, '../../node_modules/typescript/bin/tsc');
  const built = spawnSync(process.execPath, [tsc, '-b', join(project, 'tsconfig.lib.json')], { encoding: 'utf8' });
  if (built.status !== 0) throw new Error(`The node does not compile:\n${built.stdout}`);
  mkdirSync(join(data, 'models'), { recursive: true });
  const engine = await testEngine(folder);
  await engine.close();
  symlinkSync(join(testRunFolder(), 'engines'), join(data, 'engines'));
}, 400_000);
afterAll(async () => {
  for (const child of running) if (child.exitCode === null) child.kill('SIGKILL');
  // Those that were killed leave their engines to themselves: they end with their channel.
  await until(() => processesOfRuns().length === 0, undefined, { withinMs: 20_000 });
  rmSync(folder, { recursive: true, force: true });
});

/** Every process that serves a model of this data folder: its runs are in the node's own list. */
function processesOfRuns(): number[] {
  const runs = new Set([...seenRuns, ...runsNow().map(({ runId }) => runId)]);
  return readdirSync('/proc').flatMap((name) => {
    try {
      const environment = readFileSync(`/proc/${name}/environ`, 'utf8');
      return environment.split('\0').some((each) => runs.has(each.replace(`${RUN_VARIABLE}=`, '')))
        ? [Number(name)]
        : [];
    } catch {
      return [];
    }
  });
}
const seenRuns = new Set<string>();
function runsNow(): { runId: string; pid?: number }[] {
  const { runs } = JSON.parse(readFileSync(join(data, 'executors/runs.json'), 'utf8')) as { runs: { runId: string }[] };
  for (const { runId } of runs) seenRuns.add(runId);
  return runs;
}

async function serve() {
  const child = spawn(process.execPath, [main, '--data', data, '--port', '0', '--bind', '127.0.0.1'], {
    env: {
      PATH: process.env['PATH'],
      HOME: folder,
      LOG_FORMAT: 'json',
      MUSTER_ENGINE: 'keep',
      MUSTER_ENGINE_DISCOVERY: 'off',
    },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  running.push(child);
  endWithTestRun(child.pid ?? 0);
  let output = '';
  child.stdout.on('data', (chunk: Buffer) => (output += chunk.toString()));
  child.stderr.on('data', (chunk: Buffer) => (output += chunk.toString()));
  const ended = new Promise((resolve) => child.once('close', resolve));
  const found = (pattern: RegExp) => until(() => pattern.exec(output)?.[1], undefined, { withinMs: 60_000 });
  return { child, ended, port: Number(await found(/Listening on 127\.0\.0\.1:(\d+)/)), output: () => output };
}

/** A link, and what the node tells over it. */
async function linked(port: number) {
  const accessKey = readFileSync(join(data, 'access-key'), 'utf8').trim();
  const link = await dial({ host: 'localhost', address: '127.0.0.1', port, accessKey });
  let executors: readonly Executor[] = link.hello.executors;
  let models: readonly Model[] = [];
  let ticket = '';
  link.onFrame((frame) => {
    if (frame.type === 'executors') ({ executors } = frame);
    if (frame.type === 'models') ({ models } = frame);
    if (frame.type === 'ticket') ({ ticket } = frame);
  });
  const is = (state: Executor['state'], more: (executor: Executor) => boolean = () => true) =>
    until(
      () => executors.find(({ model }) => model === 'tiny'),
      (executor) => executor !== undefined && executor.state === state && more(executor),
      { withinMs: 60_000 },
    );
  return { link, is, models: () => models, ticket: () => until(() => ticket) };
}
const order = (link: NodeConnection, given: NodeOrder) => link.order(randomUUID(), given);

/** What `curl` would be told, with the ticket that a person gets on the node. */
function complete(port: number, ticket: string, more: object = {}) {
  const sent = request({
    host: '127.0.0.1',
    port,
    path: '/v1/chat/completions',
    method: 'POST',
    headers: { authorization: `Bearer ${ticket}`, 'content-type': 'application/json' },
    agent: new Agent({ rejectUnauthorized: false }),
  });
  const answered = new Promise<IncomingMessage>((resolve, reject) => {
    sent.once('response', resolve);
    sent.on('error', reject);
  });
  sent.end(
    JSON.stringify({
      model: 'tiny',
      messages: [{ role: 'user', content: 'Hello' }],
      max_tokens: 16,
      stream: true,
      ...more,
    }),
  );
  return { sent, answered };
}
async function textOf(message: IncomingMessage): Promise<string> {
  let text = '';
  for await (const part of message) text += String(part);
  return text;
}
const ticketOfNode = () =>
  execFileSync(process.execPath, [main, 'ticket', '--data', data], { encoding: 'utf8', env: { HOME: folder } }).trim();
const executorPid = () => until(() => runsNow().find(({ pid }) => pid !== undefined)?.pid);
const kill = (pid: number | undefined) => process.kill(pid ?? Number.NaN, 'SIGKILL');

describe('a node that serves a model', () => {
  let executorId: string;

  it('finds the file, starts it by order, and answers whoever has the ticket with a stream', async () => {
    const node = await serve();
    const { link, is, models, ticket } = await linked(node.port);
    writeTinyModel(join(data, 'models/tiny.gguf'));
    await until(() => models().some(({ name, problem }) => name === 'tiny' && problem === undefined), undefined, {
      withinMs: 15_000,
    });
    const outcome = await order(link, { order: 'start', modelId: 'tiny.gguf', parameters: { slots: 2, threads: 1 } });
    if (outcome.outcome !== 'done') throw new Error(JSON.stringify(outcome));
    ({ executorId } = outcome.done);
    await is('online', ({ slots }) => slots === 2);
    const text = await textOf(await complete(node.port, ticketOfNode()).answered);
    expect(text.match(/"object":"chat.completion.chunk"/g)?.length).toBeGreaterThan(1);
    expect(text.trimEnd().endsWith('data: [DONE]')).toBe(true);
    const plain = await complete(node.port, await ticket(), { stream: false }).answered;
    expect(JSON.parse(await textOf(plain))).toMatchObject({ object: 'chat.completion', usage: {} });
    expect(node.output()).not.toContain(await ticket());
    link.close();
    node.child.kill('SIGTERM');
    await node.ended;
    expect(processesOfRuns()).toEqual([]);
  });

  it('starts it again with itself, and fails when its process is killed three times, with reason and lines', async () => {
    const node = await serve();
    const { link, is } = await linked(node.port);
    let last: number | undefined;
    for (let times = 0; times < 3; times += 1) {
      await is('online', ({ restarts }) => restarts === times);
      const pid = await until(executorPid, (each) => each !== last, { withinMs: 20_000 });
      last = pid;
      kill(pid);
    }
    const failed = await is('failed');
    expect(failed?.failure).toMatchObject({ signal: 'SIGKILL' });
    const outcome = await order(link, { order: 'read-last-lines', executorId });
    if (outcome.outcome !== 'lines') throw new Error(JSON.stringify(outcome));
    expect(outcome.lines.lines.length).toBeGreaterThan(0);
    expect(outcome.lines.failure?.signal).toBe('SIGKILL');
    const refused = await complete(node.port, ticketOfNode()).answered;
    expect(refused.statusCode).toBe(503);
    await order(link, { order: 'start-again', executorId });
    await is('online', ({ restarts }) => restarts === 0);
    expect((await complete(node.port, ticketOfNode()).answered).statusCode).toBe(200);
    link.close();
    node.child.kill('SIGTERM');
    await node.ended;
  });

  it('leaves no process behind when it is killed itself, and serves again after that, with nobody linked', async () => {
    const first = await serve();
    const { is } = await linked(first.port);
    await is('online');
    const ticket = ticketOfNode();
    const before = processesOfRuns();
    expect(before.length).toBeGreaterThan(0);
    first.child.kill('SIGKILL');
    await first.ended;
    const second = await serve();
    expect(processesOfRuns().filter((pid) => before.includes(pid))).toEqual([]);
    // Asked while the model is loaded again: it waits.
    const response = await complete(second.port, ticket).answered;
    if (response.statusCode !== 200) throw new Error((await textOf(response)) + second.output());
    expect(response.statusCode).toBe(200);
    expect(await textOf(response)).toContain('data: [DONE]');
    second.child.kill('SIGTERM');
    await second.ended;
    expect(processesOfRuns()).toEqual([]);
  });
});
